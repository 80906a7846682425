"""Writes dispatch rules and says what is wrong with them, in words."""

from portal.directory.models import Category, Department
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.routing import rules
from portal.routing.models import DispatchRule
from portal.routing.service import active_rules
from portal.uniqueness import unique

SAME = N_("已有一条条件完全相同的规则，请先停用那一条。")


def add(
    category_id: int | None,
    region_id: int | None,
    chain_id: int | None,
    urgency: str | None,
    department_id: int,
) -> DispatchRule:
    """A new rule. Raises Invalid for the same conditions twice and for a tie with another rule."""
    department = db.session.get(Department, department_id, with_for_update={"read": True})
    if department is None or not department.active:
        raise Invalid("请选择一个在用的承办单位。", "department_id")
    present = active_rules()
    category = db.session.get(Category, category_id) if category_id else None
    parent_id = category.parent_id if category else None
    new = rules.Rule(0, category_id, region_id, chain_id, urgency, department_id, parent_id)
    if any(rule.conditions == new.conditions for rule in present):
        raise Invalid(SAME)
    for a, b in rules.ties([*present, new]):
        if new in (a, b):
            other = b if a is new else a
            raise Invalid(
                "与第 %(n)d 条规则冲突：两条同样具体，却派往不同单位。"
                "请再加一个条件，或先停用那一条。",
                n=other.id,
            )
    rule = DispatchRule(
        category_id=category_id,
        region_id=region_id,
        chain_id=chain_id,
        urgency=urgency,
        department_id=department_id,
    )
    with unique({"uq_dispatch_rule_active": (SAME, None)}):
        db.session.add(rule)
    return rule


def get(rule_id: int) -> DispatchRule:
    """The rule. Raises NotFound."""
    rule = db.session.get(DispatchRule, rule_id)
    if rule is None:
        raise NotFound("没有找到这条规则。")
    return rule


def deactivate(rule_id: int) -> list[tuple[int, int]]:
    """Takes a rule out of force; the ids of rules that tie now that it no longer decides."""
    rule = get(rule_id)
    before = set(conflicts())
    rule.active = False
    db.session.flush()
    return [pair for pair in conflicts() if pair not in before]


def conflicts() -> list[tuple[int, int]]:
    """The pairs of rules in force that tie for some ticket, by id."""
    return [(a.id, b.id) for a, b in rules.ties(active_rules())]
