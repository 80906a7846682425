"""What a clock promises: targets, dues, the yellow instant, lights and what is left. Pure.

domain.md §3. Every page, sweep and figure asks these functions, so that they cannot disagree.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from typing import Literal, cast

from portal.sla.worktime import Calendar

Light = Literal["green", "yellow", "red", "blue", "purple"]
Unit = Literal["wd", "wm", "h", "d"]

_TARGET = re.compile(r"([1-9][0-9]{0,4})(wd|wm|h|d)", re.ASCII)
_LONG_HOURS = 48


@dataclass(frozen=True)
class Target:
    """A promise: `amount` working days (wd), working minutes (wm), hours (h) or days (d)."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True)
class Due:
    """When a clock breaches (UTC); `provisional` (暂定) when the year's holidays are unknown."""

    at: datetime
    provisional: bool


@dataclass(frozen=True)
class Remaining:
    """Working time to the due, or past it when `overdue`: whole working days and minutes."""

    days: int
    minutes: int
    overdue: bool


def parse_target(text: str) -> Target:
    """'15wd', '120wm', '24h' or '7d'. Raises ValueError with a sentence for the user."""
    match = _TARGET.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"时限“{text}”无法识别：请写作正整数加单位，"
            "如 15wd(工作日)、120wm(工作分钟)、24h(小时)、7d(日历日)。"
        )
    unit = cast(Unit, match[2])
    return Target(int(match[1]), unit)


def due(calendar: Calendar, start: datetime, target: Target) -> Due:
    """When a clock that starts at `start` breaches.

    Raises OutsideCalendarError past the end of the calendar. Plain hours and days do not depend on
    holidays and so are never provisional.
    """
    if target.unit == "h":
        return Due(calendar.add_calendar_hours(start, target.amount), False)
    if target.unit == "d":
        return Due(calendar.add_calendar_days(start, target.amount), False)
    if target.unit == "wd":
        at = calendar.add_days(start, target.amount)
    else:
        at = calendar.add_minutes(start, target.amount)
    return Due(at, calendar.provisional(at))


def resume(
    calendar: Calendar,
    target: Target,
    due_at: datetime,
    paused_from: datetime,
    paused_to: datetime,
) -> datetime:
    """The due after a pause: later by what the pause took in the target's own measure.

    Working minutes by the working minutes paused; working days by the closes of business in
    (paused_from, paused_to]; hours and days by the plain duration. A due that had passed before
    the pause stays in the past. Work out the yellow instant anew from the result (`warn_at`).
    Raises ValueError when the pause ends before it begins.
    """
    if paused_to < paused_from:
        raise ValueError("A pause cannot end before it begins.")
    if target.unit == "wd":
        return calendar.shift_days(due_at, calendar.closes_between(paused_from, paused_to))
    if target.unit == "wm":
        return calendar.add_minutes(due_at, calendar.minutes_between(paused_from, paused_to))
    return due_at + (paused_to - paused_from)


def warn_at(calendar: Calendar, start: datetime, due_at: datetime, target: Target) -> datetime:
    """The first instant of yellow: one working day or less is left, or 80 % is used.

    Whichever comes first, never before `start`. Decisions:
    - 80 % used is measured by what is left: a fifth of the target before the due. So pauses and
      extensions, which move the due, move the warning with it: call again with the new due.
    - "One working day left" only says something about a promise longer than that: it applies to
      targets of two days or more. A promise of working minutes, of one working day or of less
      than 48 hours goes by the 80 % alone, else it would be yellow from its first second.
    - The day of working-day targets is the close of business before the due day's; from there
      exactly the due day is left.
    """
    fifth = target.amount / 5
    if target.unit == "wm":
        return calendar.until_left(start, due_at, fifth)
    if target.unit == "wd":
        used = calendar.until_left(start, due_at, fifth * calendar.day_minutes)
        if target.amount < 2:
            return used
        return min(used, calendar.shift_days(due_at, -1))
    hours = target.amount if target.unit == "h" else target.amount * 24
    used = max(start, due_at - timedelta(hours=hours / 5))
    if hours < _LONG_HOURS:
        return used
    return min(used, calendar.until_left(start, due_at, calendar.day_minutes))


def light(
    now: datetime,
    *,
    warn_at: datetime,
    due_at: datetime,
    paused: bool,
    supervised: bool,
    stopped_at: datetime | None = None,
) -> Light:
    """The light of a clock at `now`. domain.md §3.

    A stopped clock keeps its verdict: red if it stopped after the due, else green. Of a running
    one, purple (under supervision) goes before blue (paused), for a supervisor waits for an answer
    even then; blue before the rest, for a paused clock has no due to be near to. Red is every
    instant after `due_at`, the due itself is still in time; yellow starts at `warn_at`.
    """
    if stopped_at is not None:
        return "red" if stopped_at > due_at else "green"
    if supervised:
        return "purple"
    if paused:
        return "blue"
    if now > due_at:
        return "red"
    return "yellow" if now >= warn_at else "green"


def remaining(calendar: Calendar, now: datetime, due_at: datetime) -> Remaining:
    """What is left, or over, in working time, a working day being `calendar.day_minutes`.

    Time left is rounded down to the minute and time over is rounded up: never flattering.
    """
    minutes = calendar.minutes_between(now, due_at)
    overdue = now > due_at
    days, rest = divmod(ceil(-minutes) if overdue else floor(minutes), calendar.day_minutes)
    return Remaining(days, rest, overdue)
