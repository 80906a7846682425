"""Writes sheets, XLSX and CSV, row by row: exports, templates, and the rows that were wrong. Pure.

XLSX cells are strings, never formulas; CSV is UTF-8 with a mark at its start, so that Excel in
China opens it, and cells that a table program would compute are neutralised.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from portal.audit.watermark import Mark
from portal.sheets.columns import Column
from portal.sheets.kinds import Sheet
from portal.sheets.reading import MARK_HEADING, OURS
from portal.sheets.safety import neutral

BOM = "\ufeff"
FORMATS = ("xlsx", "csv")
_NARROWEST, _WIDEST = 10, 40
_LONGEST = 32_767  # characters that a cell of XLSX holds
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_NOTES_SHEET = "填写说明"
_NOTES_HEAD = ("列名", "是否必填", "说明")
_GENERAL = (
    "第一行是列名，请不要改动；可以少几列，少了的列保持原样。",
    "有这一列而某格留空，表示清空原来的内容。",
    "示例行可以删除，也可以留着，导入时不读取。",
    "不要使用公式和合并单元格；信用代码、电话等列请保持文本格式。",
    "导入不会删除任何一条；导入前会先试算，列出每一处变化，确认后才写入。",
)


def texts(sheet: Sheet, values: Mapping[str, Any]) -> list[str]:
    """A row's values as the file shows them, in the order of the columns."""
    return [column.show(values.get(column.key)) for column in sheet.columns]


def csv_lines(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A CSV file, piece by piece."""
    yield BOM + _csv_line(heading)
    for row in rows:
        yield _csv_line([neutral(cell) for cell in row])


def export_csv(
    sheet: Sheet, rows: Iterable[Mapping[str, Any]], mark: Mark | None = None
) -> Iterator[str]:
    """A register as CSV, piece by piece. `mark`: who takes it, in a last column."""
    if mark is None:
        return csv_lines(_headings(sheet), (texts(sheet, row) for row in rows))
    marked = ([*texts(sheet, row), mark.words] for row in rows)
    return csv_lines([*_headings(sheet), MARK_HEADING], marked)


def export_xlsx(
    sheet: Sheet, rows: Iterable[Mapping[str, Any]], target: Path, mark: Mark | None = None
) -> None:
    """A register as XLSX, in constant memory. `mark`: as in `table_xlsx`."""
    _workbook(target, sheet, (texts(sheet, row) for row in rows), notes=False, mark=mark)


def table_xlsx(
    title: str,
    heading: Sequence[str],
    rows: Iterable[Sequence[str | int | float]],
    target: Path,
    mark: Mark | None = None,
) -> None:
    """Any table as XLSX, in constant memory: texts are texts, numbers are numbers.

    `mark`: who takes it and when: behind the cells, on each printed page, in the properties.
    """
    book = xlsxwriter.Workbook(str(target), _OPTIONS)
    page = book.add_worksheet(title)
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    page.set_column(0, len(heading) - 1, 16)
    page.freeze_panes(1, 0)
    _mark(book, page, mark)
    _write(page, 0, heading, bold)
    for number, cells in enumerate(rows, 1):
        for place, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell:
                    page.write_string(number, place, cell[:_LONGEST], as_text)
            else:
                page.write_number(number, place, cell)
    book.close()


def table_csv(heading: Sequence[str], rows: Iterable[Sequence[str | int | float]]) -> Iterator[str]:
    """Any table as CSV, piece by piece; texts are neutralised, numbers are not."""
    yield BOM + _csv_line(heading)
    for row in rows:
        yield _csv_line([neutral(cell) if isinstance(cell, str) else str(cell) for cell in row])


def template_csv(sheet: Sheet) -> Iterator[str]:
    """The headings and an example row as CSV."""
    return csv_lines(_headings(sheet), [_example(sheet)])


def template_xlsx(sheet: Sheet, target: Path) -> None:
    """The headings, an example row, and a second sheet of notes."""
    _workbook(target, sheet, [_example(sheet)], notes=True)


def wrong_csv(
    sheet: Sheet, columns: Sequence[str], lines: Iterable[tuple[int, Mapping[str, str], str]]
) -> Iterator[str]:
    """The rows that were not taken, as they stood in the file, with line number and reason."""
    heading = [*OURS, *(sheet.by_key[key].heading for key in columns)]
    rows = (
        [str(number), reason, *(cells.get(key, "") for key in columns)]
        for number, cells, reason in lines
    )
    return csv_lines(heading, rows)


def _headings(sheet: Sheet) -> list[str]:
    return [column.heading for column in sheet.columns]


def _example(sheet: Sheet) -> list[str]:
    return [sheet.example.get(column.key, "") for column in sheet.columns]


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _mark(book: Any, page: Any, mark: Mark | None) -> None:
    if mark is not None:
        page.set_background(mark.tile())
        page.set_header(f"&R{mark.words.replace('&', '&&')}")
        book.set_properties({"author": mark.name, "comments": mark.words})


def _workbook(
    target: Path,
    sheet: Sheet,
    rows: Iterable[Sequence[str]],
    *,
    notes: bool,
    mark: Mark | None = None,
) -> None:
    book = xlsxwriter.Workbook(str(target), _OPTIONS)
    page = book.add_worksheet(sheet.title)
    bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, _width(column), as_text)
    page.freeze_panes(1, 0)
    _mark(book, page, mark)
    _write(page, 0, _headings(sheet), bold)
    for number, cells in enumerate(rows, 1):
        _write(page, number, cells, as_text)
    if notes:
        _notes(book.add_worksheet(_NOTES_SHEET), sheet, bold)
    book.close()


def _notes(page: Any, sheet: Sheet, bold: Any) -> None:
    page.set_column(0, 0, 22)
    page.set_column(2, 2, 80)
    _write(page, 0, _NOTES_HEAD, bold)
    number = 0
    for number, column in enumerate(sheet.columns, 1):
        need = "不读取" if column.told else "必填" if column.required else "选填"
        _write(page, number, (column.heading, need, _note(column)), None)
    for line, sentence in enumerate(_GENERAL, number + 2):
        _write(page, line, (sentence,), None)


def _note(column: Column) -> str:
    """What may stand in a column."""
    if column.words is None:
        return column.note
    return f"请填写：{'、'.join(column.words.values())}。{column.note}"


def _write(page: Any, number: int, cells: Sequence[str], style: Any) -> None:
    for place, cell in enumerate(cells):
        if cell:
            page.write_string(number, place, cell, style)


def _width(column: Column) -> int:
    sample = max(2 * len(column.heading) + 2, 20 if column.key == "uscc" else 14)
    return max(_NARROWEST, min(_WIDEST, sample))
