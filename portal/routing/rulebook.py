"""Writes the rulebook: drafts are opened, edited, carried over, put in force; one at a time.

A version that was put in force never changes. Who may do what: docs/decisions/rules.md.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text

from portal.auth.roles import Actor, Role
from portal.directory.models import Department
from portal.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from portal.extensions import db
from portal.routing import queries
from portal.routing.changes import Change, Conditions, carry, changes, sentences
from portal.routing.findings import Findings, examine
from portal.routing.models import DispatchRule, Rulebook, RulebookEdit

_LOCK = 7_101_008  # one writer of the rulebook at a time
_NAMES = ("category_id", "region_id", "chain_id", "urgency")


def new_draft(
    actor: Actor, now: datetime, note: str = "", ticket_id: int | None = None
) -> Rulebook:
    """A draft with the rules in force, the next version. `ticket_id`: whose return it answers."""
    _lock()
    base = queries.in_force()
    draft = Rulebook(
        version=(db.session.scalar(select(func.max(Rulebook.version))) or 0) + 1,
        note=note,
        base_id=base.id if base else None,
        ticket_id=ticket_id,
        made_by_id=actor.id,
        made_at=now,
    )
    db.session.add(draft)
    db.session.flush()
    _write(draft.id, sentences(queries.rules_of(draft.base_id)))
    return draft


def put_rule(
    actor: Actor,
    rulebook_id: int,
    seen: int | None,
    conditions: Conditions,
    department_id: int,
    now: datetime,
    instead_of: int | None = None,
) -> Rulebook:
    """Adds a rule to a draft, or puts it in the place of the rule `instead_of`.

    `conditions`: category, region, chain, urgency, None matches everything. `seen`: the revision
    that the page showed, None for a machine. Raises NotFound, Invalid for conditions that another
    rule has or a unit that is not active, Stale, Conflict when it is a draft no longer.
    """
    draft = _draft(rulebook_id, seen)
    unit = db.session.get(Department, department_id)
    if unit is None or not unit.active:
        raise Invalid("请选择一个在用的承办单位。", "department_id")
    old = _rule(draft, instead_of) if instead_of is not None else None
    same = select(DispatchRule).where(DispatchRule.rulebook_id == draft.id, *_are(conditions))
    other = db.session.scalar(same)
    if other is not None and (old is None or other.id != old.id):
        raise Invalid("第 %(n)d 条的条件完全相同，请直接修改那一条。", n=other.number)
    before = None if old is None else _plain(_conditions(old), old.department_id)
    if old is not None:
        db.session.delete(old)
        db.session.flush()
    _write(draft.id, {conditions: department_id})
    _note(draft, actor, now, before, _plain(conditions, department_id))
    return draft


def remove_rule(
    actor: Actor, rulebook_id: int, seen: int | None, rule_id: int, now: datetime
) -> Rulebook:
    """Takes a rule out of a draft; raises as `put_rule` does."""
    draft = _draft(rulebook_id, seen)
    old = _rule(draft, rule_id)
    before = _plain(_conditions(old), old.department_id)
    db.session.delete(old)
    _note(draft, actor, now, before, None)
    return draft


def drop_draft(actor: Actor, rulebook_id: int) -> None:
    """Deletes a draft; only an administrator deletes somebody else's."""
    draft = _draft(rulebook_id, None)
    if actor.role is not Role.ADMIN and draft.made_by_id != actor.id:
        raise NotAllowed("只能删除自己建立的草稿。")
    for model in (RulebookEdit, DispatchRule):
        db.session.execute(delete(model).where(model.rulebook_id == draft.id))
    db.session.execute(delete(Rulebook).where(Rulebook.id == draft.id))


def carry_over(actor: Actor, rulebook_id: int, now: datetime) -> list[Change]:
    """Makes the draft's changes to the version in force now, which becomes its base.

    Gives back the changes that the version in force contradicts: there it keeps its own.
    """
    draft = _draft(rulebook_id, None)
    mine = sentences(queries.rules_of(draft.id))
    made = changes(sentences(queries.rules_of(draft.base_id)), mine)
    present = queries.in_force()
    wanted, refused = carry(made, sentences(queries.active_rules()))
    db.session.execute(delete(DispatchRule).where(DispatchRule.rulebook_id == draft.id))
    _write(draft.id, wanted)
    draft.base_id = present.id if present else None
    for one in changes(mine, wanted):
        _note(
            draft, actor, now, *(_plain(one.conditions, unit) for unit in (one.before, one.after))
        )
    return refused


