"""The job that makes bulletins: the row first, then its files, then the mark that they are there.

A kill -9 leaves a row that waits; the next job writes the same files anew and marks it once.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from flask import current_app
from flask_babel import force_locale

from portal.db import transaction, utcnow
from portal.errors import N_
from portal.extensions import db
from portal.kpi.figures import FIGURES
from portal.kpi.members import Member
from portal.kpi.periods import Period
from portal.kpi.reasons import reason
from portal.supervision import archive, compiling, fonts, sheet, workbook
from portal.supervision.facts import Facts
from portal.supervision.models import Bulletin
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.wording import LOCAL, outcome_name, status_name

SEALED = "密件"
LOOK_SECONDS = 300  # how often the calendar is asked whether a bulletin is due
NO_FONT = N_(
    "服务器上没有中文字体，PDF 没有生成。请安装 fonts-noto-cjk 或设置 PDF_FONT 后重新生成。"
)

log = logging.getLogger(__name__)


class Watch:
    """Remembers when it last asked whether a bulletin is due."""

    def __init__(self) -> None:
        self._seen: int | None = None

    def look(self, now: datetime) -> None:
        """Asks for what is due, every few minutes; `now` in UTC."""
        slot = int(now.timestamp()) // LOOK_SECONDS
        if slot != self._seen:
            with transaction():
                archive.ask_due(now)
            self._seen = slot


def waiting() -> bool:
    """Whether a bulletin waits for a job."""
    with transaction():
        return archive.waiting()


def work(folder: Path, font: str = "", clock: Callable[[], datetime] = utcnow) -> int:
    """Makes the bulletins that wait; how many. `folder`: where files lie. `font`: one file."""
    done = 0
    while True:
        with transaction():
            bulletin_id = archive.next_waiting()
        if bulletin_id is None:
            return done
        try:
            with transaction(), force_locale("zh_CN"):
                done += make(bulletin_id, folder, font, clock())
        except Exception:
            log.exception("bulletin failed", extra={"bulletin_id": bulletin_id})


def run() -> None:
    """The RQ job."""
    try:
        work(Path(current_app.config["UPLOAD_DIR"]), current_app.config["PDF_FONT"])
    finally:
        db.session.remove()


def path_of(bulletin: Bulletin, form: str, folder: Path) -> Path:
    """Where a file of a bulletin lies; `form` is pdf or xlsx."""
    return folder / "bulletins" / f"{bulletin.stored_name}.{form}"


def make(bulletin_id: int, folder: Path, font: str, now: datetime) -> bool:
    """Makes one bulletin that waits, in the caller's transaction; False where somebody is at it."""
    bulletin = archive.claim(bulletin_id)
    if bulletin is None:
        return False
    facts = compiling.facts_of(bulletin, now)
    problem, pdf_size = "", None
    try:
        faces = fonts.faces(font)
        pdf = _placed(bulletin, "pdf", folder, lambda path: sheet.write(facts, faces, path))
        pdf_size = pdf.stat().st_size
    except fonts.FontMissing:
        problem = NO_FONT
    titles = {name: figure.title for name, figure in FIGURES.items()}
    xlsx = _placed(
        *(bulletin, "xlsx", folder),
        lambda path: workbook.write(facts, titles, _lists(bulletin, facts, now), path),
    )
    archive.made(bulletin, facts, (pdf_size, xlsx.stat().st_size), problem, now)
    return True


def _placed(bulletin: Bulletin, form: str, folder: Path, write: Callable[[Path], None]) -> Path:
    """Writes a file beside its place and moves it there whole."""
    path = path_of(bulletin, form, folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"part-{path.name}")
    write(part)
    part.replace(path)
    return path


def _lists(
    bulletin: Bulletin, facts: Facts, now: datetime
) -> Iterator[tuple[str, tuple[str, ...], Iterator[workbook.Row]]]:
    _kind, period = compiling.period_of(bulletin)
    for name, side, title in compiling.LISTS:
        found = compiling.tickets(name, side, period, now)
        yield title, workbook.TICKETS, (_ticket_row(name, one) for one in found)
    yield "督办单", workbook.ORDERS, _order_rows(period, facts)


def _order_rows(period: Period, facts: Facts) -> Iterator[workbook.Row]:
    return (_order_row(one) for one in compiling.orders(period, facts.current))


def _ticket_row(figure: str, member: Member) -> workbook.Row:
    ticket = member.ticket
    return (
        *_named(ticket),
        SEALED if ticket.sealed else ticket.category.name,
        ticket.department.name if ticket.department else "",
        SEALED if ticket.sealed else ticket.assignee.name if ticket.assignee else "",
        outcome_name(ticket.outcome) if ticket.outcome else status_name(ticket.status),
        _local(ticket.accepted_at),
        _local(ticket.next_due_at),
        reason(figure, member),
    )


def _named(ticket: Ticket) -> tuple[str, str, str]:
    """Number, firm and title; a sealed ticket is counted in a file that goes round, never named."""
    if ticket.sealed:
        return SEALED, SEALED, SEALED
    return ticket.number, ticket.enterprise.name, ticket.title


def _order_row(order: Order) -> workbook.Row:
    ticket = order.ticket
    number, _firm, title = _named(ticket)
    return (
        number,
        title,
        ticket.department.name if ticket.department else "",
        "" if ticket.sealed else order.text,
        order.issued_by.name if order.issued_by else "系统",
        _local(order.issued_at),
        _local(order.due_at),
        _local(order.answered_at),
        "" if ticket.sealed else order.answer or "",
    )


def _local(instant: datetime | None) -> str:
    return instant.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M") if instant else ""
