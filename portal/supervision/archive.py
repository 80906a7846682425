"""The rows of bulletins: asked for once a period, claimed by a job, made, told, or given up."""

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES, Role
from portal.errors import N_
from portal.extensions import db
from portal.kpi.periods import Period
from portal.outbox import service as outbox
from portal.sla import ladder
from portal.sla.calendars import current_calendar
from portal.supervision import cycles, prose
from portal.supervision.cycles import Kind
from portal.supervision.facts import Facts
from portal.supervision.models import Bulletin
from portal.tickets.models import Ticket

MAX_ATTEMPTS = 3
READERS = (*OVERSIGHT_ROLES, Role.REVIEWER)
BROKEN = N_("生成时程序出错，已停止。请系统管理员查看日志后重新生成。")


def ask(kind: Kind, period: Period, now: datetime) -> int | None:
    """Writes down that a period's bulletin is to be made; None where it was before."""
    row = {
        "kind": kind,
        "first": period.first,
        "last": period.last,
        "stored_name": secrets.token_hex(16),
        "asked_at": now,
    }
    added = insert(Bulletin).values(row).on_conflict_do_nothing(index_elements=["kind", "first"])
    return db.session.scalar(added.returning(Bulletin.id))


def ask_due(now: datetime) -> int:
    """Asks for what is due by the calendar; how many were new.

    None for a period in which no ticket was open: it has nothing to say.
    """
    due = cycles.due(current_calendar(), now)
    asked = [ask(kind, period, now) for kind, period in due if _lively(period)]
    return len([one for one in asked if one is not None])


def _lively(period: Period) -> bool:
    """Whether a ticket was open in a period; the newest one before its end most likely was."""
    start, end = period.bounds
    open_then = or_(Ticket.closed_at.is_(None), Ticket.closed_at >= start)
    query = select(Ticket.id).where(Ticket.submitted_at < end, open_then)
    return db.session.scalar(query.order_by(Ticket.submitted_at.desc()).limit(1)) is not None


def again(bulletin: Bulletin) -> bool:
    """Lets a bulletin without its PDF be made once more; whether it needs it."""
    if bulletin.state == "waiting" or (bulletin.state == "made" and bulletin.pdf_size):
        return False
    bulletin.state, bulletin.attempts, bulletin.made_at, bulletin.problem = "waiting", 0, None, None
    return True


def waiting() -> bool:
    """Whether a bulletin waits for a job: one probe of a partial index."""
    query = select(Bulletin.id).where(Bulletin.state == "waiting").limit(1)
    return db.session.scalar(query) is not None


def next_waiting() -> int | None:
    """The oldest bulletin that waits and that nobody is at; counts the attempt.

    One that kills its worker or fails again and again is given up, and holds up no other.
    """
    query = select(Bulletin).where(Bulletin.state == "waiting").order_by(Bulletin.id).limit(1)
    row = db.session.scalar(query.with_for_update(skip_locked=True))
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        row.state, row.problem = "failed", BROKEN
    row.attempts += 1
    return row.id


def claim(bulletin_id: int) -> Bulletin | None:
    """The bulletin where it waits and nobody else is at it; held until the commit."""
    query = select(Bulletin).where(Bulletin.id == bulletin_id, Bulletin.state == "waiting")
    return db.session.scalar(query.with_for_update(skip_locked=True))


def made(
    bulletin: Bulletin, facts: Facts, sizes: tuple[int | None, int], problem: str, now: datetime
) -> None:
    """Its files lie in their places, of the `sizes` PDF (None: not made, as `problem` says), XLSX.

    Where the period has just ended, its readers are told, once.
    """
    bulletin.state, bulletin.made_at, bulletin.problem = "made", now, problem or None
    bulletin.pdf_size, bulletin.xlsx_size = sizes
    bulletin.content = {
        "title": prose.title(facts),
        "sections": prose.sections(facts),
        "notes": prose.notes(facts),
        "figures": {name: asdict(count) for name, count in facts.figures.items()},
        "previous": {name: asdict(count) for name, count in facts.previous.items()},
    }
    if facts.current:
        _tell(bulletin, now)


def _tell(bulletin: Bulletin, now: datetime) -> None:
    query = select(User.id).where(User.role.in_(READERS), User.active).order_by(User.id)
    params: dict[str, Any] = {"bulletin_id": bulletin.id}
    params |= {"first": bulletin.first.isoformat(), "last": bulletin.last.isoformat()}
    payload = {
        "ticket_id": None,
        "kind": f"bulletin_{bulletin.kind}",
        "users": list(db.session.scalars(query)),
        "role": None,
        "department_id": None,
        "params": params,
    }
    at = ladder.slot(current_calendar(), now)
    outbox.put(outbox.NOTIFY, payload, now, f"bulletin:{bulletin.id}", at=at)
