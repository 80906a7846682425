"""Dispatch rules in force, as a sheet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from portal.auth.roles import Actor
from portal.directory.models import Category, Chain, Department, Region
from portal.errors import N_, Invalid
from portal.extensions import db
from portal.routing import queries, rulebook
from portal.routing.findings import examine
from portal.routing.models import DispatchRule, Rulebook
from portal.routing.rules import Rule
from portal.sheets.columns import Values
from portal.sheets.lookups import Names
from portal.sheets.planning import CHANGED, NEW, WRONG, Key, Planned
from portal.sheets.reading import problem
from portal.sheets.registers import Register

NOTE = N_("按导入的文件修改")
DIMENSIONS = ("category", "region", "chain")


class Rules(Register):
    """The rules in force, by their conditions. Lines that are applied make the next version."""

    kind, model = "rules", DispatchRule

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.departments = Names(Department)
        columns = select(Category.id, Category.parent_id)
        self.parents: dict[int | None, int | None] = dict(db.session.execute(columns).all())
        self._wanted: dict[tuple[Any, ...], int] = {}
        self.named = {
            "category": Names(Category),
            "region": Names(Region),
            "chain": Names(Chain),
        }

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        in_force = DispatchRule.rulebook_id == Rulebook.id
        return select(DispatchRule).join(Rulebook, in_force).where(Rulebook.state == "in_force")

    def everything(self) -> Select[Any]:
        return self.stored([]).order_by(DispatchRule.number)

    def values(self, item: DispatchRule) -> Values:
        return {
            **{n: self.named[n].name(getattr(item, f"{n}_id")) for n in DIMENSIONS},
            "urgency": item.urgency,
            "department": self.departments.name(item.department_id),
        }

    def order(self, plan: Sequence[Planned]) -> list[Planned]:
        """The most specific first: such a rule may settle two that would tie without it."""
        return sorted(plan, key=lambda one: -sum(part is not None for part in one.key))

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        was = before or {}
        for name in DIMENSIONS:
            self.named[name].check(after[name], was.get(name), name)
        self.departments.check(after["department"], was.get("department"), "department")

    def settle(self, plan: Sequence[Planned]) -> None:
        """Refuses lines whose rule would tie with another; a refused one can settle no others."""
        mine = {one.key: one for one in plan if one.action in (NEW, CHANGED)}
        stored = {key: self.values(item) for key, item in self.items.items()}
        while found := self._first_tie(mine):
            one, other = found
            one.action = WRONG
            one.problems.append(
                problem(
                    Invalid(
                        "与派往“%(unit)s”的规则（%(when)s）同样具体、条件重叠，"
                        "却派往不同单位；请再加一个条件。",
                        "department",
                        unit=other["department"],
                        when=" · ".join(other[n] for n in (*DIMENSIONS, "urgency") if other[n])
                        or "–",
                    )
                )
            )
            del mine[one.key]
            if one.key in stored:
                self.known[one.key] = stored[one.key]
            else:
                del self.known[one.key]

    def _first_tie(self, mine: dict[Key, Planned]) -> tuple[Planned, Values] | None:
        """A line of the file that ties, with the rule it ties with."""
        keys = list(self.known)
        rules = [Rule(place, *self._ids(self.known[key])) for place, key in enumerate(keys)]
        for tie in examine(rules, queries.world()).ties:
            tied = [keys[rule.id] for rule in tie.rules]
            for key in reversed(tied):
                if key in mine:
                    other = next(one for one in tied if one != key)
                    return mine[key], self.known[other]
        return None

    def _ids(self, values: Values) -> tuple[Any, ...]:
        category = self.named["category"].id(values["category"])
        return (
            *self._conditions(values),
            self.departments.id(values["department"]),
            self.parents.get(category),
        )

    def _conditions(self, values: Values) -> tuple[Any, ...]:
        return (*(self.named[n].id(values[n]) for n in DIMENSIONS), values["urgency"])

    def write(self, key: Key, after: Values) -> Any:
        """Waits for `finish`: a version that is in force never changes."""
        self._wanted[self._conditions(after)] = self.departments.id(after["department"]) or 0

    def finish(self, by: Actor, now: datetime) -> None:
        """The next version, with what the lines said; in force at once, as they were confirmed."""
        if not self._wanted:
            return
        draft = rulebook.new_draft(by, now, note=NOTE)
        present = {rule.conditions: rule.id for rule in queries.rules_of(draft.id)}
        for conditions, unit in self._wanted.items():
            old = present.get(conditions)
            rulebook.put_rule(by, draft.id, None, conditions, unit, now, instead_of=old)
        rulebook.enact(by, draft.id, None, now)
