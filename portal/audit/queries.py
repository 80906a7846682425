"""Reads who looked at a ticket, what was refused, and the chained log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from portal.audit.models import AuditCheckpoint, AuditEntry, AuditQueue, Refusal, TicketAccess
from portal.auth.models import User
from portal.errors import NotFound
from portal.extensions import db
from portal.paging import Cursor, Page, fetch

LATEST = 20  # checkpoints that the page shows
MOST_TOLD = 100_000  # security events that a command prints; a month under attack is more


def looks(ticket_id: int, cursor: Cursor | None, address: Callable[..., str]) -> Page[TicketAccess]:
    """Who looked at the ticket, the last one first."""
    query = select(TicketAccess).where(TicketAccess.ticket_id == ticket_id)
    return fetch(query, TicketAccess.at, TicketAccess.id, cursor, address, descending=True)


@dataclass(frozen=True)
class Wanted:
    """What the log is narrowed to; empty or None is not narrowed. Instants in UTC."""

    person: str = ""
    subject: str = ""
    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


def log(wanted: Wanted, cursor: Cursor | None, address: Callable[..., str]) -> Page[AuditEntry]:
    """The entries, what happened last first."""
    return fetch(_narrowed(wanted), AuditEntry.at, AuditEntry.id, cursor, address, descending=True)


def refused(
    wanted: Wanted, network: str, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Refusal]:
    """What was refused, the last one first; `wanted.kind` is one of models.REFUSALS."""
    query = select(Refusal).options(joinedload(Refusal.actor), joinedload(Refusal.user))
    wheres: list[ColumnElement[bool]] = []
    if wanted.person:
        ids = _people(wanted.person)
        wheres.append(or_(Refusal.actor_id.in_(ids), Refusal.user_id.in_(ids)))
    if network:
        wheres.append(Refusal.address == network)
    if wanted.kind:
        wheres.append(Refusal.what == wanted.kind)
    if wanted.since is not None:
        wheres.append(Refusal.at >= wanted.since)
    if wanted.until is not None:
        wheres.append(Refusal.at < wanted.until)
    return fetch(query.where(*wheres), Refusal.at, Refusal.id, cursor, address, descending=True)


def refused_since(since: datetime) -> Iterator[Refusal]:
    """What was refused since an instant (UTC), the oldest first, up to a number of rows."""
    query = select(Refusal).options(joinedload(Refusal.actor), joinedload(Refusal.user))
    query = query.where(Refusal.last_at >= since, Refusal.at >= since - timedelta(hours=1))
    yield from db.session.scalars(query.order_by(Refusal.at, Refusal.id).limit(MOST_TOLD))


def _people(person: str) -> list[int]:
    """The ids of those who are called so, by name or user name."""
    named = or_(User.username == person.lower(), User.name == person)
    return list(db.session.scalars(select(User.id).where(named)))


def _narrowed(wanted: Wanted) -> Select[AuditEntry]:
    query = select(AuditEntry)
    if wanted.person:
        ids = _people(wanted.person)
        about = AuditEntry.subject.in_([f"user:{one}" for one in ids])
        query = query.where(or_(AuditEntry.actor_id.in_(ids), about))
    if wanted.subject:
        query = query.where(AuditEntry.subject == wanted.subject.upper())
    if wanted.kind:
        query = query.where(AuditEntry.kind == wanted.kind)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def entry(seq: int) -> AuditEntry:
    """The entry of that number. Raises NotFound."""
    found = db.session.get(AuditEntry, seq)
    if found is None:
        raise NotFound("没有这条审计记录。")
    return found


def hash_before(seq: int) -> str | None:
    """The hash of the entry before; empty before the first, None where it is gone."""
    if seq == 1:
        return ""
    return db.session.scalar(select(AuditEntry.hash).where(AuditEntry.id == seq - 1))


def latest_checkpoints() -> list[AuditCheckpoint]:
    """The newest checkpoints."""
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.id.desc()).limit(LATEST)
    return list(db.session.scalars(query))


def unsealed() -> tuple[int, datetime | None]:
    """How many changes wait to be sealed, and the oldest since when."""
    waits = select(func.count(), func.min(AuditQueue.at))
    count, since = db.session.execute(waits).one()
    return count, since
