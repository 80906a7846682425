"""Compares the announced years of a calendar with two libraries; both are for development only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Any

from portal.sla.calendar_days import dates
from portal.sla.worktime import Calendar


def _present(name: str) -> Any:
    """The module, or None where it is not installed: neither is needed to run the portal."""
    try:
        return import_module(name)
    except ImportError:
        return None


chinese_calendar: Any = _present("chinese_calendar")
holidays: Any = _present("holidays")


@dataclass(frozen=True)
class Difference:
    """A day that is a working day by one of the two and not by the other."""

    source: str
    day: date
    ours: bool
    theirs: bool


@dataclass(frozen=True)
class Checked:
    """The differences, and by source the years compared; None: the library is not installed."""

    differences: list[Difference]
    years: dict[str, list[int] | None]


def compare(calendar: Calendar) -> Checked:
    """Compares every day of the announced years that each library knows."""
    differences: list[Difference] = []
    compared: dict[str, list[int] | None] = {}
    for source, library, is_workday in (
        ("chinesecalendar", chinese_calendar, _by_chinese_calendar),
        ("holidays", holidays, _by_holidays),
    ):
        compared[source] = None if library is None else []
        if library is None:
            continue
        for year in sorted(calendar.confirmed_years):
            found = _year(source, calendar, year, is_workday)
            if found is not None:
                compared[source] = [*(compared[source] or []), year]
                differences += found
    return Checked(differences, compared)


def _year(source: str, calendar: Calendar, year: int, is_workday: Any) -> list[Difference] | None:
    """The differences of a year; None when the library does not know it."""
    try:
        return list(_days(source, calendar, year, is_workday))
    except NotImplementedError:
        return None


def _days(source: str, calendar: Calendar, year: int, is_workday: Any) -> Iterator[Difference]:
    for day in dates(date(year, 1, 1), date(year + 1, 1, 1)):
        ours, theirs = bool(calendar.day_info(day).windows), is_workday(day)
        if ours != theirs:
            yield Difference(source, day, ours, theirs)


def _by_chinese_calendar(day: date) -> bool:
    return chinese_calendar.is_workday(day)


class _China:
    """The library's table of China, built once; it fills in each year as it is asked for."""

    table: Any = None


def _by_holidays(day: date) -> bool:
    if _China.table is None:
        _China.table = holidays.country_holidays("CN")
    return _China.table.is_working_day(day)
