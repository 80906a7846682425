"""Working-time arithmetic over one immutable calendar (domain.md §3). Pure.

`Calendar.build` lays every window of its range out once as UTC intervals with running sums, so
each question is a bisect. Instants in are aware, instants out are UTC; exact to the microsecond.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise
from statistics import mode
from zoneinfo import ZoneInfo

from portal.sla.calendar_days import (
    DEFAULT_WEEK,
    DayInfo,
    DayOverride,
    Season,
    Week,
    Window,
    by_day,
    check_seasons,
    dates,
    windows_of,
)

__all__ = [
    "DEFAULT_WEEK",
    "Calendar",
    "DayInfo",
    "DayOverride",
    "OutsideCalendarError",
    "Season",
    "Week",
    "Window",
]

MAX_GAP_DAYS = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_MINUTE = 60_000_000
_DAY = 1440 * _MINUTE


class OutsideCalendarError(ValueError):
    """The instant asked for, or the answer, lies outside the years the calendar covers."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """Working time from `first` to before `last` (local dates). Make it with `Calendar.build`.

    `day_minutes` is the commonest length of a working day: what "one working day" means when
    minutes are shown as days. Methods raise OutsideCalendarError where the range does not reach.
    """

    version: int
    first: date
    last: date
    confirmed_years: frozenset[int]
    zone: ZoneInfo
    day_minutes: int
    seasons: tuple[Season, ...] = field(repr=False)
    _overrides: dict[date, DayOverride] = field(repr=False)
    _edges: tuple[int, int] = field(repr=False)
    _opens: tuple[int, ...] = field(repr=False)
    _ends: tuple[int, ...] = field(repr=False)
    _sum_at_open: tuple[int, ...] = field(repr=False)
    _sum_at_end: tuple[int, ...] = field(repr=False)
    _days: tuple[date, ...] = field(repr=False)
    _closes: tuple[int, ...] = field(repr=False)

    @classmethod
    def build(
        cls,
        weekly: Sequence[Season] = DEFAULT_WEEK,
        overrides: Iterable[DayOverride] = (),
        confirmed_years: Collection[int] = (),
        tz: str = "Asia/Shanghai",
        version: int = 1,
        first: date = date(2003, 12, 1),
        last: date = date(2036, 1, 1),
    ) -> "Calendar":
        """Lays out the range. Overrides outside the range are ignored.

        Raises ValueError with a sentence for windows, seasons or overrides that make no sense,
        and for a calendar with 40 days on end without working time.
        """
        seasons, zone, special = tuple(weekly), ZoneInfo(tz), by_day(overrides)
        check_seasons(seasons)
        days = [
            (day, windows)
            for day in dates(first, last)
            if (windows := windows_of(day, seasons, special.get(day)))
        ]
        edges = _micros_at(first, 0, zone), _micros_at(last, 0, zone)
        spans = _spans(days, edges, zone)
        _check_gaps(spans, edges, zone)
        return cls(
            version=version,
            first=first,
            last=last,
            confirmed_years=frozenset(confirmed_years),
            zone=zone,
            day_minutes=_common_length(days),
            seasons=seasons,
            _overrides=special,
            _edges=edges,
            **_sums(spans),
            _days=tuple(day for day, _ in days),
            _closes=_closes(days, edges, zone),
        )

    def add_minutes(self, start: datetime, minutes: float) -> datetime:
        """The instant `minutes` working minutes after `start`; before it when negative.

        Forward it is the earliest such instant (the end of a window, not the next opening),
        backward the latest; 0 gives `start` back.
        """
        step, at = round(minutes * _MINUTE), self._micros(start)
        if step == 0:
            return _instant(at)
        goal = self._worked(at) + step
        if step > 0:
            index = bisect_left(self._sum_at_end, goal)
            if index == len(self._ends):
                raise self._outside()
            return _instant(self._ends[index] - (self._sum_at_end[index] - goal))
        if goal < 0:
            raise self._outside()
        index = bisect_right(self._sum_at_open, goal) - 1
        return _instant(self._opens[index] + goal - self._sum_at_open[index])

    def minutes_between(self, a: datetime, b: datetime) -> float:
        """Working minutes from `a` to `b`, negative when `b` is earlier."""
        return (self._worked(self._micros(b)) - self._worked(self._micros(a))) / _MINUTE

    def until_left(self, start: datetime, end: datetime, minutes: float) -> datetime:
        """From `start` on the first instant with only `minutes` working minutes left to `end`."""
        at, goal = self._micros(start), self._worked(self._micros(end)) - round(minutes * _MINUTE)
        if goal <= self._worked(at):
            return _instant(at)
        index = bisect_left(self._sum_at_end, goal)
        return _instant(self._ends[index] - (self._sum_at_end[index] - goal))

    def add_days(self, start: datetime, n: int) -> datetime:
        """Close of business of the nth working day after the local date of `start` (day 0).

        Day 0 is never counted, working or not. Negative: of the nth working day before it.
        n = 0 is a ValueError. domain.md §3.
        """
        day = start.astimezone(self.zone).date()
        self._micros(start)
        if n > 0:
            return self._close(bisect_right(self._days, day) + n - 1)
        if n < 0:
            return self._close(bisect_left(self._days, day) + n)
        raise ValueError("A number of working days must not be 0.")

    def closes_between(self, a: datetime, b: datetime) -> int:
        """Closes of business in (a, b]; negative when `b` is earlier."""
        later = bisect_right(self._closes, self._micros(b))
        return later - bisect_right(self._closes, self._micros(a))

    def shift_days(self, due: datetime, k: int) -> datetime:
        """The close of business `k` working days after `due` (before when negative).

        0 gives `due` back. A `due` that is no close of business is taken by its local date.
        """
        at = self._micros(due)
        index = bisect_left(self._closes, at)
        if k == 0:
            return _instant(at)
        if index < len(self._closes) and self._closes[index] == at:
            return self._close(index + k)
        return self.add_days(due, k)

    def add_calendar_hours(self, start: datetime, hours: float) -> datetime:
        """`hours` of plain time later (earlier when negative)."""
        return start.astimezone(UTC) + timedelta(hours=hours)

    def add_calendar_days(self, start: datetime, days: int) -> datetime:
        """The same local clock time `days` calendar days later (earlier when negative)."""
        return (start.astimezone(self.zone) + timedelta(days=days)).astimezone(UTC)

    def is_working(self, instant: datetime) -> bool:
        """Whether the instant lies inside a window; the closing instant does not."""
        at = self._micros(instant)
        index = bisect_right(self._opens, at) - 1
        return index >= 0 and at < self._ends[index]

    def next_open(self, instant: datetime) -> datetime:
        """The instant itself if working, else the next opening."""
        at = self._micros(instant)
        index = bisect_right(self._ends, at)
        if index == len(self._ends):
            raise self._outside()
        return _instant(max(at, self._opens[index]))

    def day_info(self, day: date) -> DayInfo:
        """What the local day is, and why."""
        if not self.first <= day < self.last:
            raise self._outside()
        override = self._overrides.get(day)
        windows = windows_of(day, self.seasons, override)
        confirmed = day.year in self.confirmed_years
        if override is not None:
            return DayInfo(override.kind, override.name, windows, confirmed)
        return DayInfo("workday" if windows else "weekend", "", windows, confirmed)

    def provisional(self, instant: datetime) -> bool:
        """Whether the local year's holidays are still unannounced (暂定)."""
        return instant.astimezone(self.zone).year not in self.confirmed_years

    def _micros(self, instant: datetime) -> int:
        at = (instant - _EPOCH) // _MICRO
        if not self._edges[0] <= at <= self._edges[1]:
            raise self._outside()
        return at

    def _worked(self, at: int) -> int:
        index = bisect_right(self._opens, at) - 1
        if index < 0:
            return 0
        return self._sum_at_open[index] + min(at, self._ends[index]) - self._opens[index]

    def _close(self, index: int) -> datetime:
        if not 0 <= index < len(self._closes):
            raise self._outside()
        return _instant(self._closes[index])

    def _outside(self) -> OutsideCalendarError:
        return OutsideCalendarError(
            f"The working calendar covers {self.first} to {self.last}; this falls outside it."
        )


