"""Reads an uploaded sheet, CSV or XLSX, into lines by column; what is wrong is said. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from portal.errors import N_, Invalid
from portal.sheets.kinds import Sheet
from portal.sheets.reading_xlsx import read_xlsx
from portal.sheets.safety import plain_cell

MAX_ROWS = 20_000
MAX_CELL = 5000
LINE_HEADING = N_("行号")
REASON_HEADING = N_("错误原因")
# The columns of the file of wrong rows: whoever corrects that file can upload it as it is.
MARK_HEADING = N_("导出人和时间")
OURS = (LINE_HEADING, REASON_HEADING)
# What we write into files beside the columns; it is passed over when they come back.
PASSED = (*OURS, MARK_HEADING)
_XLSX_START, _XLS_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_WIDE_STARTS = (b"\xff\xfe", b"\xfe\xff")
_FIELD_LIMIT = 10_000_000

Cells = list[str]
Problem = dict[str, Any]  # column (key or None), text (a sentence's template), values


@dataclass
class Line:
    """One row: its number in the file (the headings are line 1), its cells by column key."""

    number: int
    cells: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def problem(error: Invalid, column: str | None = None) -> Problem:
    """A refusal as it is kept with the row; `column` is the key of the cell it is about."""
    return {"column": column or error.field, "text": error.template, "values": error.values}


def read(path: Path, sheet: Sheet) -> tuple[list[str], list[Line]]:
    """The keys of the columns that the file has, and its lines that are not blank.

    Lines that equal the template's example are left out. Raises Invalid with a sentence when the
    file cannot be read at all, or its headings are not those of the sheet.
    """
    content = path.read_bytes()
    if not content.strip():
        raise Invalid("这个文件是空的，请重新选择。")
    if content.startswith(_XLS_START):
        raise Invalid("这是旧版 Excel 文件（.xls）或加密的文件，请另存为 .xlsx 或 CSV 后再导入。")
    if content.startswith(_XLSX_START):
        rows = iter(read_xlsx(content, MAX_ROWS + 2))
    else:
        rows = _csv(_decoded(content))
    return _named(_filled(rows), sheet)


def _decoded(content: bytes) -> str:
    """The text of a CSV file in UTF-8 or, as Excel in China writes it, GB 18030."""
    if content.startswith(_WIDE_STARTS) or b"\x00" in content:
        raise Invalid("这个文件不是 CSV 或 XLSX，请另存为 .xlsx 或 CSV（UTF-8）后再导入。")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("无法识别文件的文字编码，请另存为 .xlsx 或 CSV（UTF-8）后再导入。")


def _csv(text: str) -> Iterator[tuple[int, Cells | Problem]]:
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        number = reader.line_num + 1
        try:
            yield number, [plain_cell(cell) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            yield number, problem(Invalid("这一行的引号不成对，无法读取。"))


def _filled(rows: Iterable[tuple[int, Cells | Problem]]) -> list[tuple[int, Cells | Problem]]:
    """The rows that are not blank. Raises Invalid when there are too many."""
    found = []
    for number, cells in rows:
        if isinstance(cells, list) and not any(cell.strip() for cell in cells):
            continue
        found.append((number, cells))
        if len(found) > MAX_ROWS + 1:
            raise Invalid("一次最多导入 %(n)d 行，请拆成几个文件。", n=MAX_ROWS)
    return found


def _named(
    rows: Sequence[tuple[int, Cells | Problem]], sheet: Sheet
) -> tuple[list[str], list[Line]]:
    if not rows or not isinstance(rows[0][1], list):
        raise Invalid("第一行应为列名，请从模板复制。")
    places = _places(rows, sheet)
    width = len(rows[0][1])
    lines = [_line(number, cells, places, width) for number, cells in rows[1:]]
    example = {key: sheet.example.get(key, "") for key in places}
    kept = [line for line in lines if line.problems or line.cells != example]
    return list(places), kept


def _places(rows: Sequence[tuple[int, Cells | Problem]], sheet: Sheet) -> dict[str, int]:
    """Where each column that is read stands. Raises Invalid when the headings are not right."""
    header = _heading(rows[0][1])
    known = sheet.by_heading
    if not set(header) & set(known):
        _refuse_title_row(rows, known)
    unknown = [name for name in header if name and name not in known and name not in PASSED]
    if unknown:
        _refuse_unknown(unknown[0], [name for name in known if name not in header])
    doubled = [name for place, name in enumerate(header) if name and name in header[:place]]
    if doubled:
        raise Invalid("列名“%(name)s”出现了两次，请删去一列。", name=doubled[0])
    missing = [sheet.by_key[key].heading for key in _needed(sheet, header)]
    if missing:
        raise Invalid(
            "缺少列“%(names)s”，请按模板补上。现有的列：%(header)s。",
            names="、".join(missing),
            header="、".join(filter(None, header)),
        )
    read_ones = {c.heading: c.key for c in sheet.columns if not c.told}
    return {read_ones[name]: place for place, name in enumerate(header) if name in read_ones}


def _needed(sheet: Sheet, header: Cells) -> list[str]:
    """The keys of columns that name a row and are not there."""
    return [key for key in sheet.keys if sheet.by_key[key].heading not in header]


def _heading(cells: Cells | Problem) -> Cells:
    """A row of headings as they are compared: no blanks, no mark for required ones."""
    if not isinstance(cells, list):
        return []
    return ["".join(cell.split()).strip("*＊") for cell in cells]


def _refuse_title_row(rows: Sequence[tuple[int, Cells | Problem]], known: dict) -> None:
    for number, cells in rows[1:4]:
        if len(set(_heading(cells)) & set(known)) > 1:
            raise Invalid("列名在第 %(n)d 行，应在第一行；请删除它上面的标题行。", n=number)
    first = _heading(rows[0][1])
    if len(first) == 1 and any(mark in first[0] for mark in ";\t；"):
        raise Invalid("列之间请用英文逗号分隔，或另存为 .xlsx 后再导入。")
    raise Invalid(
        "第一行不是这份名单的列名，应为：%(names)s。请下载模板核对，也请看看是否选错了名单。",
        names="、".join(known),
    )


def _refuse_unknown(name: str, free: list[str]) -> None:
    near = get_close_matches(name, free, 1, 0.5)
    if near:
        raise Invalid(
            "不认识的列“%(name)s”，是不是“%(near)s”？请改成模板中的列名。",
            name=name[:30],
            near=near[0],
        )
    raise Invalid("不认识的列“%(name)s”，请删去这一列，或改成模板中的列名。", name=name[:30])


def _line(number: int, cells: Cells | Problem, places: dict[str, int], width: int) -> Line:
    if not isinstance(cells, list):
        return Line(number, problems=[cells])
    padded = [*cells, *[""] * (width - len(cells))]
    line = Line(number, {key: padded[place].strip()[:MAX_CELL] for key, place in places.items()})
    if any(cell.strip() for cell in cells[width:]):
        line.problems.append(
            problem(Invalid("这一行有 %(n)d 格，列名只有 %(m)d 个。", n=len(cells), m=width))
        )
    return line
