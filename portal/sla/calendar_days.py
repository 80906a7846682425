"""What each local day of a working calendar is: weekly windows by season and dated overrides. Pure.

domain.md §3: windows may differ by season; overrides are a holiday, a make-up day 调休, a half day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Window = tuple[int, int]
"""Minutes of the local day from its midnight, half open; an end past 1440 is after midnight."""

Week = tuple[tuple[Window, ...], ...]
"""The windows of Monday to Sunday."""

DAY_MINUTES = 1440
_OFFICE: tuple[Window, ...] = ((510, 720), (810, 1050))


@dataclass(frozen=True)
class Season:
    """The week that holds from `first` to `last` (month, day), both included.

    A season may pass the turn of the year: first (10, 1), last (4, 30).
    """

    first: tuple[int, int]
    last: tuple[int, int]
    windows: Week

    def holds(self, month_day: tuple[int, int]) -> bool:
        """Whether this (month, day) lies in the season."""
        if self.first <= self.last:
            return self.first <= month_day <= self.last
        return month_day >= self.first or month_day <= self.last

    def to_json(self) -> dict[str, Any]:
        """Plain lists, as stored in a calendar version."""
        return {
            "first": list(self.first),
            "last": list(self.last),
            "windows": [[list(one) for one in day] for day in self.windows],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Season":
        """The inverse of `to_json`, also after a round through JSON."""
        (month, day), (last_month, last_day) = stored["first"], stored["last"]
        week = tuple(_windows(windows) for windows in stored["windows"])
        return cls((month, day), (last_month, last_day), week)


DEFAULT_WEEK: tuple[Season, ...] = (Season((1, 1), (12, 31), (_OFFICE,) * 5 + ((), ())),)
"""08:30–12:00 and 13:30–17:30, Monday to Friday, all year."""


@dataclass(frozen=True)
class DayOverride:
    """A day that differs from its week.

    `windows` None means: holiday and statutory – none; makeup – those of the first working weekday
    of the season; half – the first window of such a day. Any other kind must give its windows.
    """

    day: date
    kind: str
    name: str
    windows: tuple[Window, ...] | None = None

    @classmethod
    def from_json(
        cls, day: date, kind: str, name: str, windows: Iterable[Sequence[int]] | None
    ) -> "DayOverride":
        """An override whose windows come as JSON lists."""
        return cls(day, kind, name, None if windows is None else _windows(windows))


@dataclass(frozen=True)
class DayInfo:
    """One local day: kind is the override's, else 'workday' or 'weekend'.

    `confirmed` is False in a year whose holidays are not announced yet.
    """

    kind: str
    name: str
    windows: tuple[Window, ...]
    confirmed: bool


def dates(first: date, last: date) -> Iterator[date]:
    """The days from `first` to before `last`."""
    for offset in range((last - first).days):
        yield first + timedelta(days=offset)


def windows_of(
    day: date, seasons: Sequence[Season], override: DayOverride | None
) -> tuple[Window, ...]:
    """The windows that begin on `day`; seasons must cover it (see `check_seasons`)."""
    week = next(one.windows for one in seasons if one.holds((day.month, day.day)))
    if override is None:
        return week[day.weekday()]
    if override.windows is not None:
        return override.windows
    if override.kind == "makeup":
        return _normal(week)
    if override.kind == "half":
        return _normal(week)[:1]
    return ()


def by_day(overrides: Iterable[DayOverride]) -> dict[date, DayOverride]:
    """The overrides by date. ValueError for two of one day, bad windows or an unknown kind."""
    found: dict[date, DayOverride] = {}
    for one in overrides:
        if one.day in found:
            raise ValueError(f"{one.day} has two overrides: {found[one.day].name}, {one.name}.")
        if one.windows is not None:
            check_windows(one.windows, str(one.day))
        elif one.kind not in ("holiday", "statutory", "makeup", "half"):
            raise ValueError(f"{one.day}: an override of kind {one.kind!r} must give its windows.")
        found[one.day] = one
    return found


def check_seasons(seasons: Sequence[Season]) -> None:
    """ValueError unless each day of a year lies in exactly one season of seven sound days."""
    for one in seasons:
        if len(one.windows) != 7:
            raise ValueError(f"A season must give seven days, this one gives {len(one.windows)}.")
        for weekday, windows in enumerate(one.windows, start=1):
            check_windows(windows, f"weekday {weekday}")
    for day in dates(date(2024, 1, 1), date(2025, 1, 1)):
        count = sum(one.holds((day.month, day.day)) for one in seasons)
        if count != 1:
            raise ValueError(f"{day:%m-%d} lies in {count} seasons; it must lie in exactly one.")


def check_windows(windows: Sequence[Window], where: str) -> None:
    """ValueError unless the windows are in order, apart, and end by the next day's midnight."""
    before = 0
    for start, end in windows:
        if not before <= start < end <= 2 * DAY_MINUTES or start >= DAY_MINUTES:
            raise ValueError(
                f"The windows of {where} are not sound at {start} to {end}: each must start on its "
                "day, end after its start, and begin no earlier than the one before it ends."
            )
        before = end


def _normal(week: Week) -> tuple[Window, ...]:
    return next((windows for windows in week if windows), ())


def _windows(stored: Iterable[Sequence[int]]) -> tuple[Window, ...]:
    return tuple((start, end) for start, end in stored)
