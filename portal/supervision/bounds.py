"""When a figure is beyond a bound, over which days, and what to do about it. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from portal.kpi.figures import Measure
from portal.kpi.periods import Period, local_day

Level = Literal["yellow", "red"]
SPANS = ("rolling", "month", "year")
WORSE = ("lower", "higher")
ROLLING_DAYS = 30
RANK: dict[Level | None, int] = {None: 0, "yellow": 1, "red": 2}


@dataclass(frozen=True)
class Bounds:
    """What is watched: rates and points from 0 to 100, times in working hours, counts in tickets.

    `minimum`: below so many in d the figure says nothing.
    """

    worse: str
    yellow: float
    red: float
    minimum: int

    def of(self, level: Level) -> float:
        """The bound of a level."""
        return self.yellow if level == "yellow" else self.red


def value_of(measure: Measure) -> float | None:
    """The figure as its bounds are written: per cent, points, hours or tickets; None: nothing."""
    if measure.figure.unit == "hours":
        return measure.median
    if measure.figure.unit == "count":
        return measure.n
    return None if measure.rate is None else round(measure.rate * 100, 6)


def level_of(measure: Measure, bounds: Bounds) -> Level | None:
    """The worst bound that the figure is beyond; a figure that stands on a bound keeps it."""
    value = value_of(measure)
    if value is None or few(measure, bounds):
        return None
    for level in ("red", "yellow"):
        bound = bounds.of(level)
        if value < bound if bounds.worse == "lower" else value > bound:
            return level
    return None


def few(measure: Measure, bounds: Bounds) -> bool:
    """Whether the figure rests on too few tickets to say anything; a mere count never does."""
    return measure.figure.unit != "count" and measure.d < bounds.minimum


def days_of(span: str, today: date) -> Period:
    """The days that are looked at on `today`: the last 30, the month or the year to date."""
    if span == "rolling":
        return Period(today - timedelta(days=ROLLING_DAYS - 1), today)
    return Period(today.replace(day=1) if span == "month" else date(today.year, 1, 1), today)


def next_look(now: datetime) -> datetime:
    """The next full hour after `now`; local midnight, when the day has closed, is one of them."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def same_stay(closed_at: datetime, now: datetime) -> bool:
    """Whether a figure that was back and is beyond its bound again is still the same matter.

    It is on the same local day: a figure that swings about its bound is told of once a day.
    """
    return local_day(closed_at) == local_day(now)
