"""Column types that seal: models stay plain, the database holds what only the ring opens.

A value is bound to its row. Reading, the row's key is selected with it; writing, the session puts
values of the rows it flushes in their places, and draws ids where they are not known yet. What is
written past the session (`insert(Model)` with values) names the row itself: `placed`.
"""

import json
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Label,
    MetaData,
    Sequence,
    Table,
    Text,
    cast,
    event,
    func,
    inspect,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from portal.keys.ring import Ring

_HELD = "suqiutong_ring"


def hold(engine: Engine, ring: Ring) -> None:
    """Gives the connections of an engine the ring that their sealed columns need."""
    setattr(engine.dialect, _HELD, ring)


def ring_of(dialect: Dialect) -> Ring:
    """The ring that `hold` gave. Raises RuntimeError for an engine that has none."""
    ring = getattr(dialect, _HELD, None)
    if ring is None:
        raise RuntimeError("this engine holds no key ring: portal.keys.columns.hold")
    return ring


class _Text(str):
    """A text that knows the row it is of: `table.column.row`."""

    at: str


class _Fields(dict):
    """A JSON object that knows the row it is of."""

    at: str


class _Items(list):
    """A JSON array that knows the row it is of."""

    at: str


def placed(column: Any, value: Any, *key: object) -> Any:
    """The value for a row of a sealed column of a model; `key`: what names the row."""
    return column.type.placed(value, ".".join(map(str, key)))


class Sealed(TypeDecorator[Any]):
    """What all sealing columns share. Nothing, and "", stay as they are: there is nothing to hide.

    `place` is table.column; `key`: the column that names the row, else the primary key does.
    """

    impl = Text
    cache_ok = True

    def __init__(self, place: str, key: str = "") -> None:
        super().__init__()
        self.place, self.key = place, key

    def keys(self, table: Table) -> list[Any]:
        """The columns that name a row of the table."""
        return [table.c[self.key]] if self.key else list(table.primary_key.columns)

    def row(self, table: Table, source: Any = None) -> ColumnElement[str]:
        """The key of a row as text; `source`: an alias or a subquery that has the table's columns.

        Raises LookupError where a subquery has the value and leaves the key out.
        """
        read = table if source is None else source
        found = [read.corresponding_column(one) for one in self.keys(table)]
        if any(one is None for one in found):
            raise LookupError(f"{self.place} is not read without the key of its row")
        text = cast(found[0], Text)
        for one in found[1:]:
            text = text + literal_column("'.'") + cast(one, Text)
        return text

    def column_expression(self, column: Any) -> ColumnElement[Any]:
        element = column.element if isinstance(column, Label) else column
        table = next(iter(element.base_columns)).table
        row = self.row(table, element.table)
        stored = row + literal_column("':'") + type_coerce(element, Text)
        return type_coerce(stored, self)

    def placed(self, value: Any, row: str) -> Any:
        """The value as one of that row."""
        if value is None or value == "":
            return value
        kind = _Fields if isinstance(value, dict) else _Items if isinstance(value, list) else _Text
        known = kind(value)
        known.at = f"{self.place}.{row}"
        return known

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        text = self.to_text(value)
        if not text:
            return text
        at, start = getattr(value, "at", ""), f"{self.place}."
        if not at.startswith(start):
            raise ValueError(f"a value of {self.place} has to say its row: keys.columns.placed")
        return ring_of(dialect).seal(text, self.place, at.removeprefix(start))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        row, _colon, stored = (value or "").partition(":")
        text = ring_of(dialect).open(stored, self.place, row) if stored else value and stored
        return self.from_text(text)

    def to_text(self, value: Any) -> str | None:
        """The value as text."""
        return value

    def from_text(self, text: str | None) -> Any:
        """The value of a text."""
        return text


class Secret(Sealed):
    """A sealed text."""

    cache_ok = True


class SecretJson(Sealed):
    """A sealed value of JSON."""

    cache_ok = True

    def to_text(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False)

    def from_text(self, text: str | None) -> Any:
        return None if text is None else json.loads(text)


class Blind(TypeDecorator[str]):
    """The keyed digest of another column's text: `User.phone_index == "13800001111"` finds it.

    `place` is that column's. Read back it is the digest.
    """

    impl = Text
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return ring_of(dialect).blind(value, self.place) if value else None


def sealed_tables(metadata: MetaData) -> dict[Table, dict[str, Sealed]]:
    """The tables that hold sealed columns, and these by name."""
    found = {
        table: {c.name: c.type for c in table.columns if isinstance(c.type, Sealed)}
        for table in metadata.sorted_tables
    }
    return {table: columns for table, columns in found.items() if columns}


def blind_columns(table: Table) -> dict[str, str]:
    """The index columns of a table: name → the name of the column they are the digest of."""
    found = {c.name: c.type for c in table.columns if isinstance(c.type, Blind)}
    return {name: kind.place.rpartition(".")[2] for name, kind in found.items()}


@event.listens_for(Session, "before_flush")
def _place(session: Session, _context: Any, _instances: Any) -> None:
    """Puts the sealed values of the rows to be written in their places."""
    fresh: dict[type, list[Any]] = {}
    for item in session.new:
        if _sealed_of(type(item)):
            fresh.setdefault(type(item), []).append(item)
    for model, items in fresh.items():
        _number(session, model, items)
        for item in items:
            _put(item)
    for item in session.dirty:
        if _sealed_of(type(item)):
            _put(item)


@cache
def _sealed_of(model: type) -> dict[str, Sealed]:
    """The sealed attributes of a model."""
    attributes = inspect(model).column_attrs
    found = {one.key: one.columns[0].type for one in attributes}
    return {key: kind for key, kind in found.items() if isinstance(kind, Sealed)}


def _put(item: Any) -> None:
    """Values that differ from what is stored; the attribute stays what it was, and equal."""
    state = inspect(item)
    for name, kind in _sealed_of(type(item)).items():
        value = item.__dict__.get(name)
        if value is not None and (state.pending or state.attrs[name].history.has_changes()):
            keys = kind.keys(state.mapper.local_table)
            named = [getattr(item, state.mapper.get_property_by_column(one).key) for one in keys]
            item.__dict__[name] = kind.placed(value, ".".join(map(str, named)))


def _number(session: Session, model: type, items: list[Any]) -> None:
    """Draws the ids that the database would give, for all rows at once."""
    mapper = inspect(model)
    column, *others = mapper.primary_key
    key = mapper.get_property_by_column(column).key
    unnamed = [item for item in items if getattr(item, key) is None]
    if others or not unnamed:
        return
    drawn = draw(session.connection({"mapper": mapper}), mapper.local_table, len(unnamed))
    for item, number in zip(unnamed, drawn, strict=True):
        setattr(item, key, number)


def draw(connection: Connection, table: Any, count: int) -> list[int]:
    """The next ids of a table, which nobody else gets."""
    (column,) = table.primary_key.columns
    named = func.pg_get_serial_sequence(f'"{table.name}"', column.name)
    own = isinstance(column.default, Sequence)
    one = column.default.next_value() if own else func.nextval(named)
    rows = select(one).select_from(func.generate_series(1, count))
    return list(connection.scalars(rows))
