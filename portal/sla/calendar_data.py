"""Reads the reviewed table of China's holidays and make-up days, calendar_cn.csv. Pure.

Rows with confirmed 1 copy the State Council's notices for 2004–2026 (kinds holiday, makeup) as
chinesecalendar 1.11 holds them. Rows with confirmed 0 (kind statutory) stand in for years that are
not announced: the 13 days of the Regulation on Public Holidays as of 2025 – 元旦 1 January; 春节
from the eve to the third day; 清明; 劳动节 1 and 2 May; 端午; 中秋; 国庆 1 to 3 October – without
any make-up day, because nobody can know those. Lunar dates were computed by two libraries and
checked against new moons and the sun's longitude. domain.md §3.
"""

import csv
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

from portal.errors import N_
from portal.sla.worktime import DEFAULT_WEEK, Calendar, DayOverride

# The names in calendar_cn.csv, each translated; “A、B” is two of them.
NAMES = (
    *(N_("元旦"), N_("春节"), N_("清明节"), N_("劳动节"), N_("端午节")),
    *(N_("中秋节"), N_("国庆节"), N_("抗战胜利70周年纪念日")),
)
CALENDAR_CN = Path(__file__).parent / "data" / "calendar_cn.csv"
FIELDS = ("day", "kind", "name", "confirmed")
YEARS = range(2004, 2036)  # what Calendar.build lays out
_KINDS = ("holiday", "makeup", "half", "statutory")

HEADER = N_("表头应为 day,kind,name,confirmed。")
BAD_DAY = N_("日期应写作 2026-10-01 这样的格式。")
BAD_YEAR = N_("日期应在 2004 年至 2035 年之间。")
BAD_KIND = N_(
    "kind 应为 holiday（放假）、makeup（调休上班）、half（半天）或 statutory（法定节假日）。"
)
BAD_FLAG = N_("confirmed 应为 1（已公布）或 0（未公布）。")
TWICE = N_("这一天写了两次。")
IN_PART = N_("同一年的 confirmed 应当一致。")
NO_DAYS = N_("表中没有任何日期。")


@dataclass(frozen=True)
class LineError:
    """What is wrong with one line, counted from 1, in a sentence for the user."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return N_("第 %(n)d 行：%(what)s") % {"n": self.line, "what": self.sentence}


@dataclass(frozen=True)
class Table:
    """What a CSV says: its days in order, its years by whether they are announced, its faults."""

    overrides: tuple[DayOverride, ...]
    confirmed: frozenset[int]
    provisional: frozenset[int]
    errors: tuple[LineError, ...]


def read_table(text: str) -> Table:
    """Reads a CSV and collects every fault by its line; days of a faulty line are left out."""
    reader = csv.DictReader(StringIO(text))
    if tuple(reader.fieldnames or ()) != FIELDS:
        return Table((), frozenset(), frozenset(), (LineError(1, HEADER),))
    found: dict[date, DayOverride] = {}
    announced: dict[int, bool] = {}
    errors: list[LineError] = []
    for row in reader:
        read = _read(row)
        if isinstance(read, str):
            errors.append(LineError(reader.line_num, read))
            continue
        override, confirmed = read
        if override.day in found:
            errors.append(LineError(reader.line_num, TWICE))
        elif announced.setdefault(override.day.year, confirmed) != confirmed:
            errors.append(LineError(reader.line_num, IN_PART))
        else:
            found[override.day] = override
    if not found and not errors:
        errors.append(LineError(2, NO_DAYS))
    years = frozenset(year for year, confirmed in announced.items() if confirmed)
    days = tuple(found[day] for day in sorted(found))
    return Table(days, years, frozenset(announced) - years, tuple(errors))


def load_overrides(
    source: str | Path = CALENDAR_CN,
) -> tuple[tuple[DayOverride, ...], frozenset[int]]:
    """The overrides of a CSV (a Path, or its text) and the years that are announced.

    Raises ValueError that names the first line with a fault (see `read_table`).
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    table = read_table(text)
    if table.errors:
        raise ValueError(str(table.errors[0]))
    return table.overrides, table.confirmed


def china_calendar() -> Calendar:
    """The default week with the days of calendar_cn.csv."""
    return Calendar.build(DEFAULT_WEEK, *load_overrides(CALENDAR_CN))


def _read(row: dict[str, str]) -> tuple[DayOverride, bool] | str:
    try:
        day = date.fromisoformat(row["day"])
    except (TypeError, ValueError):
        return BAD_DAY
    if day.year not in YEARS:
        return BAD_YEAR
    if row["kind"] not in _KINDS:
        return BAD_KIND
    if row["confirmed"] not in ("0", "1"):
        return BAD_FLAG
    return DayOverride(day, row["kind"], row["name"] or ""), row["confirmed"] == "1"
