"""Column types that seal: models stay plain, the database holds what only the ring opens."""

import json
from typing import Any

from sqlalchemy import Dialect, Engine, MetaData, Table, Text
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


class Sealed(TypeDecorator[Any]):
    """What all sealing columns share; `place` is table.column. Nothing, and "", stay as they are:
    there is nothing to hide."""

    impl = Text
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        text = self.to_text(value)
        return ring_of(dialect).seal(text, self.place) if text else text

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return self.from_text(ring_of(dialect).open(value, self.place) if value else value)

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