Days = list[tuple[date, tuple[Window, ...]]]


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(0, 0, micros)


def _micros_at(day: date, minute: int, zone: ZoneInfo) -> int:
    # Adding to an aware datetime moves the wall clock, which is what a window means.
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return (local - _EPOCH) // _MICRO


def _sums(spans: Sequence[tuple[int, int]]) -> dict[str, tuple[int, ...]]:
    """The columns of the cumulative table: where windows open and end, and the sums there."""
    sums = list(accumulate((ended - opened for opened, ended in spans), initial=0))
    return {
        "_opens": tuple(opened for opened, _ in spans),
        "_ends": tuple(ended for _, ended in spans),
        "_sum_at_open": tuple(sums[:-1]),
        "_sum_at_end": tuple(sums[1:]),
    }


def _spans(days: Days, edges: tuple[int, int], zone: ZoneInfo) -> list[tuple[int, int]]:
    """The windows as UTC intervals inside the edges, sorted; those that meet are made one."""
    merged: list[tuple[int, int]] = []
    for day, windows in days:
        for start, end in windows:
            opened = _micros_at(day, start, zone)
            ended = min(_micros_at(day, end, zone), edges[1])
            if merged and opened <= merged[-1][1]:
                opened, ended = merged[-1][0], max(merged.pop()[1], ended)
            if opened < ended:
                merged.append((opened, ended))
    return merged


def _closes(days: Days, edges: tuple[int, int], zone: ZoneInfo) -> tuple[int, ...]:
    """The end of each working day's last window; a window belongs to the day it starts on."""
    closes = tuple(_micros_at(day, windows[-1][1], zone) for day, windows in days)
    for (day, _), (close, following) in zip(days, pairwise(closes), strict=False):
        if following <= close:
            raise ValueError(f"The working day after {day} would close before {day} does.")
    return tuple(close for close in closes if close <= edges[1])


def _check_gaps(spans: list[tuple[int, int]], edges: tuple[int, int], zone: ZoneInfo) -> None:
    opens = [opened for opened, _ in spans] + [edges[1]]
    ends = [edges[0]] + [ended for _, ended in spans]
    for ended, opened in zip(ends, opens, strict=True):
        if not spans or opened - ended >= MAX_GAP_DAYS * _DAY:
            since = _instant(ended).astimezone(zone).date()
            raise ValueError(
                f"This calendar has no working time for {(opened - ended) // _DAY} days from "
                f"{since}; a due date could not be found. At most {MAX_GAP_DAYS} are allowed."
            )


def _common_length(days: Days) -> int:
    return mode(sum(end - start for start, end in windows) for _, windows in days)
