"""What an export is made of: headings, and rows that are read by key, a chunk at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.extensions import db

CHUNK = 500
Cell = str | int | float
Cells = list[Cell]


@dataclass(frozen=True)
class Chunk:
    """Some rows in order; `after`: the key of the last one, None when there are no more.

    `tickets`: whose rows they are, by id, for the log of who took them away.
    """

    rows: list[Cells]
    after: int | None
    tickets: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Table:
    """One export as its reader may see it now.

    `chunk`: the rows after a key. `count`: how many there are, at most so many. `words`: what it
    is narrowed to, for the log. `personal`: whether it has names and telephones of persons.
    `write`: makes the file of the rows, for what is no list; else it is a sheet.
    """

    title: str
    headings: Sequence[str]
    chunk: Callable[[int | None], Chunk]
    count: Callable[[int], int]
    words: dict[str, str] = field(default_factory=dict)
    personal: bool = False
    write: Callable[[Path, Iterable[Sequence[Any]]], None] | None = None

    def chunks(self) -> Iterator[Chunk]:
        """All rows, a few hundred at a time."""
        after: int | None = None
        while True:
            found = self.chunk(after)
            yield found
            if found.after is None:
                return
            after = found.after


def by_key(
    query: Select[*tuple[Any, ...]],
    key: InstrumentedAttribute[int],
    cells: Callable[[Sequence[Any]], list[Cells]],
    ticket: Callable[[Any], int] | None = None,
) -> tuple[Callable[[int | None], Chunk], Callable[[int], int]]:
    """`chunk` and `count` of a query whose first column is `key`, the newest row first.

    `cells` makes the rows of a chunk; it is given the rows of the query. `ticket`: the id of the
    ticket that a row of the query is of, where it is of one.
    """

    def chunk(after: int | None) -> Chunk:
        page = query.order_by(key.desc()).limit(CHUNK + 1)
        found = db.session.execute(page if after is None else page.where(key < after)).all()
        more, found = len(found) > CHUNK, found[:CHUNK]
        tickets = frozenset(map(ticket, found)) if ticket is not None else frozenset()
        return Chunk(cells(found), found[-1][0] if more else None, tickets)

    def count(most: int) -> int:
        some = query.with_only_columns(key).limit(most).subquery()
        return db.session.scalar(select(func.count()).select_from(some)) or 0

    return chunk, count


def of_rows(rows: list[Cells]) -> tuple[Callable[[int | None], Chunk], Callable[[int], int]]:
    """`chunk` and `count` of a table that is there already and small."""
    return lambda _after: Chunk(rows, None), lambda most: min(most, len(rows))
