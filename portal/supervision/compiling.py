"""Counts what a bulletin says, and lists the tickets behind it; reads only."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal.extensions import db
from portal.kpi import cells, queries, sealed
from portal.kpi.conditions import NOWHERE, Dimensions, inside
from portal.kpi.figures import Measure
from portal.kpi.members import Member, Side, every, members
from portal.kpi.periods import Period, local_day
from portal.supervision import cycles
from portal.supervision.cycles import Kind
from portal.supervision.facts import Count, Facts, Orders, Point, Unit, fields_told
from portal.supervision.models import Alert, Bulletin
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order

LENGTHS: dict[Kind, int] = {"week": 12, "month": 12}  # periods in the chart
CURRENT = timedelta(days=40)  # how long after its end what stands now belongs to a period
NOBODY = "暂无承办单位"
# The lists of the workbook: figure, side and sheet.
LISTS: tuple[tuple[str, Side, str], ...] = (
    ("overdue", "n", "超期"),
    ("resolution_gross", "rest", "未解决"),
    ("resolution_net", "excluded", "剔除"),
    ("resolution_gross", "d", "全部受理"),
)


def period_of(bulletin: Bulletin) -> tuple[Kind, Period]:
    """The kind and the days of a bulletin."""
    kind: Kind = "week" if bulletin.kind == "week" else "month"
    return kind, Period(bulletin.first, bulletin.last)


def facts_of(bulletin: Bulletin, now: datetime) -> Facts:
    """All that the bulletin says, as known at `now` (UTC)."""
    kind, period = period_of(bulletin)
    totals = cells.totals(period, Dimensions(), now)
    today = local_day(now)
    known = queries.directory()
    return Facts(
        kind,
        period.first,
        period.last,
        today,
        _counts(totals),
        _counts(cells.totals(cycles.before(kind, period), Dimensions(), now)),
        dict(totals["resolution_net"].excluded),
        _units(period, now, known.departments),
        _fields(period, now, known.categories),
        _points(kind, period, now),
        _orders(period, now),
        db.session.scalar(select(func.count()).where(Alert.closed_at.is_(None))) or 0,
        current=today - period.last <= CURRENT,
    )


def _counts(measures: dict[str, Measure]) -> dict[str, Count]:
    return {name: _count(measure) for name, measure in measures.items()}


def _count(measure: Measure) -> Count:
    return Count(measure.n, measure.d, measure.median, measure.p90)


def _units(period: Period, now: datetime, names: dict[int, str]) -> tuple[Unit, ...]:
    """The departments with tickets of the period, or with tickets that are late now."""
    found = cells.by("department", period, Dimensions(), now)
    late = _late_now(now)
    units = []
    for row_id, name in {**names, NOWHERE: NOBODY}.items():
        measures = found.get(row_id)
        if measures is None:
            units.append(Unit(name, late_now=late.get(row_id, 0)))
            continue
        solved, on_time = (_count(measures[one]) for one in ("resolution_gross", "on_time_rate"))
        over = int(measures["overdue"].n)
        units.append(Unit(name, solved, on_time, over, late.get(row_id, 0)))
    return tuple(unit for unit in units if unit.accepted or unit.on_time.d or unit.late_now)


def _fields(period: Period, now: datetime, names: dict[int, str]) -> tuple[tuple[str, int], ...]:
    """What the tickets are about; a sealed one that names a unit is in no field of its own."""
    found = cells.by("category", period, Dimensions(), now)
    apart = sealed.by_category(period, now)
    counts = {
        names.get(int(key), ""): one["resolution_gross"].d - apart.get(int(key), 0)
        for key, one in found.items()
    }
    return fields_told(counts, sum(apart.values()))


def _late_now(now: datetime) -> dict[int, int]:
    """Open tickets past their due, by department."""
    query = (
        select(Ticket.department_id, func.count())
        .where(Ticket.status != Status.CLOSED, Ticket.next_due_at < now)
        .group_by(Ticket.department_id)
    )
    return {row_id or NOWHERE: n for row_id, n in db.session.execute(query)}


def _points(kind: Kind, period: Period, now: datetime) -> tuple[Point, ...]:
    course = cycles.series(kind, period, LENGTHS[kind])
    found = dict(cells.series(kind, Period(course[0].first, period.last), Dimensions(), now))
    points = []
    for one in course:
        solved = _count(found[one.first]["resolution_gross"])
        if points or solved.d:  # the course begins with the service
            points.append(Point(cycles.short(kind, one), solved.d, solved))
    return tuple(points)


def _orders(period: Period, now: datetime) -> Orders:
    issued = inside(Order.issued_at, period)
    waits = Order.answered_at.is_(None) & Order.cancelled_at.is_(None)
    answered = issued & Order.answered_at.is_not(None)
    counted = (
        func.count().filter(one)
        for one in (
            issued,
            answered,
            answered & (Order.answered_at <= Order.due_at),
            issued & Order.cancelled_at.is_not(None),
            waits,
            waits & (Order.due_at < now),
        )
    )
    return Orders(*db.session.execute(select(*counted)).one())


def tickets(name: str, side: Side, period: Period, now: datetime) -> Iterator[Member]:
    """The rows behind a side of a figure, department by department, read piece by piece."""
    query = members(name, side, period, Dimensions(), now)
    return every(query.options(joinedload(Ticket.assignee)))


def orders(period: Period, current: bool) -> Iterator[Order]:
    """The orders issued in the period, and where it is current those that wait."""
    wanted = [inside(Order.issued_at, period)]
    if current:
        wanted.append(Order.answered_at.is_(None) & Order.cancelled_at.is_(None))
    query = (
        select(Order)
        .join(Order.ticket)
        .where(or_(*wanted))
        .options(
            contains_eager(Order.ticket).joinedload(Ticket.department),
            joinedload(Order.issued_by),
        )
        .order_by(Ticket.department_id, Order.due_at, Order.id)
    )
    found: Sequence[Order] = db.session.scalars(query).all()
    return iter(found)
