"""Reads a table of history, CSV or XLSX, into rows by column name; says which line each is from."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.errors import Invalid

_XLSX_START, _XLS_START = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A broken quote swallows the rest of a file into one field; it has to arrive to be named.
_FIELD_LIMIT = 100_000_000
NO_ALIASES: Mapping[str, str] = {}


@dataclass(frozen=True)
class Row:
    """One row: its first line (the header is line 1), its cells by column, or what is wrong."""

    line: int
    cells: dict[str, str]
    problem: str | None = None


def read_rows(
    path: Path,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    aliases: Mapping[str, str] = NO_ALIASES,
) -> list[Row]:
    """All rows that are not blank; of each the cells of `columns`, stripped.

    Those of `optional` are there where the file has them. `aliases`: other names a header may give
    a column. Raises Invalid with a sentence when the file cannot be read at all or lacks a column.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Invalid(f"无法读取文件 {path}：{error.strerror}。") from error
    if content.startswith(_XLS_START):
        raise Invalid("这是旧版 Excel 文件（.xls），请另存为 .xlsx 或 CSV（UTF-8）后再导入。")
    lines = _sheet(content) if content.startswith(_XLSX_START) else _csv(content)
    return _named(lines, columns, optional, aliases)


def _csv(content: bytes) -> Iterator[tuple[int, list[str] | str]]:
    """Each record with the line it starts on; a record that cannot be read is a sentence."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Invalid(
            f"第 {line} 行不是 UTF-8 编码，请把文件另存为 CSV（UTF-8）后再导入。"
        ) from error
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"无法按 CSV 解析：{error}。"


def _sheet(content: bytes) -> Iterator[tuple[int, list[str] | str]]:
    """The rows of the first sheet; instants become ISO 8601, whole numbers lose their '.0'."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = [[_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, IndexError) as error:
        raise Invalid("无法读取这个 XLSX 文件，文件可能已损坏，请重新导出。") from error
    yield from enumerate(rows, 1)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _named(
    lines: Iterable[tuple[int, list[str] | str]],
    columns: Sequence[str],
    optional: Sequence[str],
    aliases: Mapping[str, str],
) -> list[Row]:
    filled = [
        (n, cells) for n, cells in lines if isinstance(cells, str) or any(map(str.strip, cells))
    ]
    if not filled or isinstance(filled[0][1], str):
        raise Invalid("文件是空的，或第一行不是列名。")
    header = [aliases.get(name.strip(), name.strip()) for name in filled[0][1]]
    missing = [name for name in columns if name not in header]
    if missing:
        raise Invalid(f"文件缺少列：{'、'.join(missing)}。现有的列：{'、'.join(header)}。")
    wanted = [*columns, *(name for name in optional if name in header)]
    places = {name: header.index(name) for name in wanted}
    return [_row(line, cells, len(header), places) for line, cells in filled[1:]]


def _row(line: int, cells: list[str] | str, width: int, places: dict[str, int]) -> Row:
    if isinstance(cells, str):
        return Row(line, {}, cells)
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) > width:
        return Row(line, {}, f"有 {len(cells)} 列，列名只有 {width} 个")
    padded = [*cells, *[""] * (width - len(cells))]
    return Row(line, {name: padded[place].strip() for name, place in places.items()})
