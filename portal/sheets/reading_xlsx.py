"""Reads the first sheet of an XLSX file with bounded memory; hostile files are refused. Pure."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from portal.errors import Invalid

MAX_PARTS = 500
MAX_UNPACKED = 60 * 1024 * 1024
MAX_COLUMNS = 24  # what stands farther right is not read: a lone cell there costs memory
LONGEST_NUMBER = 10**15  # a table program keeps 15 digits
_SHEET = re.compile(r"^xl/worksheets/[^/]+\.xml$")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*ref="([A-Z0-9:]{2,20})"')
_BROKEN = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, IndexError, ValueError)
_BROKEN += (NotImplementedError, EOFError, OSError, TypeError, AttributeError, RuntimeError)
_CHUNK = 256 * 1024


def read_xlsx(content: bytes, most: int) -> list[tuple[int, Any]]:
    """The rows of the first sheet that are not blank, by number: texts, or what is wrong.

    Stops after `most` rows. Raises Invalid for a file that is broken, unpacks to too much,
    or has merged cells.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check_package(package)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        return list(islice(_rows(sheet.iter_rows(max_col=MAX_COLUMNS)), most))
    except Invalid:
        raise
    except _BROKEN as error:
        raise Invalid("无法读取这个 XLSX 文件，文件可能已损坏，请重新导出或另存后再试。") from error


def _rows(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """A far row costs no more than a look at the blank ones before it."""
    for number, cells in enumerate(rows, 1):
        if any(cell.value is not None for cell in cells):
            yield number, _row(cells)


def _check_package(package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise Invalid("这个 XLSX 文件展开后过大，请只保留一张工作表的文字内容，另存后再试。")
    if "[Content_Types].xml" not in package.namelist():
        raise Invalid("这不是 XLSX 文件，请从表格软件另存为 .xlsx 后再试。")
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with package.open(part) as stream:
                head = stream.read(2048)
            if b"<!DOCTYPE" in head or b"<!ENTITY" in head or b"\x00" in head:
                raise Invalid("这个 XLSX 文件含有不允许的内容，请从表格软件另存后再试。")
    for part in sorted(p.filename for p in parts if _SHEET.match(p.filename))[:1]:
        merged = _merged(package, part)
        if merged:
            raise Invalid(
                "表中有合并单元格（%(cells)s），请取消合并、逐行填写后再试。", cells=merged
            )


def _merged(package: zipfile.ZipFile, name: str) -> str:
    """The first merged cells of a sheet, as “A2:B3”."""
    kept = b""
    with package.open(name) as stream:
        while chunk := stream.read(_CHUNK):
            found = _MERGED.search(kept + chunk)
            if found:
                return found[1].decode()
            kept = chunk[-200:]
    return ""


def _row(cells: tuple[Any, ...]) -> Any:
    """The texts of a row, or what is wrong with it."""
    texts = []
    for place, cell in enumerate(cells):
        try:
            texts.append(_text(cell))
        except Invalid as error:
            return {
                "column": None,
                "text": error.template,
                "values": {**error.values, "cell": f"{_letter(place)}"},
            }
    return texts


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        raise Invalid("%(cell)s 列是公式，请选择性粘贴为数值后再试。", cell="")
    if cell.data_type == "e":
        raise Invalid(
            "%(cell)s 列是出错的公式（%(value)s），请改成数值。", cell="", value=str(value)
        )
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) >= LONGEST_NUMBER:
            raise Invalid("%(cell)s 列的长数字丢失了末尾几位，请把这一列设为文本后重填。", cell="")
        return str(int(value)) if float(value).is_integer() else str(value)
    return str(value)


def _letter(place: int) -> str:
    """A column's letters: 0 is A."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
