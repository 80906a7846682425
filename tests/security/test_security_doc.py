"""docs/security.md holds what it says: every point is there, every test it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/security.md").read_text()
NAMED = re.compile(r"`((?:\w+/)*\w+\.py)::(\w+)`")
VERDICTS = {"operator's duty", "not applicable", "not done"}
# How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; they are its first ones.
SECTIONS = """
1.1=2 1.2=9 1.3=11 1.4=3 1.5=2 2.1=3 2.2=3 2.3=4 2.4=1 3.2=2 3.3=4 3.4=6 3.5=5 3.7=2 4.1=3
4.2=1 4.3=2 4.4=4 5.1=1 5.2=3 5.3=2 5.4=3 6.1=3 6.2=12 6.3=4 6.4=4 6.5=5 6.6=3 6.8=4 7.1=3
7.2=4 7.3=2 7.4=5 7.5=2 7.6=2 8.1=2 8.2=3 8.3=1 8.4=1 9.1=3 9.2=4 10.1=2 10.2=2 10.3=4
10.4=11 10.5=5 10.6=2 10.7=3 11.1=2 11.2=3 11.3=3 11.4=4 11.5=1 11.6=1 12.1=3 12.2=2
12.3=4 13.1=1 13.2=5 13.3=2 13.4=5 14.1=2 14.2=4 14.3=3 15.1=3 15.2=3 15.3=7 16.1=1 16.2=5
16.3=4 16.4=3 16.5=3 17.1=1 17.2=4 17.3=2
"""
# The points of each control of GB/T 22239-2019 8.1.4.
CONTROLS = """
身份鉴别=abcd 访问控制=abcdefg 安全审计=abcd 入侵防范=abcdef 恶意代码防范=– 可信验证=–
数据完整性=ab 数据保密性=ab 数据备份恢复=abc 剩余信息保护=ab 个人信息保护=ab
"""


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (one.partition("=") for one in text.split())]


def _rows(part: str) -> list[list[str]]:
    """The cells of the rows of a part of the document."""
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@cache
def _tests_of(name: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / name).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 150
    assert [one for one in named if one[1] not in _tests_of(one[0])] == []


def test_every_point_has_a_test_or_an_honest_word() -> None:
    silent = [
        row[0]
        for row in _rows(TEXT)
        if row[0] and not NAMED.search(row[-1]) and not set(row[-1].split(", ")) <= VERDICTS
    ]
    assert silent == []


def test_every_point_of_the_chinese_standard_is_there() -> None:
    for control, points in _pairs(CONTROLS):
        part = TEXT.split(f"### {control}\n")[1].split("\n#")[0]
        assert "".join(row[0] for row in _rows(part)) == points, control


def test_every_requirement_of_asvs_levels_1_and_2_is_there() -> None:
    wanted = [f"{section}.{n + 1}" for section, most in _pairs(SECTIONS) for n in range(int(most))]
    spans = [_span(one) for row in _rows(TEXT) for one in row[0].split(", ") if "." in one]
    missing = [one for one in wanted if not any(low <= _key(one) <= high for low, high in spans)]
    assert missing == []
    assert len(wanted) == 253


def _key(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def _span(cell: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    first, _, last = cell.partition("–")
    return _key(first), _key(last or first)
