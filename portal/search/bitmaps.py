"""Statements by bitmaps of indexes, where PostgreSQL expects too much of the first rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Text, bindparam, func, select

from portal.extensions import db

_SWITCHED = select(
    *(
        func.set_config(name, bindparam("value", type_=Text), True)
        for name in ("enable_seqscan", "enable_indexscan", "enable_indexonlyscan")
    )
)


@contextmanager
def by_bitmaps() -> Iterator[None]:
    """Statements inside are answered by bitmaps of indexes.

    Left alone, PostgreSQL expects the first hits soon and reads every ticket's pairs in turn.
    """
    db.session.execute(_SWITCHED, {"value": "off"})
    yield
    db.session.execute(_SWITCHED, {"value": "on"})
