"""Keyset paging: a page of rows after or before a key, at the same cost on every page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from portal.extensions import db

Row = TypeVar("Row")
PAGE_SIZE = 25


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: the row's sort key (None sorts last) and id, and which side."""

    key: datetime | date | None
    id: int
    backwards: bool = False

    @property
    def text(self) -> str:
        """The cursor as the address carries it."""
        return f"{self.key.isoformat() if self.key else '-'}~{self.id}"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page: the rows, and the addresses of its neighbours (None at the ends)."""

    items: Sequence[Row]
    next_url: str | None = None
    prev_url: str | None = None


def cursor_from(args: Mapping[str, str]) -> Cursor | None:
    """The cursor in an address's `after` or `before`; None for the first page or nonsense."""
    for name, backwards in (("after", False), ("before", True)):
        key, _, row_id = args.get(name, "").partition("~")
        if not row_id.isascii() or not row_id.isdigit() or len(row_id) > 18:
            continue
        try:
            return Cursor(_key(key), int(row_id), backwards)
        except ValueError:
            continue
    return None


def _key(text: str) -> datetime | date | None:
    """A key as an address carries it: an instant with its zone, a day, or none."""
    if text == "-":
        return None
    if len(text) == len("2026-03-02"):
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant


def fetch(
    query: Select[Any],
    key: InstrumentedAttribute[Any],
    row_id: InstrumentedAttribute[int],
    cursor: Cursor | None,
    address: Callable[..., str],
    *,
    descending: bool = False,
    size: int = PAGE_SIZE,
) -> Page[Any]:
    """One page of `query` in the order (key, id), nulls last; one statement, `size` + 1 rows.

    `address(after=…)` or `address(before=…)` makes the neighbour's address.
    """
    backwards = cursor is not None and cursor.backwards
    if cursor is not None:
        query = query.where(_beyond(key, row_id, cursor, descending != backwards))
    columns: list[ColumnElement[Any]] = []
    for column in (key, row_id):
        ordered = column.desc() if descending != backwards else column.asc()
        if column.property.columns[0].nullable:  # else the index does not know of nulls
            ordered = ordered.nulls_first() if backwards else ordered.nulls_last()
        columns.append(ordered)
    rows = list(db.session.scalars(query.order_by(*columns).limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([])
    forward = more if not backwards else True
    backward = more if backwards else cursor is not None
    last = Cursor(getattr(rows[-1], key.key), rows[-1].id)
    first = Cursor(getattr(rows[0], key.key), rows[0].id)
    return Page(
        rows,
        next_url=address(after=last.text) if forward else None,
        prev_url=address(before=first.text) if backward else None,
    )


def _beyond(
    key: InstrumentedAttribute[Any],
    row_id: InstrumentedAttribute[int],
    cursor: Cursor,
    downwards: bool,
) -> ColumnElement[bool]:
    """Rows on the far side of the cursor; a row without a key lies after all others."""
    if cursor.key is None:
        same = and_(key.is_(None), row_id < cursor.id if downwards else row_id > cursor.id)
        return or_(same, key.is_not(None)) if cursor.backwards else same
    beyond = (
        or_(key < cursor.key, and_(key == cursor.key, row_id < cursor.id))
        if downwards
        else or_(key > cursor.key, and_(key == cursor.key, row_id > cursor.id))
    )
    return beyond if cursor.backwards else or_(beyond, key.is_(None))
