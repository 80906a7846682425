"""Cells and files of registers: what is exported comes back the same; the hostile is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.errors import Invalid
from portal.sheets import planning, reading, writing
from portal.sheets.columns import Column, Values, day, firm_code, phone, username
from portal.sheets.kinds import SHEETS, STAFF, Sheet
from portal.sheets.reading import read
from portal.sheets.safety import neutral, plain_cell
from portal.wording import ROLES, SIZES, URGENCIES
from tests.factories import make_uscc

PLACES = SHEETS["regions"]
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
LINE = st.text(LETTERS, min_size=1, max_size=20)
SPECIAL = {
    "uscc": st.integers(1, 10**8).map(make_uscc),
    "phone": st.integers(10**9, 2 * 10**9 - 1).map(lambda n: f"1{n + 2 * 10**9}"),
    "username": st.from_regex(r"[a-z0-9][a-z0-9._@-]{2,20}", fullmatch=True),
}


def cell(column: Column) -> st.SearchStrategy[Any]:
    """Values that a column may hold."""
    if column.words is not None:
        found: st.SearchStrategy[Any] = st.sampled_from(list(column.words))
    elif column.read is day:
        found = st.dates(date(1990, 1, 1), date(2099, 12, 31))
    elif column.read is firm_code:
        found = SPECIAL["uscc"]
    elif column.read is phone:
        found = SPECIAL["phone"]
    elif column.read is username:
        found = SPECIAL["username"]
    elif column.key in ("position", "capacity"):
        found = st.integers(1, 9999)
    elif column.key == "template":
        found = st.lists(LINE, min_size=1, max_size=3).map("\n".join)
    else:
        found = LINE
    return found if column.required else st.none() | found


def rows_of(sheet: Sheet) -> st.SearchStrategy[list[Values]]:
    """Rows of a register with different keys."""
    row = st.fixed_dictionaries({key: cell(column) for key, column in sheet.by_key.items()})
    return st.lists(row, max_size=5, unique_by=lambda r: tuple(r[key] for key in sheet.keys))


class Stored:
    """A register that holds rows and lets everything happen."""

    def __init__(self, sheet: Sheet, rows: list[Values]) -> None:
        self.rows = {tuple(row[key] for key in sheet.keys): row for row in rows}

    def find(self, key: planning.Key) -> Values | None:
        return self.rows.get(key)

    def check(self, key: planning.Key, after: Values, before: Values | None) -> None:
        pass

    def keep(self, key: planning.Key, after: Values) -> None:
        self.rows[key] = after


def planned(sheet: Sheet, path: Path, stored: list[Values]) -> list[planning.Planned]:
    _, lines = read(path, sheet)
    plan, state = planning.keyed(sheet, lines), Stored(sheet, stored)
    for one in plan:
        planning.decide(sheet, one, state)
    return plan


def write(sheet: Sheet, rows: list[Values], path: Path) -> None:
    if path.suffix == ".xlsx":
        writing.export_xlsx(sheet, rows, path)
    else:
        path.write_text("".join(writing.export_csv(sheet, rows)), "utf-8", newline="")


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("form", writing.FORMATS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_what_is_exported_comes_back_unchanged(
    kind: str, form: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    sheet = SHEETS[kind]
    rows = data.draw(rows_of(sheet))
    path = tmp_path_factory.getbasetemp() / f"round.{form}"
    write(sheet, rows, path)
    back = planned(sheet, path, rows)
    assert [(one.action, one.problems) for one in back] == [("unchanged", [])] * len(rows)
    new = planned(sheet, path, [])
    assert [one.problems for one in new] == [[]] * len(rows)
    assert [{key: one.after[key] for key in sheet.by_key} for one in new] == rows


@given(st.text(max_size=30))
def test_a_neutralised_cell_is_no_formula_and_comes_back(text: str) -> None:
    assert plain_cell(neutral(text)) == text
    assert not neutral(text).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("kind", SHEETS)
@pytest.mark.parametrize("form", writing.FORMATS)
def test_a_template_can_be_uploaded_as_it_is(kind: str, form: str, tmp_path: Path) -> None:
    sheet, path = SHEETS[kind], tmp_path / f"template.{form}"
    assert set(sheet.example) <= {column.key for column in sheet.columns}
    if form == "xlsx":
        writing.template_xlsx(sheet, path)
    else:
        path.write_text("".join(writing.template_csv(sheet)), "utf-8", newline="")
    assert read(path, sheet) == (list(sheet.by_key), [])


def test_the_words_are_those_of_the_pages(ctx: None) -> None:
    for key, mine, theirs in (
        ("size", SHEETS["enterprises"].by_key["size"].words, SIZES),
        ("role", STAFF, ROLES),
        ("urgency", SHEETS["rules"].by_key["urgency"].words, URGENCIES),
    ):
        assert mine is not None
        assert {c: str(theirs[c]) for c in mine} == dict(mine), key


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-02", date(2026, 3, 2)),
        ("2026/3/2", date(2026, 3, 2)),
        ("2026.3.2", date(2026, 3, 2)),
        ("2026年3月2日", date(2026, 3, 2)),
        ("20260302", date(2026, 3, 2)),
        ("2026-02-30", None),
        ("昨天", None),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, value: date | None) -> None:
    if value is None:
        with pytest.raises(Invalid, match="请填写日期"):
            day(text)
    else:
        assert day(text) == value


# Planning


def file_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(text, "utf-8")
    return path


def plan_text(tmp_path: Path, text: str, stored: list[Values]) -> list[planning.Planned]:
    return planned(PLACES, file_of(tmp_path, text), stored)


def test_a_plan_says_what_each_line_would_do(tmp_path: Path) -> None:
    stored = [
        {"name": "甲县", "position": 1, "active": True},
        {"name": "乙县", "position": 2, "active": True},
    ]
    text = "名称,排列顺序\n甲县,1\n乙县,5\n丙县,3\n丁县,x\n甲县,9\n,4\n"
    plan = plan_text(tmp_path, text, stored)
    actions = [one.action for one in plan]
    assert actions == ["unchanged", "changed", "new", "wrong", "wrong", "wrong"]
    assert plan[1].changes == {"position": ["2", "5"]}
    assert plan[2].after == {"name": "丙县", "position": 3, "active": True}
    said = [one.problems[0]["text"] % one.problems[0]["values"] for one in plan[3:]]
    assert said == ["请填写 0 到 9999 的整数。", "与第 2 行重复，请只保留一行。", "这一格必填。"]
    assert [one.line.number for one in plan[3:]] == [5, 6, 7]


def test_a_missing_column_is_left_alone_and_an_empty_cell_clears(tmp_path: Path) -> None:
    sheet = SHEETS["departments"]
    stored = [{"name": "甲局", "parent": "乙局", "phone": None, "position": 1, "active": False}]
    path = file_of(tmp_path, "名称,上级单位\n甲局,\n")
    [one] = planned(sheet, path, stored)
    assert one.changes == {"parent": ["乙局", ""]}
    assert (one.after["active"], one.after["position"]) == (False, 1)


def test_what_is_stored_is_never_refused(tmp_path: Path) -> None:
    sheet = SHEETS["contacts"]
    stored = [{"uscc": "X", "phone": "–", "name": "留言人", "post": None}]
    assert planning.changes(sheet, stored[0], stored[0]) == {}
    firms = SHEETS["enterprises"]
    old = dict.fromkeys(firms.by_key) | {"uscc": "A1", "contact_phone": "–"}
    path = file_of(tmp_path, "统一社会信用代码,联系电话,规模\nA1,–,小型\n")
    [one] = planned(firms, path, [old])
    assert (one.action, one.changes) == ("changed", {"size": ["", "小型"]})


def test_parents_come_first_whatever_the_file_says() -> None:
    def line(number: int, name: str, parent: str) -> planning.Planned:
        cells = {"name": name, "parent": parent}
        return planning.Planned(reading.Line(number, cells), key=(name,))

    plan = [line(2, "丙", "乙"), line(3, "乙", "甲"), line(4, "甲", ""), line(5, "丁", "丁")]
    ordered = planning.parents_first(plan, "parent")
    assert [one.key[0] for one in ordered] == ["甲", "乙", "丙", "丁"]
    loop = [line(2, "甲", "乙"), line(3, "乙", "甲")]
    assert len(planning.parents_first(loop, "parent")) == 2
