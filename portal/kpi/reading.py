"""Sums over the cells: whole months from month cells, the days at the edges from day cells."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, text

from portal.db import once
from portal.extensions import db
from portal.kpi.columns import COLUMNS, EXCLUDED, PROMISED, WEIGHED, columns_of
from portal.kpi.figures import COUNTED, FIGURES, TIMES, Measure
from portal.kpi.models import KpiHour, KpiState, KpiTime
from portal.kpi.periods import Period

Sums = Mapping[str, int]
_READY = "kpi cells are ready"
# The values of the dimension that are added up: a category with its kinds; None is all of them.
Values = list[str] | None
# What the rows are put together by: all of them, each value of the dimension, or a span of time.
Group = Literal["value", "day", "week", "month"] | None


def ready() -> bool:
    """Whether the cells are complete; while they are built, pages count live.

    Asked once a transaction: a page of a dozen reads is not half from cells, half counted live.
    """
    return once(_READY, lambda: bool(db.session.scalar(select(KpiState.ready))))


def inside(table: Any, period: Period) -> ColumnElement[bool]:
    """Which rows of a table of cells make up a period."""
    whole, edges = period.split()
    parts = [and_(table.grain == "day", table.start.between(e.first, e.last)) for e in edges]
    if whole is not None:
        months = table.start.between(whole.first, whole.last)
        parts.append(and_(table.grain == "month", months))
    return or_(*parts)


def sums(
    dimension: str,
    values: Values,
    period: Period,
    group: Group,
    columns: tuple[str, ...] | None = None,
) -> dict[Any, Sums]:
    """The sum of these or every column, by the key of the group (None without one); one
    statement."""
    days_only = group in ("day", "week")
    wanted = _ALL if columns is None else ", ".join(f"sum({one}) AS {one}" for one in columns)
    return _summed(wanted, dimension, values, _spans(period, days_only=days_only), group)


def recent(
    dimension: str, values: Values, period: Period, today: date, group: Group
) -> dict[Any, Sums]:
    """Of the days of a period that touches the present: promises due from `today` on, and the open
    tickets, which are too young for the backlog; one statement."""
    spans = _spans(period, days_only=True)
    return _summed(_RECENT, dimension, values, spans, group, {"today": today})


# Written as text: a hundred columns cost more to compose, each time, than to add up.
_ALL = ", ".join(f"sum({name}) AS {name}" for name in COLUMNS)
_RECENT = ", ".join(
    [
        "sum(backlog_d) AS backlog_d",
        *(
            f"coalesce(sum({column}) FILTER (WHERE start >= :today), 0) AS {column}"
            for name in PROMISED
            for column in columns_of(name)
        ),
    ]
)
_GROUPS: dict[Group, str] = {
    "value": "value",
    "day": "start",
    "week": "date_trunc('week', start)::date",
    "month": "date_trunc('month', start)::date",
}


def _spans(period: Period, *, days_only: bool) -> list[tuple[str, Period]]:
    whole, edges = (None, (period,)) if days_only else period.split()
    months = [("month", whole)] if whole is not None else []
    return [*months, *(("day", edge) for edge in edges)]


def _summed(
    columns: str,
    dimension: str,
    values: Values,
    spans: list[tuple[str, Period]],
    group: Group,
    more: Mapping[str, Any] | None = None,
) -> dict[Any, Sums]:
    parts, given = [], {"dimension": dimension, "values": values, **(more or {})}
    one_of = "AND value = ANY(:values)" if values is not None else ""
    for n, (grain, span) in enumerate(spans):
        # Each stretch by itself: of an OR the index gives every cell of the dimension.
        parts.append(
            f"SELECT * FROM kpi_cell WHERE dimension = :dimension {one_of}"  # noqa: S608
            f" AND grain = '{grain}' AND start BETWEEN :first_{n} AND :last_{n}"
        )
        given |= {f"first_{n}": span.first, f"last_{n}": span.last}
    key = _GROUPS.get(group)
    statement = f"""
        SELECT {key or "NULL"} AS key, {columns} FROM ({" UNION ALL ".join(parts)}) AS cell
        {f"GROUP BY {key}" if key else ""}
    """  # noqa: S608 - names of our own columns
    rows = db.session.execute(text(statement), given).mappings()
    return {row["key"]: dict(row) for row in rows}


def hours(dimension: str, values: list[str], period: Period) -> dict[int, int]:
    """Submissions by hour of the week."""
    where = KpiHour.dimension == dimension, KpiHour.value.in_(values), inside(KpiHour, period)
    query = select(KpiHour.slot, func.sum(KpiHour.n)).where(*where).group_by(KpiHour.slot)
    return {slot: int(n) for slot, n in db.session.execute(query)}


def times(dimension: str, values: list[str], period: Period) -> dict[str, Counter[int]]:
    """How many tickets took so many tenths of a working hour, of each time."""
    where = KpiTime.dimension == dimension, KpiTime.value.in_(values), inside(KpiTime, period)
    query = select(KpiTime.name, KpiTime.tenths, func.sum(KpiTime.n)).where(*where)
    found: dict[str, Counter[int]] = {}
    for name, tenths, n in db.session.execute(query.group_by(KpiTime.name, KpiTime.tenths)):
        if n:
            found.setdefault(name, Counter())[tenths] = int(n)
    return found


def measures(row: Sums) -> dict[str, Measure]:
    """The figures of a row of sums; of the times, only how many tickets they count."""
    found = {name: measure(name, row) for name in COUNTED}
    for name in TIMES:
        d = int(row.get(f"{name}_d") or 0)
        found[name] = Measure(FIGURES[name], d, d, left_out(name, row))
    return found


def measure(name: str, row: Sums, n: float | None = None) -> Measure:
    """One figure of a row of sums."""
    listed = int(row.get(f"{name}_n") or 0)
    counted: float = listed if n is None else n
    if name in WEIGHED:
        counted = round((row.get(f"{name}_w") or 0) / 10, 4)
    return Measure(
        FIGURES[name],
        counted,
        int(row.get(f"{name}_d") or 0),
        left_out(name, row),
        listed if name in WEIGHED else None,
    )


def left_out(name: str, row: Sums) -> dict[str, int]:
    """How many a figure leaves out, by reason."""
    return {why: int(row.get(f"{name}_x_{why}") or 0) for why in EXCLUDED.get(name, ())}
