"""The figures that everybody may see: whole months of a year, small counts hidden.

One period for each natural year, up to the last complete month, so that no two periods overlap and
no count follows from another one's (docs/decisions/opening.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import func, select

from portal.directory.models import Category
from portal.extensions import db
from portal.kpi import queries
from portal.kpi.conditions import OURS, Dimensions
from portal.kpi.figures import RANKED_FROM, TIMES, Measure
from portal.kpi.periods import Period, local_day
from portal.kpi.queries import Measures
from portal.publish.disclosure import floor_percent, hidden, parts, safe
from portal.tickets.models import Ticket

Key = TypeVar("Key", date, int)


@dataclass(frozen=True)
class OpenRow:
    """A month, or a category by name; None is hidden. `solved`: of `accepted`, the firm said so."""

    label: date | str
    accepted: int | None
    solved: int | None

    @property
    def rate(self) -> float | None:
        """Solved of accepted, from 0 to 1; None where it is hidden or nothing was accepted."""
        shown = self.accepted and self.solved is not None
        return self.solved / self.accepted if shown else None  # type: ignore[operator]


@dataclass(frozen=True)
class OpenFigures:
    """One year. `gross` and `net` are None where n or d − n is small; `above` then says what is.

    `accepted` is None under five. `times`: the measures with tickets enough.
    """

    period: Period
    accepted: int | None
    gross: Measure | None
    net: Measure | None
    above: int | None
    times: dict[str, Measure]
    months: list[OpenRow]
    categories: list[OpenRow]


def last_complete(now: datetime) -> date:
    """The last day of the last month that is over."""
    return local_day(now).replace(day=1) - timedelta(days=1)


def open_years(now: datetime) -> list[int]:
    """The years in which tickets were accepted in months that are over, the newest first."""
    _, end = Period(last_complete(now), last_complete(now)).bounds
    query = select(func.min(Ticket.accepted_at), func.max(Ticket.accepted_at))
    first, last = db.session.execute(query.where(OURS, Ticket.accepted_at < end)).one()
    if first is None or last is None:
        return []
    return list(range(local_day(last).year, local_day(first).year - 1, -1))


def open_figures(year: int, now: datetime) -> OpenFigures:
    """The year's figures as of `now` (UTC), its complete months only."""
    period = Period(date(year, 1, 1), min(date(year, 12, 31), last_complete(now)))
    report = queries.report(period, Dimensions(), now)
    total = report.total
    gross, net = total["resolution_gross"], total["resolution_net"]
    shown = safe(*parts(int(gross.n), gross.d))
    left_out = (gross.d - net.d, int(gross.n - net.n))
    apart = safe(*left_out, left_out[0] - left_out[1], *parts(int(net.n), net.d))
    months = {
        month.first: report.months.get(month.first) or queries.nothing() for month in period.months
    }
    return OpenFigures(
        period,
        gross.d if safe(gross.d) else None,
        gross if shown else None,
        net if shown and apart else None,
        None if shown else floor_percent(gross.d) if safe(int(gross.n)) else None,
        {name: total[name] for name in TIMES if total[name].d >= RANKED_FROM},
        _rows(months, {first: first for first in months}, shown),
        _rows(*_named(report.categories), shown),
    )


def _named(found: Mapping[int, Measures]) -> tuple[dict[int, Measures], dict[int, str]]:
    """The categories of the first level that have figures, in their order, and their names."""
    query = select(Category.id, Category.name).where(Category.id.in_(found))
    names = dict(db.session.execute(query.order_by(Category.position, Category.id)).all())
    return {key: found[key] for key in names}, names


def _rows(
    found: Mapping[Key, Measures],
    labels: Mapping[Key, date] | Mapping[Key, str],
    shown: bool,
) -> list[OpenRow]:
    """The rows with what is small hidden, in their order; `shown`: the totals may be known."""
    gross = {key: one["resolution_gross"] for key, one in found.items()}
    sums = {key: (one.d, int(one.n)) for key, one in gross.items()}
    no_accepted = hidden({key: (d,) for key, (d, _n) in sums.items()})
    split = {key: parts(n, d) for key, (d, n) in sums.items()}
    no_solved = hidden(split, no_accepted) if shown else frozenset(split)
    return [
        OpenRow(
            labels[key],
            None if key in no_accepted else d,
            None if key in no_solved else n,
        )
        for key, (d, n) in sums.items()
    ]
