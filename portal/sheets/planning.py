"""What a line of a file would do to a register: new, changed, unchanged, or wrong. Pure.

The register's own state is asked through `State`; applying a file plans each line again and
writes only what comes out as it was shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from portal.errors import Invalid
from portal.sheets.columns import Values
from portal.sheets.kinds import Sheet
from portal.sheets.reading import Line, Problem, problem

NEW, CHANGED, UNCHANGED, WRONG = "new", "changed", "unchanged", "wrong"
ACTIONS = (NEW, CHANGED, UNCHANGED, WRONG)
Key = tuple[Any, ...]
Changes = dict[str, list[str]]


@dataclass
class Planned:
    """One line with its fate. `changes`: column key → old and new text, for what changes."""

    line: Line
    key: Key = ()
    action: str = WRONG
    before: Values | None = None
    after: Values = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class State(Protocol):
    """A register as planning sees it: what is stored, with the lines planned so far on top."""

    def find(self, key: Key) -> Values | None:
        """The stored row that a key names."""
        ...

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        """Raises Invalid, with the column as `field`, when the row may not become `after`."""
        ...

    def keep(self, key: Key, after: Values) -> None:
        """Takes a good line into account for those after it."""
        ...


def keyed(sheet: Sheet, lines: Iterable[Line]) -> list[Planned]:
    """The lines with their keys; wrong where the key cannot be read or came before."""
    seen: dict[Key, int] = {}
    found = []
    for line in lines:
        planned = Planned(line, problems=list(line.problems))
        found.append(planned)
        if planned.problems:
            continue
        key, planned.problems = _key(sheet, line.cells)
        if planned.problems:
            continue
        if key in seen:
            error = Invalid("与第 %(n)d 行重复，请只保留一行。", n=seen[key])
            planned.problems.append(problem(error, sheet.keys[0]))
            continue
        seen[key] = line.number
        planned.key = key
    return found


def decide(sheet: Sheet, planned: Planned, state: State) -> None:
    """Says what the line would do, and lets `state` keep it when it is good."""
    if planned.problems:
        return
    before = planned.before = state.find(planned.key)
    planned.after, planned.problems = _after(sheet, planned, before)
    if planned.problems:
        return
    if before is not None:
        planned.changes = changes(sheet, before, planned.after)
        if not planned.changes:
            planned.action = UNCHANGED
            return
    try:
        state.check(planned.key, planned.after, before)
    except Invalid as error:
        planned.problems.append(problem(error))
        return
    planned.action = NEW if before is None else CHANGED
    state.keep(planned.key, planned.after)


def changes(sheet: Sheet, before: Values, after: Values) -> Changes:
    """Old and new text of each column that differs."""
    return {
        key: [column.show(before.get(key)), column.show(after[key])]
        for key, column in sheet.by_key.items()
        if after.get(key) != before.get(key)
    }


def counts(plan: Sequence[Planned]) -> dict[str, int]:
    """How many lines each action has."""
    return {action: sum(one.action == action for one in plan) for action in ACTIONS}


def _key(sheet: Sheet, cells: Mapping[str, str]) -> tuple[Key, list[Problem]]:
    key: list[Any] = []
    problems: list[Problem] = []
    for name in sheet.keys:
        column = sheet.by_key[name]
        try:
            key.append(_value(column, cells.get(name, "")))
        except Invalid as error:
            problems.append(problem(error, name))
    return tuple(key), problems


def _value(column: Any, cell: str) -> Any:
    if not cell:
        if column.required:
            raise Invalid("这一格必填。")
        return None
    return column.read(cell)


def _after(sheet: Sheet, planned: Planned, before: Values | None) -> tuple[Values, list[Problem]]:
    """The row as it would be, and what is wrong with its cells.

    A cell that says what is stored is never refused, however it got there.
    """
    after: Values = dict(before or {})
    problems: list[Problem] = []
    for name, column in sheet.by_key.items():
        if name in sheet.keys:
            after[name] = planned.key[sheet.keys.index(name)]
            continue
        cell = planned.line.cells.get(name)
        try:
            if cell is None:
                if before is None:
                    after[name] = _absent(column)
            elif before is None or cell != column.show(before.get(name)).strip():
                after[name] = _value(column, cell)
        except Invalid as error:
            problems.append(problem(error, name))
    return after, problems


def _absent(column: Any) -> Any:
    """What a new row gets in a column that the file lacks."""
    if column.required and column.fallback is None:
        raise Invalid("新增的行必须有这一列，请按模板补上。")
    return column.fallback


def parents_first(plan: Sequence[Planned], parent: str) -> list[Planned]:
    """The lines in an order in which each stands after the line that its parent cell names."""
    by_name = {one.key[0]: one for one in plan if one.key}
    found: list[Planned] = []
    done: set[int] = set()

    def place(one: Planned) -> None:
        chain = [one]
        while (above := by_name.get(chain[-1].line.cells.get(parent))) is not None:
            if id(above) in done or above in chain:
                break
            chain.append(above)
        for each in reversed(chain):
            if id(each) not in done:
                done.add(id(each))
                found.append(each)

    for one in plan:
        place(one)
    return found
