"""The columns of a sheet: how a cell's text becomes a value, and a value the text shown. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.errors import N_, Invalid
from portal.plaintext import PHONE, USERNAME, capitals, clean, code, phone_code, plain

# A value is what a register stores: text, a number, a date, True or False; None is an empty cell.
Values = dict[str, Any]
MAX_WORDS = 100
MAX_SENTENCES = 1000
_DAY = re.compile(r"^(\d{4})[-/.\u5e74](\d{1,2})[-/.\u6708](\d{1,2})\u65e5?(?:[ T]00:00(?::00)?)?$")
_PACKED_DAY = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_SHORTENED = re.compile(r"^\d(?:\.\d+)?[eE]\+\d+$")
YES, NO = N_("是"), N_("否")
IN_USE, STOPPED = N_("在用"), N_("停用")
STATES = {True: IN_USE, False: STOPPED}
ANSWERS = {True: YES, False: NO}


@dataclass(frozen=True)
class Column:
    """One column: its key, the heading in the file, and how its cells are read and shown.

    `read` gets a text that is not empty and raises Invalid. `fallback`: what a new row gets when
    the file lacks the column. `told`: written to help the reader, not read.
    """

    key: str
    heading: str
    read: Callable[[str], Any]
    required: bool = False
    note: str = ""
    show: Callable[[Any], str] = lambda value: "" if value is None else str(value)
    fallback: Any = None
    told: bool = False
    words: Mapping[Any, str] | None = None


def words(text: str, most: int = MAX_WORDS) -> str:
    """One line of at most `most` characters."""
    return _short(clean(text), most)


def sentences(text: str) -> str:
    """Lines of text."""
    return _short(plain(text).strip(), MAX_SENTENCES)


def phone(text: str) -> str:
    """A Chinese mobile number, or a landline with its area code."""
    number = phone_code(text)
    if not re.match(PHONE, number):
        raise Invalid("请填写 11 位手机号，或带区号的座机，如 0635-8123456。")
    return number


def firm_code(text: str) -> str:
    """A credit code as it is stored; its check digit is judged where a firm is new."""
    if _SHORTENED.match(text):
        raise Invalid(
            "表格软件把长数字改成了科学计数法，末尾数字已丢失；请把这一列设为文本后重填。"
        )
    return _short(capitals(text).replace("-", ""), 40)


def username(text: str) -> str:
    """An account's name, in lower case."""
    name = code(text).lower()
    if not re.match(USERNAME, name):
        raise Invalid("请填写 3 到 32 位用户名，可用字母、数字和 . _ - @，以字母或数字开头。")
    return name


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        digits = code(text)
        if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
            raise Invalid("请填写 %(least)d 到 %(most)d 的整数。", least=least, most=most)
        if not least <= int(digits) <= most:
            raise Invalid("请填写 %(least)d 到 %(most)d 的整数。", least=least, most=most)
        return int(digits)

    return read


def day(text: str) -> date:
    """A local date, however people write it."""
    match = _DAY.match(code(text)) or _PACKED_DAY.match(code(text)) or _DAY.match(text.strip())
    try:
        if match is None:
            raise ValueError
        return date(*map(int, match.groups()))
    except ValueError:
        raise Invalid("请填写日期，如 2026-03-02。") from None


def one_of(choices: Mapping[Any, str]) -> Callable[[str], Any]:
    """A reader of the words of a fixed list; gives the stored code."""
    codes = {word: key for key, word in choices.items()}

    def read(text: str) -> Any:
        word = clean(text)
        if word not in codes:
            raise Invalid(
                "不能填“%(word)s”，请填写：%(words)s。", word=word[:20], words=_list(codes)
            )
        return codes[word]

    return read


def text(key: str, heading: str, most: int = MAX_WORDS, **more: Any) -> Column:
    """A column of single lines."""
    return Column(key, heading, lambda cell: words(cell, most), **more)


def days(key: str, heading: str, **more: Any) -> Column:
    """A column of dates."""
    note = more.pop("note", N_("日期，如 2026-03-02。"))
    return Column(key, heading, day, show=_day_text, note=note, **more)


def choice(key: str, heading: str, choices: Mapping[Any, str], **more: Any) -> Column:
    """A column of the words of a fixed list."""

    def show(value: Any) -> str:
        return "" if value is None else choices.get(value, str(value))

    return Column(key, heading, one_of(choices), show=show, words=choices, **more)


def place() -> Column:
    """The column of a row's place in lists."""
    note = N_("0 到 9999 的整数，小的排在前面。")
    return Column("position", N_("排列顺序"), whole(0, 9999), note=note, fallback=0, required=True)


def state() -> Column:
    """The column that says whether a row can be chosen."""
    note = N_("停用的不能再被选用，已有的诉求和数据不变。")
    return choice("active", N_("状态"), STATES, note=note, fallback=True, required=True)


def told(key: str, heading: str) -> Column:
    """A column for the reader only."""
    return Column(key, heading, clean, told=True, note=N_("只供查看，导入时不读取。"))


def _short(value: str, most: int) -> str:
    if len(value) > most:
        raise Invalid("内容过长，请控制在 %(n)d 个字以内。", n=most)
    if not value:
        raise Invalid("这里没有可以读出的文字，请重新填写。")
    return value


def _day_text(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def _list(choices: Mapping[str, Any]) -> str:
    return "、".join(choices)
