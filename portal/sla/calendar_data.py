"""Reads the reviewed table of China's holidays and make-up days, calendar_cn.csv. Pure.

Rows with confirmed 1 copy the State Council's notices for 2004–2026 (kinds holiday, makeup) as
chinesecalendar 1.11 holds them. Rows with confirmed 0 (kind statutory) stand in for years that are
not announced: the 13 days of the Regulation on Public Holidays as of 2025 – 元旦 1 January; 春节
from the eve to the third day; 清明; 劳动节 1 and 2 May; 端午; 中秋; 国庆 1 to 3 October – without
any make-up day, because nobody can know those. Lunar dates were computed by two libraries and
checked against new moons and the sun's longitude. domain.md §3.
"""

import csv
from datetime import date
from io import StringIO
from pathlib import Path

from portal.sla.worktime import DEFAULT_WEEK, Calendar, DayOverride

CALENDAR_CN = Path(__file__).parent / "data" / "calendar_cn.csv"
FIELDS = ("day", "kind", "name", "confirmed")
_KINDS = ("holiday", "makeup", "half", "statutory")


def load_overrides(
    source: str | Path = CALENDAR_CN,
) -> tuple[tuple[DayOverride, ...], frozenset[int]]:
    """The overrides of a CSV (a Path, or its text) and the years that are announced.

    Raises ValueError that names the line for a wrong header, date, kind, flag, a day given twice,
    or a year that is announced only in part.
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    reader = csv.DictReader(StringIO(text))
    if tuple(reader.fieldnames or ()) != FIELDS:
        raise ValueError(f"Line 1 of a calendar table must read {','.join(FIELDS)}.")
    found: dict[date, DayOverride] = {}
    announced: dict[int, bool] = {}
    for row in reader:
        override, confirmed = _read(row, reader.line_num)
        if override.day in found:
            raise ValueError(f"Line {reader.line_num}: {override.day} is given twice.")
        if announced.setdefault(override.day.year, confirmed) != confirmed:
            raise ValueError(f"Line {reader.line_num}: {override.day.year} is confirmed in part.")
        found[override.day] = override
    years = frozenset(year for year, confirmed in announced.items() if confirmed)
    return tuple(found[day] for day in sorted(found)), years


def china_calendar() -> Calendar:
    """The default week with the days of calendar_cn.csv."""
    return Calendar.build(DEFAULT_WEEK, *load_overrides(CALENDAR_CN))


def _read(row: dict[str, str], line: int) -> tuple[DayOverride, bool]:
    try:
        day = date.fromisoformat(row["day"])
    except (TypeError, ValueError):
        raise ValueError(f"Line {line}: {row['day']!r} is not a date like 2026-10-01.") from None
    if row["kind"] not in _KINDS:
        raise ValueError(f"Line {line}: kind must be one of {', '.join(_KINDS)}.")
    if row["confirmed"] not in ("0", "1"):
        raise ValueError(f"Line {line}: confirmed must be 0 or 1.")
    return DayOverride(day, row["kind"], row["name"]), row["confirmed"] == "1"
