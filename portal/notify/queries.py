"""Reads the inbox of one reader."""

from sqlalchemy import func, select, update

from portal.db import utcnow
from portal.extensions import db
from portal.notify.models import Notice


def unread_count(user_id: int) -> int:
    """How many notices the reader has not seen; one partial-index read."""
    query = select(func.count()).where(Notice.user_id == user_id, Notice.read_at.is_(None))
    return db.session.scalar(query) or 0


def inbox(user_id: int, before: int | None, limit: int) -> list[Notice]:
    """The newest notices of a reader, older than the notice `before`, at most `limit`."""
    query = select(Notice).where(Notice.user_id == user_id)
    if before is not None:
        query = query.where(Notice.id < before)
    return list(db.session.scalars(query.order_by(Notice.id.desc()).limit(limit)))


def mark_read(user_id: int, notice_id: int | None = None) -> None:
    """Marks one notice of the reader as read, or all of them."""
    mine = [Notice.user_id == user_id, Notice.read_at.is_(None)]
    if notice_id is not None:
        mine.append(Notice.id == notice_id)
    db.session.execute(update(Notice).where(*mine).values(read_at=utcnow()))
