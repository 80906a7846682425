"""The period before, and how far a rate has moved since. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from portal.kpi.figures import Measure
from portal.kpi.periods import Period

Word = Literal["up", "down", "level"]
# A change that would be shown as 0.0 points is none.
LEVEL_UNDER = 0.0005


def before(period: Period) -> Period:
    """The period that a period is compared with.

    One natural month, or its first days: the month before, as many days of it. From the first
    day of a year on: the same days of the year before. Whole months: as many before. Else the
    same number of days before.
    """
    first, last = period.first, period.last
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if first.day == 1 and months == 1:
        return _shifted(period, 1)
    if (first.month, first.day) == (1, 1):
        return _shifted(period, 12 * (last.year - first.year + 1))
    if first.day == 1 and _ends_month(last):
        return _shifted(period, months)
    days = (last - first).days + 1
    return Period(first - timedelta(days=days), last - timedelta(days=days))


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _shifted(period: Period, months: int) -> Period:
    """The period so many months earlier; a month's end stays a month's end."""
    return Period(_earlier(period.first, months), _earlier(period.last, months))


def _earlier(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    whole = Period.of_month(year, month + 1)
    if _ends_month(day) and day.day > 1:
        return whole.last
    return date(year, month + 1, min(day.day, whole.last.day))


@dataclass(frozen=True)
class Change:
    """How a rate moved: `points` (percentage points, signed) and the word for it.

    `sure`: the two 95 % intervals do not meet, so that chance alone hardly explains it.
    """

    points: float
    word: Word
    sure: bool


def change(now: Measure, then: Measure) -> Change | None:
    """From `then` to `now`; None where one of them has no rate."""
    if now.rate is None or then.rate is None or not now.interval or not then.interval:
        return None
    moved = now.rate - then.rate
    word: Word = "level" if abs(moved) < LEVEL_UNDER else "up" if moved > 0 else "down"
    apart = now.interval[0] > then.interval[1] or then.interval[0] > now.interval[1]
    return Change(moved * 100, word, apart)
