"""Imports, their lines and their problems in the reader's words."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from portal import masks
from portal.sheets.kinds import SHEETS, Sheet
from portal.sheets.models import SheetImport, SheetLine
from portal.sheets.planning import ACTIONS

Words = dict[str, Any]
# The columns with persons' telephones; a unit's own is nobody's.
_PHONES = {"enterprises": "contact_phone", "contacts": "phone", "staff": "phone"}


def title(kind: str) -> str:
    """What a register is called."""
    return _(SHEETS[kind].title) if kind in SHEETS else _("通报附表")


def state_words(row: SheetImport) -> str:
    """Where an import stands."""
    words = {
        "uploaded": _("正在试算"),
        "planned": _("等待确认"),
        "applying": _("正在写入"),
        "done": _("已写入"),
        "unreadable": _("文件无法读取"),
        "cancelled": _("已取消"),
        "failed": _("没有完成"),
    }
    return words[row.state]


def action_words(action: str) -> str:
    """What a line would do."""
    words = {
        "new": _("新增"),
        "changed": _("修改"),
        "unchanged": _("不变"),
        "wrong": _("有错"),
        "refused": _("未写入"),
    }
    return words[action]


def sentence(problem: Mapping[str, Any]) -> str:
    """What is wrong, as a sentence."""
    template, values = problem["text"], problem["values"]
    return _(template, **values) if values else _(template)


def reason(sheet: Sheet, problems: Sequence[Mapping[str, Any]]) -> str:
    """All that is wrong with a line, each with its column."""
    return " ".join(_with_column(sheet, one) for one in problems)


def chosen_of(row: SheetImport, wanted: str) -> str:
    """Which lines to show: those asked for, else the first that there are."""
    counts = counts_of(row)
    if counts.get(wanted):
        return wanted
    order = ("refused", "wrong", "changed", "new", "unchanged")
    return next((action for action in order if counts[action]), "new")


def counts_of(row: SheetImport) -> dict[str, int]:
    """How many lines there are of each action, and how many were not written at the end."""
    return {**{action: getattr(row, action) for action in ACTIONS}, "refused": row.refused}


def line_view(sheet: Sheet, line: SheetLine) -> Words:
    """One line: which row it is, what changes, and what is wrong. Persons' numbers are masked:
    who brought the file has them there, and whoever else opens the import needs none."""
    names = [_hidden(sheet, key, line.cells.get(key)) for key in sheet.keys]
    told = line.cells.get("name") if "name" not in sheet.keys else None
    changes = [
        {
            "column": _(sheet.by_key[key].heading),
            "old": _hidden(sheet, key, old),
            "new": _hidden(sheet, key, new),
        }
        for key, (old, new) in line.changes.items()
    ]
    return {
        "number": line.number,
        "name": told or " · ".join(filter(None, names)) or _("（无）"),
        "key": " · ".join(filter(None, names)) if told else "",
        "changes": changes,
        "cells": [] if changes or line.problems else _cells(sheet, line),
        "problems": [_with_column(sheet, one) for one in line.problems],
    }


def _cells(sheet: Sheet, line: SheetLine) -> list[tuple[str, str]]:
    """The cells of a line that are filled and do not name it."""
    return [
        (_(column.heading), _hidden(sheet, key, line.cells[key]))
        for key, column in sheet.by_key.items()
        if key not in sheet.keys and key != "name" and line.cells.get(key)
    ]


def _hidden(sheet: Sheet, key: str, text: str | None) -> str:
    if not text:
        return text or ""
    return masks.phone(text) if _PHONES.get(sheet.kind) == key else masks.numbers(text)


def _with_column(sheet: Sheet, problem: Mapping[str, Any]) -> str:
    column = sheet.by_key.get(problem["column"] or "")
    said = sentence(problem)
    return _("%(column)s：%(said)s", column=_(column.heading), said=said) if column else said