def may_enact(actor: Actor, draft: Rulebook) -> bool:
    """An administrator any draft; a dispatcher the one rule that a return showed to be wrong."""
    if actor.role is Role.ADMIN:
        return True
    made = changes(
        sentences(queries.rules_of(draft.base_id)), sentences(queries.rules_of(draft.id))
    )
    return actor.role is Role.DISPATCHER and draft.ticket_id is not None and len(made) == 1


def examined(rulebook_id: int) -> Findings:
    """What is wrong with a version in the present world."""
    return examine(queries.rules_of(rulebook_id), queries.world())


def enact(
    actor: Actor, rulebook_id: int, seen: int | None, now: datetime, note: str = ""
) -> Rulebook:
    """Puts a draft in force, from the next ticket on; what was in force is superseded.

    Raises NotAllowed, Invalid for a draft with ties, Stale when it was edited meanwhile, Conflict
    when another version was put in force since it was opened.
    """
    draft = _draft(rulebook_id, seen)
    if not may_enact(actor, draft):
        raise NotAllowed("这份草稿要由系统管理员启用。")
    present = queries.in_force()
    if draft.base_id != (present.id if present else None):
        raise Conflict("这份草稿建立之后，另一版规则已经启用。请先把草稿改到现行版本上。")
    if not examined(draft.id).sound:
        raise Invalid("草稿中还有冲突，或规则指向已停用的单位，请先修正。")
    if present is not None:
        present.state, present.superseded_at = "superseded", now
        db.session.flush()
    draft.state, draft.enacted_at, draft.enacted_by_id = "in_force", now, actor.id
    draft.note = note or draft.note
    db.session.flush()
    return draft


def _draft(rulebook_id: int, seen: int | None) -> Rulebook:
    """The draft as it stands now, locked until the transaction ends."""
    _lock()
    draft = db.session.get(Rulebook, rulebook_id, populate_existing=True)
    if draft is None:
        raise NotFound("没有找到这一版派单规则。")
    if draft.state != "draft":
        raise Conflict("这一版已经启用，不能再改；要改规则，请新建草稿。")
    if seen is not None and seen != draft.revision:
        raise Stale(seen, draft.revision)
    return draft


def _rule(draft: Rulebook, rule_id: int) -> DispatchRule:
    rule = db.session.get(DispatchRule, rule_id)
    if rule is None or rule.rulebook_id != draft.id:
        raise NotFound("没有找到这条规则。")
    return rule


def _write(rulebook_id: int, wanted: Mapping[Conditions, int]) -> None:
    """Adds rules to a version, each under the number that its sentence has or had anywhere."""
    known = _numbers(wanted)
    last = db.session.scalar(select(func.max(DispatchRule.number))) or 0
    for conditions, department_id in wanted.items():
        number = known.get((*conditions, department_id))
        if number is None:
            number = last = last + 1
        values: dict[str, Any] = dict(zip(_NAMES, conditions, strict=True))
        db.session.add(
            DispatchRule(
                rulebook_id=rulebook_id, number=number, department_id=department_id, **values
            )
        )
    db.session.flush()


def _numbers(wanted: Iterable[Conditions]) -> dict[tuple[int | str | None, ...], int]:
    """The number of every sentence there ever was; few enough to read them all."""
    columns = [getattr(DispatchRule, name) for name in _NAMES]
    query = select(*columns, DispatchRule.department_id, func.min(DispatchRule.number))
    rows = db.session.execute(query.group_by(*columns, DispatchRule.department_id))
    return {tuple(row[:5]): row[5] for row in rows} if wanted else {}


def _are(conditions: Conditions) -> list[Any]:
    return [
        getattr(DispatchRule, name).is_not_distinct_from(value)
        for name, value in zip(_NAMES, conditions, strict=True)
    ]


def _conditions(rule: DispatchRule) -> Conditions:
    return tuple(getattr(rule, name) for name in _NAMES)


def _plain(conditions: Conditions, department_id: int | None) -> dict[str, Any] | None:
    """A rule as an edit keeps it; None where there is none."""
    if department_id is None:
        return None
    return {**dict(zip(_NAMES, conditions, strict=True)), "department_id": department_id}


def _note(
    draft: Rulebook,
    actor: Actor,
    now: datetime,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    draft.revision += 1
    db.session.add(
        RulebookEdit(
            rulebook_id=draft.id,
            revision=draft.revision,
            at=now,
            by_id=actor.id,
            before=before,
            after=after,
        )
    )
    db.session.flush()


def _lock() -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
