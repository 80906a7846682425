"""Counts the figures straight from the tickets, grouped as wished: exact, and slow on millions."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, column, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import array

from portal.extensions import db
from portal.kpi.conditions import (
    COHORTS,
    NO_CLASS,
    NOWHERE,
    PROMISES,
    Condition,
    Definition,
    Dimensions,
    Source,
    definitions,
    inside,
    promise_sides,
    span,
)
from portal.kpi.figures import COUNTED, FIGURES, Measure
from portal.kpi.periods import LOCAL, Period
from portal.kpi.spreads import tenths
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

Measures = dict[str, Measure]
Dimension = Literal[
    "department", "cadre", "region", "chain", "category", "channel", "class", "urgency"
]
Grain = Literal["day", "week", "month"]

# The field of Dimensions, and the column of a ticket, by which each dimension is cut.
FIELDS: dict[Dimension, str] = {
    "department": "department_id",
    "cadre": "assignee_id",
    "region": "region_id",
    "chain": "chain_id",
    "category": "category_id",
    "channel": "channel",
    "class": "firm_class",
    "urgency": "urgency",
}
GRAINS: tuple[Grain, ...] = ("day", "week", "month")


def counts(
    period: Period, chosen: Dimensions, now: datetime, by: Dimension | Grain | None = None
) -> dict[Any, Measures]:
    """Every counted figure as of `now` (UTC), by the value of `by`; the key None without it.

    A value with nothing to count has no entry. The first day, a date, is the key of a grain.
    """
    rules = definitions(now)
    found: dict[Any, Measures] = {}
    for source in COHORTS:
        for row in db.session.execute(_grouped(source, rules, period, chosen, by)).mappings():
            cells = {str(name): value for name, value in row.items()}
            found.setdefault(_key(cells["value"]), {}).update(measured(cells, source, rules))
    return {key: complete(one) for key, one in found.items()}


def promised(
    period: Period, chosen: Dimensions, now: datetime, by: Dimension | Grain | None
) -> dict[Any, Measures]:
    """Only the figures of promises: those that came due in the period, as of `now`.

    As their definitions count them, for each kind of clock and due at once: composing those
    takes longer than the database takes to count a day.
    """
    start, end = period.bounds
    dues = union_all(
        *(
            select(
                literal(name).label("cohort"),
                due.label("due"),
                *(Clock.kind, Clock.state, Clock.stopped_at, Clock.ticket_id),
            ).where(Clock.kind.in_(kinds), due >= start, due < end, due <= now)
            for name, due, kinds in _DUES
        )
    ).subquery()
    row, value = dues.c, _value(by, dues.c.due)
    sides = promise_sides(row.state, row.stopped_at, row.due)
    counts = [func.count().filter(one) for one in (sides.met, sides.came, sides.taken_back)]
    query: Select[Any] = select(value, row.cohort, row.kind, *counts).select_from(dues)
    query = query.join(Ticket, Ticket.id == row.ticket_id)
    if by == "class":
        query = query.join(_classes(), literal(True))
    query = query.where(*chosen.where()).group_by(value, row.cohort, row.kind)
    found: dict[Any, Measures] = {}
    for found_row in db.session.execute(query):
        key, cohort, kind, n, d, out = tuple(found_row)
        name = _PROMISED[kind, cohort]
        one = Measure(FIGURES[name], n, d, {"cancelled": out})
        found.setdefault(_key(key), {})[name] = one
    return found


_PROMISED = {(kind, FIGURES[name].cohort): name for name, (kind, _due) in PROMISES.items()}
_DUES = tuple(
    (cohort, at, sorted(kind for kind, of in _PROMISED if of == cohort))
    for cohort, at in COHORTS["clock"].items()
)


def late_now(
    period: Period, chosen: Dimensions, now: datetime, by: Dimension | Grain | None
) -> dict[Any, int]:
    """What was accepted in the period, is open and past its nearest due; reads only these."""
    value = _value(by, Ticket.accepted_at)
    query = select(value, func.count()).select_from(Ticket)
    if by == "class":
        query = query.join(_classes(), literal(True))
    late = Ticket.status != Status.CLOSED, Ticket.next_due_at < now
    query = query.where(*chosen.where(), *late, inside(Ticket.accepted_at, period))
    return {_key(key): n for key, n in db.session.execute(query.group_by(value))}


def _key(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


def local(at: Any) -> ColumnElement[Any]:
    """An instant as local time without a zone."""
    return func.timezone(str(LOCAL), at)


def _grouped(
    source: Source,
    rules: Mapping[str, Definition],
    period: Period,
    chosen: Dimensions,
    by: Dimension | Grain | None,
) -> Select[Any]:
    """A row comes once for each of its instants in the period; each figure counts its own."""
    table = Ticket if source == "ticket" else Clock
    spans = union_all(
        *(
            select(literal(name).label("cohort"), at.label("at"), table.id.label("row_id")).where(
                inside(at, period)
            )
            for name, at in COHORTS[source].items()
        )
    ).subquery("spans")
    value = _value(by, spans.c.at)
    columns: list[ColumnElement[Any]] = []
    for name in of_source(source, rules):
        columns += counting(name, rules[name], spans.c.cohort)
    query = select(value.label("value"), *columns).select_from(spans)
    query = query.join(table, table.id == spans.c.row_id)
    if source == "clock":
        query = query.join(Ticket, Ticket.id == Clock.ticket_id)
    if by == "class":
        query = query.join(_classes(), literal(True))
    return query.where(*chosen.where()).group_by(value)


def _value(by: Dimension | Grain | None, at: Any) -> ColumnElement[Any]:
    if by is None:
        return literal(None)
    if by in ("day", "week", "month"):
        return func.date_trunc(by, local(at))
    if by == "class":
        return column("held")
    if by in ("channel", "urgency"):
        return getattr(Ticket, FIELDS[by])
    return func.coalesce(getattr(Ticket, FIELDS[by]), NOWHERE)


def _classes() -> Any:
    """A ticket once for each title of its firm, or once for having none."""
    held = func.coalesce(func.nullif(Ticket.firm_classes, []), array([NO_CLASS]))
    return func.unnest(held).table_valued("held", joins_implicitly=True).render_derived("classes")


def of_source(source: Source, rules: Mapping[str, Definition]) -> list[str]:
    """The counted figures of one source."""
    return [name for name in COUNTED if rules[name].source == source]


def counting(name: str, rule: Definition, cohort: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """The columns that count one figure: n, d, the weight where there is one, the left-out."""

    def count(condition: Condition, label: str) -> ColumnElement[Any]:
        own = and_(cohort == rule.cohort, condition)
        return func.count().filter(own).label(f"{name}_{label}")

    counted = [count(rule.n, "n"), count(rule.d, "d")]
    if rule.weight is not None:
        weighed = func.sum(rule.weight).filter(and_(cohort == rule.cohort, rule.n))
        counted.append(func.coalesce(weighed, 0).label(f"{name}_weight"))
    return counted + [count(one, f"x_{why}") for why, one in rule.excluded.items()]


def measured(row: Mapping[str, Any], source: Source, rules: Mapping[str, Definition]) -> Measures:
    """The figures of one source out of a counted row."""
    measures: Measures = {}
    for name in of_source(source, rules):
        excluded = {why: row[f"{name}_x_{why}"] for why in rules[name].excluded}
        n, listed = row[f"{name}_n"], None
        if rules[name].weight is not None:
            n, listed = round(float(row[f"{name}_weight"]), 4), n
        measures[name] = Measure(FIGURES[name], n, row[f"{name}_d"], excluded, listed)
    return measures


def complete(measures: Measures) -> Measures:
    """All figures; what is not there has nothing due."""
    return {name: measures.get(name) or Measure(FIGURES[name], 0, 0) for name in FIGURES}


def times(name: str, period: Period, chosen: Dimensions) -> tuple[Counter[int], dict[str, int]]:
    """How many tickets took how many tenths of a working hour, and how many were left out, why.

    By the calendar in force; one statement. What is closed does not depend on the present.
    """
    rule = definitions(period.bounds[1])[name]
    start, end = span(name)
    reasons = [one.label(f"x_{why}") for why, one in rule.excluded.items()]
    wanted = or_(rule.d, *rule.excluded.values())
    query = select(rule.d.label("d"), start.label("start"), end.label("end"), *reasons)
    query = query.where(*chosen.where(), inside(Ticket.closed_at, period), wanted)
    calendar, taken = current_calendar(), Counter[int]()
    rows = db.session.execute(query).mappings().all()
    for row in rows:
        if row["d"]:
            taken[tenths(calendar.minutes_between(row["start"], row["end"]))] += 1
    return taken, {why: sum(row[f"x_{why}"] for row in rows) for why in rule.excluded}


def hours(period: Period, chosen: Dimensions) -> dict[int, int]:
    """Submissions by local weekday (Monday is 0) × 24 + hour; what has none has no entry."""
    at = local(Ticket.submitted_at)
    by = func.extract("isodow", at), func.extract("hour", at)
    query = select(*by, func.count()).where(*chosen.where(), inside(Ticket.submitted_at, period))
    rows = db.session.execute(query.group_by(*by))
    return {(int(weekday) - 1) * 24 + int(hour): n for weekday, hour, n in rows}
