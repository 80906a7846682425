"""Files that people bring: encodings, headings, formulas, merged cells, and hostile archives."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from portal.errors import Invalid
from portal.sheets import reading
from portal.sheets.columns import firm_code
from portal.sheets.kinds import SHEETS, Sheet
from portal.sheets.reading import read

PLACES = SHEETS["regions"]


def csv_file(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode(encoding))
    return path


def refusal(path: Path, sheet: Sheet = PLACES) -> str:
    with pytest.raises(Invalid) as caught:
        read(path, sheet)
    return caught.value.message


def cells(path: Path, sheet: Sheet = PLACES) -> list[dict[str, str]]:
    return [line.cells for line in read(path, sheet)[1]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_of_excel(tmp_path: Path, encoding: str) -> None:
    path = csv_file(tmp_path, "名称,排列顺序\r\n东昌府区,1\r\n\r\n,\r\n", encoding)
    assert cells(path) == [{"name": "东昌府区", "position": "1"}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "这个文件是空的"),
        ("名字,排列顺序\n东昌府区,1\n", "不认识的列“名字”，是不是“名称”？"),
        ("名称,备注\n东昌府区,1\n", "不认识的列“备注”"),
        ("名称,名称\n东昌府区,1\n", "列名“名称”出现了两次"),
        ("排列顺序\n1\n", "缺少列“名称”"),
        ("聊城市县市区名单\n名称,排列顺序\n东昌府区,1\n", "列名在第 2 行，应在第一行"),
        ("甲,乙\n1,2\n", "第一行不是这份名单的列名，应为：名称、排列顺序、状态"),
        ("名称;排列顺序\n东昌府区;1\n", "列之间请用英文逗号分隔"),
        ("\x00\x01\x02", "不是 CSV 或 XLSX"),
        ('"' + "a\n" * 20, "第一行不是这份名单的列名"),
    ],
)
def test_wrong_files_are_refused_in_words(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refusal(csv_file(tmp_path, text))


def test_a_line_with_too_many_cells_is_wrong_alone(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "名称,排列顺序\n甲,1\n乙,2,3\n")
    lines = read(path, PLACES)[1]
    assert [bool(line.problems) for line in lines] == [False, True]


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    text = "名称\n" + "".join(f"n{n}\n" for n in range(reading.MAX_ROWS + 1))
    assert "一次最多导入 20000 行" in refusal(csv_file(tmp_path, text))


def book(tmp_path: Path, rows: list[list[Any]], merge: str = "") -> Path:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    for row in rows:
        page.append(row)
    if merge:
        page.merge_cells(merge)
    path = tmp_path / "file.xlsx"
    workbook.save(path)
    return path


def test_a_formula_is_named_and_never_computed(tmp_path: Path) -> None:
    lines = read(book(tmp_path, [["名称", "排列顺序"], ["甲", "=1+1"], ["乙", 2]]), PLACES)[1]
    assert [line.problems for line in lines][1] == []
    assert lines[0].problems[0]["values"]["cell"] == "B"
    assert "公式" in lines[0].problems[0]["text"]


def test_merged_cells_are_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["名称", "排列顺序"], ["甲", 1]], "A2:A3")
    assert "表中有合并单元格（A2:A3）" in refusal(path)


def test_dates_and_numbers_of_a_sheet_become_text(tmp_path: Path) -> None:
    sheet = SHEETS["leave"]
    rows = [["用户名", "开始日期", "结束日期"], ["cadre", date(2026, 3, 2), "2026年3月6日"]]
    found = cells(book(tmp_path, rows), sheet)
    assert found == [{"username": "cadre", "starts_on": "2026-03-02", "ends_on": "2026年3月6日"}]


def test_a_long_number_that_lost_its_end_is_named(tmp_path: Path) -> None:
    rows = [["统一社会信用代码", "企业名称"], [911500000000000001, "甲"]]
    lines = read(book(tmp_path, rows), SHEETS["enterprises"])[1]
    assert "丢失了末尾几位" in lines[0].problems[0]["text"]
    with pytest.raises(Invalid, match="科学计数法"):
        firm_code("9.115E+17")


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/worksheets/sheet1.xml", b" " * (61 * 1024 * 1024))
    assert "展开后过大" in refusal(path)
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><Types/>")
    assert "不允许的内容" in refusal(path)
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("word/document.xml", "<w/>")
    assert "这不是 XLSX 文件" in refusal(path)
    path.write_bytes(b"PK\x03\x04 no archive at all")
    assert "文件可能已损坏" in refusal(path)
    path.write_bytes(b"\xd0\xcf\x11\xe0 old")
    assert "旧版 Excel" in refusal(path)


def test_a_far_away_cell_costs_nothing(tmp_path: Path) -> None:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    page["A1"], page["B1"] = "名称", "排列顺序"
    page["A2"], page["B2"] = "甲", 1
    page["XFD900000"] = "far"
    buffer = io.BytesIO()
    workbook.save(buffer)
    path = tmp_path / "far.xlsx"
    path.write_bytes(buffer.getvalue())
    assert cells(path) == [{"name": "甲", "position": "1"}]
