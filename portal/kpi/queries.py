"""Counts all figures of a page in a fixed number of statements, whatever there is to count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from math import ceil
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, tuple_, union_all

from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import db
from portal.kpi.conditions import (
    COHORTS,
    NOWHERE,
    OURS,
    Condition,
    Definition,
    Dimensions,
    Source,
    definitions,
    inside,
    span,
)
from portal.kpi.figures import COUNTED, FIGURES, TIMES, Measure
from portal.kpi.periods import LOCAL, Period, local_day
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock
from portal.tickets.models import Ticket

Measures = dict[str, Measure]


@dataclass(frozen=True)
class Report:
    """The figures of a period: in all, and of each month, department and category with tickets.

    The keys of `departments` are ids, NOWHERE for tickets with no department at present.
    """

    total: Measures
    months: Mapping[date, Measures] = field(default_factory=dict)
    departments: Mapping[int, Measures] = field(default_factory=dict)
    categories: Mapping[int, Measures] = field(default_factory=dict)


def report(period: Period, chosen: Dimensions, now: datetime) -> Report:
    """Every figure of the period as of `now` (UTC): three statements, however many groups."""
    rules = definitions(now)
    groups: dict[tuple[str, Any], Measures] = {}
    for source in COHORTS:
        for row in db.session.execute(_totals(source, rules, period, chosen)).mappings():
            cells = {str(name): value for name, value in row.items()}
            groups.setdefault(_group(cells), {}).update(_measures(cells, source, rules))
    total = _complete(groups.pop(("total", None), {}))
    total |= times(rules, period, chosen)

    def cut(kind: str) -> dict[Any, Measures]:
        return {key: _complete(one) for (group, key), one in groups.items() if group == kind}

    return Report(
        {name: total[name] for name in FIGURES}, cut("month"), cut("department"), cut("category")
    )


def _totals(
    source: Source, rules: Mapping[str, Definition], period: Period, chosen: Dimensions
) -> Select[Any]:
    """Counts of every figure of one source, by month, department, category and in all.

    A row comes once for each of its instants that lies in the period; each figure counts the
    rows of its own cohort.
    """
    table = Ticket if source == "ticket" else Clock
    spans = union_all(
        *(
            select(
                literal(name).label("cohort"),
                func.date_trunc("month", func.timezone(str(LOCAL), at)).label("month"),
                table.id.label("row_id"),
            ).where(inside(at, period))
            for name, at in COHORTS[source].items()
        )
    ).subquery("spans")
    by = (spans.c.month, Ticket.department_id, Ticket.category_id)
    counts: list[ColumnElement[Any]] = []
    for name in _of(source, rules):
        counts += _counts(name, rules[name], spans.c.cohort)
    query = select(func.grouping(*by).label("grouping"), *by, *counts).select_from(spans)
    query = query.join(table, table.id == spans.c.row_id)
    if source == "clock":
        query = query.join(Ticket, Ticket.id == Clock.ticket_id)
    sets = (tuple_(by[0]), tuple_(by[1]), tuple_(by[2]), tuple_())
    return query.where(*chosen.where()).group_by(func.grouping_sets(*sets))


def _of(source: Source, rules: Mapping[str, Definition]) -> list[str]:
    return [name for name in COUNTED if rules[name].source == source]


def _counts(name: str, rule: Definition, cohort: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    def count(condition: Condition, label: str) -> ColumnElement[Any]:
        own = and_(cohort == rule.cohort, condition)
        return func.count().filter(own).label(f"{name}_{label}")

    counted = [count(rule.n, "n"), count(rule.d, "d")]
    if rule.weight is not None:
        weighed = func.sum(rule.weight).filter(and_(cohort == rule.cohort, rule.n))
        counted.append(func.coalesce(weighed, 0).label(f"{name}_weight"))
    return counted + [count(one, f"x_{why}") for why, one in rule.excluded.items()]


def nothing() -> Measures:
    """The counted figures where nothing was due."""
    return _complete({})


def _group(row: Mapping[str, Any]) -> tuple[str, Any]:
    """Which table a row belongs to: the bits of grouping() name the columns summed over."""
    match row["grouping"]:
        case 0b011:
            return "month", row["month"].date()
        case 0b101:
            return "department", row["department_id"] or NOWHERE
        case 0b110:
            return "category", row["category_id"]
        case _:
            return "total", None


def _measures(row: Mapping[str, Any], source: Source, rules: Mapping[str, Definition]) -> Measures:
    measures: Measures = {}
    for name in _of(source, rules):
        excluded = {why: row[f"{name}_x_{why}"] for why in rules[name].excluded}
        n, listed = row[f"{name}_n"], None
        if rules[name].weight is not None:
            n, listed = round(float(row[f"{name}_weight"]), 4), n
        measures[name] = Measure(FIGURES[name], n, row[f"{name}_d"], excluded, listed)
    return measures


def _complete(measures: Measures) -> Measures:
    """A group that one of the sources does not know has nothing due there."""
    return {name: measures.get(name) or Measure(FIGURES[name], 0, 0) for name in COUNTED}


def times(rules: Mapping[str, Definition], period: Period, chosen: Dimensions) -> Measures:
    """Median and 90th percentile in working hours, by the calendar in force; one statement."""
    found: Measures = {}
    calendar = current_calendar()
    rows = db.session.execute(_closed(rules, period, chosen)).mappings().all()
    for name in TIMES:
        taken = sorted(
            calendar.minutes_between(row[f"{name}_start"], row[f"{name}_end"]) / 60
            for row in rows
            if row[name]
        )
        excluded = {
            why: sum(row[f"{name}_x_{why}"] for row in rows) for why in rules[name].excluded
        }
        found[name] = _summary(name, taken, excluded)
    return found


def _closed(
    rules: Mapping[str, Definition], period: Period, chosen: Dimensions
) -> Select[*tuple[Any, ...]]:
    """The tickets behind the times: for each, whether it counts, and from when to when."""
    columns: list[ColumnElement[Any]] = []
    for name in TIMES:
        start, end = span(name)
        columns += [rules[name].d.label(name)]
        columns += [start.label(f"{name}_start"), end.label(f"{name}_end")]
        columns += [one.label(f"{name}_x_{why}") for why, one in rules[name].excluded.items()]
    wanted = [one for name in TIMES for one in (rules[name].d, *rules[name].excluded.values())]
    return select(*columns).where(*chosen.where(), inside(Ticket.closed_at, period), or_(*wanted))


def _summary(name: str, hours: list[float], excluded: dict[str, int]) -> Measure:
    """The 90th percentile is a time that occurred: nine tickets in ten took no longer."""
    size = len(hours)
    if not size:
        return Measure(FIGURES[name], 0, 0, excluded)
    middle, high = median(hours), hours[ceil(0.9 * size) - 1]
    middle, high = round(middle, 2), round(high, 2)
    return Measure(FIGURES[name], size, size, excluded, median=middle, p90=high)


@dataclass(frozen=True)
class Directory:
    """The names of the dimensions by id in their order, the years with tickets, the imported.

    `imported`: how many tickets of the period are imported history, which no figure counts.
    """

    departments: dict[int, str]
    categories: dict[int, str]
    regions: dict[int, str]
    chains: dict[int, str]
    years: range


def directory() -> Directory:
    """What the filters offer; five statements."""
    query = select(func.min(Ticket.submitted_at), func.max(Ticket.submitted_at)).where(OURS)
    first, last = db.session.execute(query).one()
    years = range(local_day(first).year, local_day(last).year + 1) if first else range(0)
    return Directory(_names(Department), _names(Category), _names(Region), _names(Chain), years)


def _names(model: type[Department | Category | Region | Chain]) -> dict[int, str]:
    rows = db.session.execute(select(model.id, model.name).order_by(model.position, model.id))
    return {row_id: name for row_id, name in rows}  # noqa: C416 - rows are not pairs to pyright


def imported(period: Period) -> int:
    """How many tickets submitted in the period are imported history, which no figure counts."""
    query = select(func.count()).where(~OURS, inside(Ticket.submitted_at, period))
    return db.session.scalar(query) or 0
