"""The only commit, the only clock, and the column types all models share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Identity, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, mapped_column

from portal.extensions import db

BigId = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Words = Annotated[str, mapped_column(Text)]
Json = Annotated[dict, mapped_column(JSONB)]
T = TypeVar("T")


def utcnow() -> datetime:
    """The present instant, aware, in UTC; the only place the program reads the clock."""
    return datetime.now(UTC)


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: commits when the block ends, rolls all back when it raises.

    Doors open it around one service call; services never commit.
    """
    session = db.session()
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def once(key: Any, read: Callable[[], T]) -> T:
    """What `read` answers, asked once a transaction: a page of a dozen reads is of one moment.

    `key` names the question; it is hashable and unique to its caller.
    """
    session = db.session()
    present = session.get_transaction()
    if present is None or session.info.get("once_in") is not present:
        session.info["once"] = {}
    known: dict[Any, T] = session.info["once"]
    if key not in known:
        known[key] = read()
    session.info["once_in"] = session.get_transaction()
    return known[key]
