"""Which weeks and months a bulletin is due for, and what they are called. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from portal.kpi.periods import LOCAL, Period, local_day
from portal.sla.worktime import Calendar

Kind = Literal["week", "month"]
# How long after its opening a period is still asked for: after a stop of the service there is one
# bulletin of each kind to make, not all that were missed.
_WAITS = {"week": timedelta(days=7), "month": timedelta(days=28)}
_LOOK_BACK = {"week": 4, "month": 2}


def week_of(day: date) -> Period:
    """The natural week of a day, Monday to Sunday."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def month_of(day: date) -> Period:
    """The natural month of a day."""
    return Period.of_month(day.year, day.month)


def cycle(kind: Kind, day: date) -> Period:
    """The week or month of a day."""
    return week_of(day) if kind == "week" else month_of(day)


def before(kind: Kind, period: Period) -> Period:
    """The week or month before one."""
    return cycle(kind, period.first - timedelta(days=1))


def series(kind: Kind, period: Period, length: int) -> list[Period]:
    """The last `length` weeks or months up to one, in order."""
    found = [period]
    while len(found) < length:
        found.append(before(kind, found[-1]))
    return found[::-1]


def due(calendar: Calendar, now: datetime) -> list[tuple[Kind, Period]]:
    """The periods whose bulletin is to be made at `now` (UTC), the oldest first.

    A period is due from the opening of the first working day after its end, by the calendar, so
    a holiday shifts it. One whose opening is long past is not made up for.
    """
    return [(kind, period) for kind in ("week", "month") for period in _due(kind, calendar, now)]


def _due(kind: Kind, calendar: Calendar, now: datetime) -> Iterator[Period]:
    last = before(kind, cycle(kind, local_day(now)))
    for period in series(kind, last, _LOOK_BACK[kind]):
        opening = opens(calendar, period)
        if opening <= now < opening + _WAITS[kind]:
            yield period


def opens(calendar: Calendar, period: Period) -> datetime:
    """The opening of the first working day after a period (UTC)."""
    after = datetime.combine(period.last + timedelta(days=1), time(), LOCAL)
    return calendar.next_open(after.astimezone(UTC))


def name(kind: Kind, period: Period) -> str:
    """“2023年5月”, or “2023年5月8日至14日” with the year and month where they change."""
    first, last = period.first, period.last
    if kind == "month":
        return f"{first.year}年{first.month}月"
    end = f"{last.day}日"
    if (first.year, first.month) != (last.year, last.month):
        end = f"{last.month}月{end}"
    if first.year != last.year:
        end = f"{last.year}年{end}"
    return f"{first.year}年{first.month}月{first.day}日至{end}"


def short(kind: Kind, period: Period) -> str:
    """The same under a bar of a chart: “5月”, “5.8”."""
    return f"{period.first.month}月" if kind == "month" else f"{period.first:%-m.%-d}"
