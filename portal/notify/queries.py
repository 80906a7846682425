"""Reads the inbox of one reader."""

from sqlalchemy import ColumnElement, func, select, update

from portal.auth.roles import Actor
from portal.db import utcnow
from portal.extensions import db
from portal.notify.models import Notice
from portal.tickets.sealed_queries import kept_from


def unread_count(reader: Actor) -> int:
    """How many notices the reader has not seen; one partial-index read."""
    query = select(func.count()).where(of(reader), Notice.read_at.is_(None))
    return db.session.scalar(query) or 0


def of(reader: Actor) -> ColumnElement[bool]:
    """The notices of a reader, without those about a ticket sealed against their unit since."""
    mine = Notice.user_id == reader.id
    if reader.department_id is None:
        return mine
    kept = Notice.ticket_id.is_(None) | Notice.ticket_id.not_in(kept_from(reader))
    return mine & kept


def mark_read(user_id: int, notice_id: int | None = None) -> None:
    """Marks one notice of the reader as read, or all of them."""
    mine = [Notice.user_id == user_id, Notice.read_at.is_(None)]
    if notice_id is not None:
        mine.append(Notice.id == notice_id)
    db.session.execute(update(Notice).where(*mine).values(read_at=utcnow()))
