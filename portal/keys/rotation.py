"""What is sealed under which key, sealing it anew under the current one, and whether it opens.

Tables are walked in the order of their keys, in batches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from portal.extensions import db
from portal.keys.columns import Sealed, blind_columns, ring_of, sealed_tables
from portal.keys.ring import ROWLESS, VERSION, MissingKey, Ring, Unreadable

BATCH = 500
Place = tuple[int, ...]  # the key of the last row of a batch; empty before the first
START: Place = ()


@dataclass(frozen=True)
class Held:
    """How many values of a column are under a key; `key_id` None: not sealed, which is wrong.

    `rowless`: in the form of before, which is not bound to its row.
    """

    table: str
    column: str
    key_id: str | None
    rowless: bool
    count: int


@dataclass(frozen=True)
class Finding:
    """A value that does not open: where it lies, and why."""

    table: str
    column: str
    row: str
    why: str


def held() -> list[Held]:
    """What every sealed column holds, by key: one statement a column."""
    found = []
    for table, columns in sealed_tables(db.metadata).items():
        for name in columns:
            stored = _stored(table, name)
            rowless = stored.like(f"{ROWLESS}:%")
            sealed = or_(rowless, stored.like(f"{VERSION}:%"))
            key = case((sealed, func.split_part(stored, ":", 2))).label("key_id")
            query = select(key, rowless.label("rowless"), func.count()).where(stored != "")
            rows = db.session.execute(query.group_by("key_id", "rowless"))
            found += [Held(table.name, name, *one) for one in rows]
    return found


def tables() -> list[Table]:
    """The tables that hold sealed columns."""
    return list(sealed_tables(db.metadata))


def step(table: Table, after: Place, *, every: bool = False) -> tuple[Place | None, int]:
    """Seals the next rows of a table anew; the last key read and how many rows were written.

    The key is None when no row is left. Takes rows that are not under the current key or not bound
    to their row, `every`: all of them, and writes their indexes. The rows are locked until the
    commit; stopped, it goes on, since what is done no longer counts. Raises MissingKey, Unreadable.
    """
    ring = ring_of(db.engine.dialect)
    columns, blinds = sealed_tables(db.metadata)[table], blind_columns(table)
    now = f"{VERSION}:{ring.current.id}:"
    other = or_(
        *(
            ~_stored(table, name).startswith(now, autoescape=True) & (_stored(table, name) != "")
            for name in columns
        )
    )
    query = _batch(table, after).with_for_update()
    rows = db.session.execute(query if every else query.where(other)).mappings().all()
    if not rows:
        return None, 0
    written = [_anew(ring, table, row, columns, blinds) for row in rows]
    values = {name: bindparam(f"to_{name}", type_=Text) for name in (*columns, *blinds)}
    change = update(table).where(
        and_(*(key == bindparam(f"key_{key.name}") for key in table.primary_key.columns))
    )
    db.session.connection().execute(change.values(values), written)
    return _place(table, rows[-1]), len(rows)


def look(table: Table, after: Place) -> tuple[Place | None, int, list[Finding]]:
    """Opens the next rows: the last key read, None when no row is left; how many; what is wrong."""
    ring, columns = ring_of(db.engine.dialect), sealed_tables(db.metadata)[table]
    rows = db.session.execute(_batch(table, after)).mappings().all()
    found = []
    for row in rows:
        for name, kind in columns.items():
            try:
                _opened(ring, row, name, kind)
            except (MissingKey, Unreadable) as error:
                why = str(error).partition(" / ")[0]
                found.append(Finding(table.name, name, row[f"row_{name}"], why))
    return (_place(table, rows[-1]) if rows else None), len(rows), found


def last(table: Table) -> int:
    """The highest first column of the key of a table, 0 for an empty one."""
    first = next(iter(table.primary_key.columns))
    return db.session.scalar(select(func.max(first))) or 0


def _batch(table: Table, after: Place) -> Select[Any]:
    """The next rows: their key, and of each sealed column the row it is bound to and what lies
    there, unopened."""
    keys = list(table.primary_key.columns)
    query = select(*(key.label(f"key_{key.name}") for key in keys))
    for name, kind in sealed_tables(db.metadata)[table].items():
        query = query.add_columns(
            _stored(table, name).label(name), kind.row(table).label(f"row_{name}")
        )
    if after:
        query = query.where(tuple_(*keys) > tuple_(*after))
    return query.order_by(*keys).limit(BATCH)


def _place(table: Table, row: Mapping[Any, Any]) -> Place:
    return tuple(row[f"key_{key.name}"] for key in table.primary_key.columns)


def _stored(table: Table, name: str) -> ColumnElement[str]:
    """The column as it lies there, unopened."""
    return type_coerce(table.c[name], Text)


def _opened(ring: Ring, row: Mapping[Any, Any], name: str, kind: Sealed) -> str | None:
    stored = row[name]
    return ring.open(stored, kind.place, row[f"row_{name}"]) if stored else stored


def _anew(
    ring: Ring,
    table: Table,
    row: Mapping[Any, Any],
    columns: Mapping[str, Sealed],
    blinds: Mapping[str, str],
) -> dict[str, object]:
    plain = {name: _opened(ring, row, name, kind) for name, kind in columns.items()}
    fresh: dict[str, object] = {
        f"key_{key.name}": row[f"key_{key.name}"] for key in table.primary_key.columns
    }
    for name, kind in columns.items():
        text = plain[name]
        fresh[f"to_{name}"] = ring.seal(text, kind.place, row[f"row_{name}"]) if text else text
    for name, source in blinds.items():
        text = plain[source]
        fresh[f"to_{name}"] = ring.blind(text, columns[source].place) if text else None
    return fresh
