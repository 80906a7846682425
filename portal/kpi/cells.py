"""What the pages read: figures in all, by dimension, over time, by hour, and how times lie.

Counted by the definitions of portal.kpi.conditions, whose lists (portal.kpi.members) are as long.
"""

from datetime import date, datetime

from portal.kpi import live
from portal.kpi.conditions import Dimensions
from portal.kpi.figures import FIGURES, TIMES, Measure
from portal.kpi.live import Dimension, Grain, Measures, complete
from portal.kpi.periods import Period
from portal.kpi.spreads import Spread, spread_of


def totals(period: Period, chosen: Dimensions, now: datetime) -> Measures:
    """Every figure of the period as of `now` (UTC), the times included; in the usual order."""
    counted = live.counts(period, chosen, now).get(None) or complete({})
    measures = counted | {name: _time(name, period, chosen) for name in TIMES}
    return {name: measures[name] for name in FIGURES}


def by(
    dimension: Dimension, period: Period, chosen: Dimensions, now: datetime
) -> dict[int | str, Measures]:
    """The counted figures of each value that has tickets: ids, codes, or NOWHERE for none.

    A ticket of a firm with two titles counts under both classes; every other dimension adds up.
    """
    return live.counts(period, chosen, now, dimension)


def series(
    grain: Grain, period: Period, chosen: Dimensions, now: datetime
) -> list[tuple[date, Measures]]:
    """The counted figures of each day, week (from Monday) or month; the first day of each.

    The first and last are cut to the period. What has no tickets is there with nothing due.
    """
    found = live.counts(period, chosen, now, grain)
    return [(day, found.get(day) or complete({})) for day in period.starts(grain)]


def hours(period: Period, chosen: Dimensions) -> list[list[int]]:
    """Submissions by local weekday, Monday first, and hour: 7 lists of 24."""
    found = live.hours(period, chosen)
    return [[found.get((weekday, hour), 0) for hour in range(24)] for weekday in range(7)]


def spread(name: str, period: Period, chosen: Dimensions) -> Spread:
    """How the time `time_to_contact` or `time_to_resolve` lies, in working hours."""
    return spread_of(name, live.times(name, period, chosen)[0])


def _time(name: str, period: Period, chosen: Dimensions) -> Measure:
    taken, excluded = live.times(name, period, chosen)
    one = spread_of(name, taken)
    return Measure(FIGURES[name], one.n, one.n, excluded, median=one.median, p90=one.p90)
