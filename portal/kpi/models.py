"""The rollup: tickets to look at, what each one adds, the cells that pages read, how far it is."""

from datetime import date

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, Table, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base, db
from portal.kpi.columns import COLUMNS

GRAINS = ("day", "month")


class KpiTouched(Base):
    """A ticket with a new event, written by a trigger with the event and taken by the rollup.

    So an event that is committed late, or after a restore, is never passed over.
    """

    id: Mapped[BigId]
    ticket_id: Mapped[int]


class KpiFact(Base):
    """What one ticket has added to the cells, after the event number `seq`."""

    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("ticket.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int]
    added: Mapped[Json]


class KpiState(Base):
    """One row: whether the cells may be read, and how far a rebuild has come.

    `sweep_after`: the last ticket that is done, None when no rebuild runs. `calendar_id`: by which
    calendar the times were counted.
    """

    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ready: Mapped[bool] = mapped_column(default=False, server_default=false())
    calendar_id: Mapped[int] = mapped_column(default=0, server_default="0")
    sweep_after: Mapped[int | None]
    changed_at: Mapped[Instant]


def _keys() -> list[Column]:
    """The key of a cell; `value` is an id or a code as text, empty for all."""
    return [
        Column("dimension", Text, primary_key=True),
        Column("grain", Text, primary_key=True),
        Column("start", Date, primary_key=True),
        Column("value", Text, primary_key=True),
    ]


CELL = Table(
    "kpi_cell",
    db.metadata,
    *_keys(),
    *(Column(name, Integer, nullable=False, server_default="0") for name in COLUMNS),
    CheckConstraint("grain IN ('day', 'month')", name="grain"),
)


class KpiHour(Base):
    """Submissions by hour of the week: `slot` is weekday (Monday 0) × 24 + hour, local."""

    __table_args__ = (CheckConstraint("slot BETWEEN 0 AND 167", name="slot"),)

    dimension: Mapped[Words] = mapped_column(primary_key=True)
    grain: Mapped[Words] = mapped_column(primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Words] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]


class KpiTime(Base):
    """How many tickets took so many tenths of a working hour."""

    dimension: Mapped[Words] = mapped_column(primary_key=True)
    grain: Mapped[Words] = mapped_column(primary_key=True)
    start: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[Words] = mapped_column(primary_key=True)
    name: Mapped[Words] = mapped_column(primary_key=True)
    tenths: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]
