"""Counts all figures of a page in a fixed number of statements, whatever there is to count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select

from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import db
from portal.kpi import cells
from portal.kpi.conditions import OURS, Dimensions, inside
from portal.kpi.live import Measures, complete
from portal.kpi.periods import Period, local_day
from portal.tickets.models import Ticket


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
    """Every figure of the period as of `now` (UTC), in a fixed number of statements."""
    months = cells.series("month", period, chosen, now)
    departments = cells.by("department", period, chosen, now)
    return Report(
        cells.totals(period, chosen, now),
        dict(months),
        {int(key): one for key, one in departments.items()},
        {int(key): one for key, one in cells.by("category", period, chosen, now).items()},
    )


def nothing() -> Measures:
    """The counted figures where nothing was due."""
    return complete({})


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
