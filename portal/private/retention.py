"""What is kept how long, and what goes when its time is over: by kind, in batches, twice is once.

The audit, events and who looked at a ticket are never taken here (six months at least by law).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, Text, delete, func, or_, select, type_coerce, update
from sqlalchemy.dialects.postgresql import insert

from portal.audit.models import Refusal
from portal.auth import joining
from portal.auth.access_models import JoinRequest, UserSession
from portal.errors import N_
from portal.extensions import db
from portal.notify.models import Notice
from portal.private import erasing
from portal.private.models import RetentionRun
from portal.sheets.models import SheetImport, SheetLine
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

BATCH = 500
MONTH = timedelta(days=30.44)

Ids = list[int]


@dataclass(frozen=True)
class Kind:
    """One kind of what is kept. `setting`: how many months, 0 is for ever.

    `over`: ids of what is older than an instant. `drop`: takes these away, and names the files to
    remove afterwards.
    """

    name: str
    words: str
    setting: str
    over: Callable[[datetime], Select[Any]]
    drop: Callable[[Ids, datetime], list[str]]


def _contacts(before: datetime) -> Select[Any]:
    held = or_(
        *(type_coerce(one, Text) != "" for one in (Ticket.contact_name, Ticket.contact_phone))
    )
    return select(Ticket.id).where(_closed(before), held)


def _drop_contacts(ids: Ids, _now: datetime) -> list[str]:
    blank = {"contact_name": "", "contact_phone": ""}
    db.session.execute(update(Ticket).where(Ticket.id.in_(ids)).values(**blank))
    return []


def _files(before: datetime) -> Select[Any]:
    query = select(Attachment.id).join(Ticket, Ticket.id == Attachment.ticket_id)
    return query.where(_closed(before), Attachment.state.in_(("ready", "waiting")))


def _drop_files(ids: Ids, _now: datetime) -> list[str]:
    """The row stays, so that the timeline says that there was a file."""
    gone = {"state": "expired", "scan_at": None}
    change = update(Attachment).where(Attachment.id.in_(ids)).values(**gone)
    return list(db.session.scalars(change.returning(Attachment.stored_name)))


def _drop_drafts(ids: Ids, _now: datetime) -> list[str]:
    files = delete(Attachment).where(Attachment.draft_id.in_(ids))
    names = list(db.session.scalars(files.returning(Attachment.stored_name)))
    db.session.execute(delete(Draft).where(Draft.id.in_(ids)))
    return names


def _drop(model: Any) -> Callable[[Ids, datetime], list[str]]:
    def drop(ids: Ids, _now: datetime) -> list[str]:
        db.session.execute(delete(model).where(model.id.in_(ids)))
        return []

    return drop


def _lines(before: datetime) -> Select[Any]:
    """Imports whose lines, which hold whole rows of registers, are still there."""
    has_lines = select(SheetLine.import_id).where(SheetLine.import_id == SheetImport.id).exists()
    return select(SheetImport.id).where(SheetImport.created_at < before, has_lines)


def _drop_lines(ids: Ids, _now: datetime) -> list[str]:
    db.session.execute(delete(SheetLine).where(SheetLine.import_id.in_(ids)))
    return []


def _drop_people(ids: Ids, now: datetime) -> list[str]:
    return [name for one in ids for name in erasing.carry_out(one, now)]


def _end_joins(ids: Ids, now: datetime) -> list[str]:
    joining.expire(ids, now)
    return []


def _closed(before: datetime):
    return (Ticket.status == Status.CLOSED) & (Ticket.closed_at < before)


KINDS = (
    Kind(
        "contacts", N_("已办结诉求的联系方式"), "RETAIN_CONTACT_MONTHS", _contacts, _drop_contacts
    ),
    Kind("files", N_("已办结诉求的附件"), "RETAIN_FILE_MONTHS", _files, _drop_files),
    Kind(
        "drafts",
        N_("没有提交的草稿"),
        "RETAIN_DRAFT_MONTHS",
        lambda before: select(Draft.id).where(Draft.updated_at < before),
        _drop_drafts,
    ),
    Kind(
        "sessions",
        N_("登录记录"),
        "RETAIN_SESSION_MONTHS",
        lambda before: select(UserSession.id).where(UserSession.created_at < before),
        _drop(UserSession),
    ),
    Kind(
        "refusals",
        N_("安全事件"),
        "RETAIN_REFUSAL_MONTHS",
        lambda before: select(Refusal.id).where(Refusal.last_at < before),
        _drop(Refusal),
    ),
    Kind(
        "notices",
        N_("消息"),
        "RETAIN_NOTICE_MONTHS",
        lambda before: select(Notice.id).where(Notice.created_at < before),
        _drop(Notice),
    ),
    Kind("imports", N_("导入文件的明细"), "RETAIN_IMPORT_MONTHS", _lines, _drop_lines),
)
PEOPLE = Kind("people", N_("到期的注销申请"), "", lambda now: _people(now), _drop_people)
JOINS = Kind("joins", N_("没有人处理的加入申请"), "", lambda before: _joins(before), _end_joins)


def _joins(before: datetime) -> Select[Any]:
    waits = JoinRequest.state == joining.ASKED, JoinRequest.created_at < before
    return select(JoinRequest.id).where(*waits)


def _people(now: datetime) -> Select[Any]:
    return select(erasing.Erasure.id).where(
        erasing.Erasure.ended_at.is_(None), erasing.Erasure.due_at <= now
    )


def limits(settings: Mapping[str, Any], now: datetime) -> list[tuple[Kind, datetime]]:
    """The kinds whose time ends, each with the instant before which things go."""
    kept = [(kind, settings[kind.setting]) for kind in KINDS]
    by_day = [(PEOPLE, now), (JOINS, now - timedelta(days=settings["JOIN_DAYS"]))]
    return by_day + [(kind, now - months * MONTH) for kind, months in kept if months]


def counted(settings: Mapping[str, Any], now: datetime) -> dict[str, int]:
    """What would go now, by kind; changes nothing."""
    return {
        kind.name: db.session.scalar(select(func.count()).select_from(kind.over(at).subquery()))
        or 0
        for kind, at in limits(settings, now)
    }


def step(
    kind: Kind, before: datetime, after: int, now: datetime
) -> tuple[int | None, int, list[str]]:
    """The next batch of a kind, ids above `after`: the last id, how many went, files to remove.

    The id is None where nothing is left.
    """
    over = kind.over(before).subquery()
    ids = list(
        db.session.scalars(
            select(over.c.id).where(over.c.id > after).order_by(over.c.id).limit(BATCH)
        )
    )
    if not ids:
        return None, 0, []
    return ids[-1], len(ids), kind.drop(ids, now)


def noted(day: Any, counts: Mapping[str, int], now: datetime) -> None:
    """Notes the day's run; a second one of the day leaves the first one's row."""
    row = insert(RetentionRun).values(day=day, finished_at=now, counts=dict(counts))
    db.session.execute(row.on_conflict_do_nothing(index_elements=["day"]))


def done_on(day: Any) -> bool:
    """Whether the day had its run."""
    return db.session.get(RetentionRun, day) is not None
