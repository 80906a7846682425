"""Policy versions: drafts are edited, an enacted version never changes (issue 3, point 3)."""

import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func, select, text

from portal.directory.models import Category
from portal.errors import Conflict, Invalid, NotFound
from portal.extensions import db
from portal.sla import policy_rules, recompute_runs
from portal.sla.default_policy import ClockRule, from_json, rules_for, to_json
from portal.sla.models import Policy, Recompute

_LOCK = 7_101_003  # one writer of policies at a time


def versions() -> list[Policy]:
    """Every version: the profile in force first, then by profile, the newest first."""
    rows = list(db.session.scalars(select(Policy)))
    profile = next((one.profile for one in rows if one.current), "")
    return sorted(rows, key=lambda one: (one.profile != profile, one.profile, -one.version))


def get(policy_id: int) -> Policy:
    """A version. Raises NotFound."""
    policy = db.session.get(Policy, policy_id)
    if policy is None:
        raise NotFound("没有找到这一版时限政策。")
    return policy


def in_force() -> Policy | None:
    """The version that new clocks follow."""
    return db.session.scalar(select(Policy).where(Policy.current))


def rules_for_category(policy: Policy, category: Category) -> list[tuple[int, ClockRule]]:
    """The rule of each clock for an ordinary request of a category, with its place from 0.

    Ordinary: of normal urgency; complex or a consultation as the category says.
    """
    rules = rules_of(policy)
    chosen = rules_for(
        rules,
        urgency="normal",
        complexity="complex" if category.complex else "normal",
        kind="consult" if category.consult else "request",
        category=category.id,
        parent=category.parent_id,
    )
    return [(place, rule) for place, rule in enumerate(rules) if chosen.get(rule.clock) is rule]


def rules_of(policy: Policy) -> tuple[ClockRule, ...]:
    """The rules of a version, drafts too."""
    return from_json(policy.rules)


def print_of(policy: Policy) -> str:
    """A short print of a version's rules; it changes with them."""
    written = json.dumps(policy.rules, sort_keys=True, ensure_ascii=False)
    return sha256(written.encode()).hexdigest()[:16]


def sound(rules: Sequence[ClockRule]) -> bool:
    """Whether a version could be put in force."""
    return not policy_rules.overlaps(rules) and not policy_rules.lacking(rules)


def new_draft(base_id: int, made_by: str) -> Policy:
    """A draft with the rules of a version, as the next version of its profile."""
    _lock()
    base = get(base_id)
    newest = select(func.max(Policy.version)).where(Policy.profile == base.profile)
    draft = Policy(
        profile=base.profile,
        version=(db.session.scalar(newest) or 0) + 1,
        rules=base.rules,
        made_by=made_by,
    )
    db.session.add(draft)
    db.session.flush()
    return draft


def save_rule(policy_id: int, place: int | None, rule: ClockRule, seen: str) -> None:
    """Puts a rule at its place in a draft, or at the end. `seen`: `print_of` as the page had it.

    Raises NotFound, Conflict when the draft was changed meanwhile or is none any more.
    """
    draft, rules = _draft(policy_id, seen)
    if place is None:
        rules.append(rule)
    else:
        _at(rules, place)
        rules[place] = rule
    draft.rules = to_json(rules)


def remove_rule(policy_id: int, place: int, seen: str) -> None:
    """Takes a rule out of a draft; raises as `save_rule` does."""
    draft, rules = _draft(policy_id, seen)
    _at(rules, place)
    del rules[place]
    draft.rules = to_json(rules)


def drop_draft(policy_id: int) -> None:
    """Deletes a draft. Raises Conflict for a version that was put in force."""
    _draft(policy_id, None)
    db.session.execute(delete(Policy).where(Policy.id == policy_id))


def enact(policy_id: int, seen: str, now: datetime, by: str, *, to_open: bool) -> Recompute | None:
    """Puts a version in force for new clocks; `to_open`: starts a run over open tickets too.

    Raises Invalid for rules that overlap or lack a lapse, Conflict for a version changed meanwhile.
    """
    _lock()
    policy = _fresh(policy_id)
    if seen != print_of(policy):
        raise Conflict("这份草稿刚刚被他人修改，请重新查看影响后再启用。")
    if not sound(rules_of(policy)):
        raise Invalid("这一版规则还有冲突或缺项，不能启用，请先修正。")
    present = db.session.scalar(select(Policy).where(Policy.current))
    if present is not None and present.id != policy.id:
        present.current = False
        db.session.flush()
    policy.current = True
    policy.enacted_at = policy.enacted_at or now
    db.session.flush()
    return recompute_runs.start_policy(policy.id, by) if to_open else None


def _draft(policy_id: int, seen: str | None) -> tuple[Policy, list[ClockRule]]:
    _lock()
    draft = _fresh(policy_id)
    if draft.enacted_at is not None:
        raise Conflict("这一版已经启用过，不能再改；请以它为底稿新建草稿。")
    if seen is not None and seen != print_of(draft):
        raise Conflict("这份草稿刚刚被他人修改，请重新打开后再改。")
    return draft, list(rules_of(draft))


def _fresh(policy_id: int) -> Policy:
    """The version as it stands now, its row locked."""
    query = select(Policy).where(Policy.id == policy_id).with_for_update()
    policy = db.session.scalar(query.execution_options(populate_existing=True))
    if policy is None:
        raise NotFound("没有找到这一版时限政策。")
    return policy


def _at(rules: Sequence[ClockRule], place: int) -> None:
    if not 0 <= place < len(rules):
        raise NotFound("没有找到这条规则。")


def _lock() -> None:
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
