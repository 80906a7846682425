"""The workbook of a bulletin: figures, units, fields and the lists of tickets. Pure.

Every text is written as a text: what firms wrote can never become a formula or a link.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from portal.supervision import prose
from portal.supervision.facts import Count, Facts

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
TICKETS = ("编号", "企业", "标题", "类别", "承办单位", "承办人", "状态", "受理时间", "最迟", "情况")
ORDERS = ("编号", "标题", "承办单位", "督办要求", "发出人", "发出时间", "最迟", "回复时间", "回复")
_WIDTHS = {"标题": 36, "企业": 28, "督办要求": 40, "回复": 40, "情况": 30, "编号": 21, "指标": 24}
Row = Sequence[str]


def write(
    facts: Facts,
    titles: dict[str, str],
    lists: Iterable[tuple[str, Sequence[str], Iterable[Row]]],
    target: Path,
) -> None:
    """Writes the file. `titles`: figure → words; `lists`: sheet, heading and rows."""
    book = xlsxwriter.Workbook(str(target), OPTIONS)
    bold = book.add_format({"bold": True, "bottom": 1})
    styles = {"bold": bold, "percent": book.add_format({"num_format": "0.0%"})}
    _figures(book, styles, facts, titles)
    _units(book, styles, facts)
    _page(book, styles, "诉求类别", ("类别", "受理"), facts.fields)
    for name, heading, rows in lists:
        _page(book, styles, name, heading, rows)
    _page(book, styles, "说明", (prose.title(facts),), [(prose.notes(facts),)])
    book.close()


def _figures(book: Any, styles: dict[str, Any], facts: Facts, titles: dict[str, str]) -> None:
    heading = ("指标", "分子", "分母", "比率", "区间下限", "区间上限", "上期分子", "上期分母")
    heading += ("上期比率", "中位数（工作小时）", "九成不超过（工作小时）")
    rows = []
    for name, words in titles.items():
        count, past = facts.of(name), facts.past(name)
        low, high = _interval(count)
        rates = (_rate(count), low, high)
        times = (count.median, count.p90)
        rows.append((words, count.n, count.d, *rates, past.n, past.d, _rate(past), *times))
    _page(book, styles, "指标", heading, rows, percents={3, 4, 5, 8})


def _units(book: Any, styles: dict[str, Any], facts: Facts) -> None:
    heading = ("承办单位", "受理", "企业确认解决", "解决率（毛）", "到期时限", "按时办结")
    heading += ("按时办结率", "期内超期", "现已超期未办结", "排名")
    rows = [
        (
            *(unit.name, unit.accepted, unit.solved.n, unit.solved.rate, unit.on_time.d),
            *(unit.on_time.n, unit.on_time.rate, unit.late, unit.late_now),
            "" if unit.ranked else f"不足 {prose.RANKED_FROM} 件，不排名",
        )
        for unit in facts.units
    ]
    _page(book, styles, "承办单位", heading, rows, percents={3, 6})


def _rate(count: Count) -> float | None:
    return None if count.median is not None else count.rate


def _interval(count: Count) -> tuple[float | None, float | None]:
    if count.median is not None or count.interval is None:
        return None, None
    return count.interval


def _page(
    book: Any,
    styles: dict[str, Any],
    name: str,
    heading: Sequence[str],
    rows: Iterable[Sequence[Any]],
    percents: set[int] = frozenset(),  # pyright: ignore[reportArgumentType]
) -> None:
    page = book.add_worksheet(name)
    for place, words in enumerate(heading):
        page.set_column(place, place, _WIDTHS.get(words, max(12, 2 * len(words) + 2)))
    page.freeze_panes(1, 0)
    for place, words in enumerate(heading):
        page.write_string(0, place, words, styles["bold"])
    for number, row in enumerate(rows, 1):
        for place, value in enumerate(row):
            style = styles["percent"] if place in percents else None
            if isinstance(value, str):
                page.write_string(number, place, value)
            elif value is not None:
                page.write_number(number, place, value, style)
