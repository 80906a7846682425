"""Counts what is sealed under which key, and seals it anew under the current one, in batches."""

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    bindparam,
    case,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from portal.extensions import db
from portal.keys.columns import Sealed, blind_columns, ring_of, sealed_tables
from portal.keys.ring import Ring

BATCH = 500
_ANY = "v1:%"


@dataclass(frozen=True)
class Held:
    """How many values of a column are under a key; `key_id` None: not sealed, which is wrong."""

    table: str
    column: str
    key_id: str | None
    count: int


def held() -> list[Held]:
    """What every sealed column holds, by key: one statement a column."""
    found = []
    for table, columns in sealed_tables(db.metadata).items():
        for name in columns:
            stored = _stored(table, name)
            key = case((stored.like(_ANY), func.split_part(stored, ":", 2))).label("key_id")
            query = select(key, func.count()).where(stored != "").group_by("key_id")
            rows = db.session.execute(query)
            found += [Held(table.name, name, key_id, count) for key_id, count in rows]
    return found


def tables() -> list[Table]:
    """The tables that hold sealed columns."""
    return list(sealed_tables(db.metadata))


def step(table: Table, after: int, *, every: bool = False) -> tuple[int | None, int]:
    """Seals the next rows of a table anew; the last id read and how many rows were written.

    The id is None when no row is left. Takes rows that are not under the current key, `every`: all
    of them, and writes their indexes. The rows are locked until the commit; stopped, it goes on,
    since what is done no longer counts. Raises MissingKey, Unreadable.
    """
    ring = ring_of(db.engine.dialect)
    columns, blinds = sealed_tables(db.metadata)[table], blind_columns(table)
    stored = {name: _stored(table, name) for name in columns}
    other = or_(
        *(
            ~s.startswith(f"v1:{ring.current.id}:", autoescape=True) & (s != "")
            for s in stored.values()
        )
    )
    key = _key(table)
    query = select(key.label("row"), *(one.label(name) for name, one in stored.items()))
    query = query.where(key > after).order_by(key).limit(BATCH).with_for_update()
    rows = db.session.execute(query if every else query.where(other)).mappings().all()
    if not rows:
        return None, 0
    written = [_anew(ring, dict(row), columns, blinds) for row in rows]
    values = {name: bindparam(f"to_{name}", type_=Text) for name in (*columns, *blinds)}
    change = update(table).where(key == bindparam("row_id")).values(values)
    db.session.connection().execute(change, written)
    return rows[-1]["row"], len(rows)


def last(table: Table) -> int:
    """The highest key of a table, 0 for an empty one."""
    return db.session.scalar(select(func.max(_key(table)))) or 0


def _key(table: Table) -> ColumnElement[int]:
    """The one column of the primary key."""
    return next(iter(table.primary_key.columns))


def _stored(table: Table, name: str) -> ColumnElement[str]:
    """The column as it lies there, unopened."""
    return type_coerce(table.c[name], Text)


def _anew(
    ring: Ring, row: dict, columns: dict[str, Sealed], blinds: dict[str, str]
) -> dict[str, object]:
    plain = {
        name: ring.open(row[name], kind.place) if row[name] else row[name]
        for name, kind in columns.items()
    }
    fresh: dict[str, object] = {"row_id": row["row"]}
    for name, kind in columns.items():
        fresh[f"to_{name}"] = ring.seal(plain[name], kind.place) if plain[name] else plain[name]
    for name, source in blinds.items():
        text = plain[source]
        fresh[f"to_{name}"] = ring.blind(text, columns[source].place) if text else None
    return fresh
