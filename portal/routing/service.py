"""Decides where a ticket goes: gathers the facts, asks the rules, returns reasons in words."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import Category, Department, Leave, Pairing
from portal.extensions import db
from portal.routing import rules
from portal.routing.models import DispatchRule
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

LOCAL = ZoneInfo("Asia/Shanghai")
# What a cadre still has to work on; a ticket that waits for the firm is no load.
_LOAD = (Status.ASSIGNED, Status.IN_PROGRESS, Status.NEEDS_INFO, Status.ON_HOLD)


@dataclass(frozen=True)
class Decision:
    """A department and a cadre, or neither (triage), with the reasons in words, in order.

    `rule_id`: the dispatch rule that decided, None where none did.
    """

    department_id: int | None
    cadre_id: int | None
    reasons: list[str] = field(default_factory=list)
    rule_id: int | None = None

    @property
    def decided_by(self) -> dict[str, Any]:
        """What the event keeps of the rule that decided; empty where none did."""
        return {} if self.rule_id is None else {"rule_id": self.rule_id}


def decide(ticket: Ticket, now: datetime) -> Decision:
    """Pairing, then rules, then the least load in the department, else triage (domain.md §4)."""
    today = now.astimezone(LOCAL).date()
    away = absences(today)
    reasons: list[str] = []
    if ticket.category.by_pairing:
        paired = _by_pairing(ticket, today, away, reasons)
        if paired is not None:
            return paired
    return _by_rule(ticket, now, away, reasons)


def _by_pairing(
    ticket: Ticket, today: date, away: dict[int, int | None], reasons: list[str]
) -> Decision | None:
    query = select(Pairing).where(
        Pairing.enterprise_id == ticket.enterprise_id,
        Pairing.starts_on <= today,
        or_(Pairing.ends_on.is_(None), Pairing.ends_on >= today),
    )
    pairing = db.session.scalars(query.order_by(Pairing.starts_on.desc(), Pairing.id)).first()
    if pairing is None:
        reasons.append("企业没有包联干部")
        return None
    cadre = _present(pairing.owner_id, away) or _present(pairing.deputy_id, away)
    if cadre is None:
        reasons.append(f"包联干部{pairing.owner.name}不在岗且无人代理")
        return None
    if cadre.id == pairing.owner_id:
        words = f"包联干部：{cadre.name}"
    else:
        words = f"包联干部{pairing.owner.name}不在岗，由{cadre.name}代理"
    return Decision(cadre.department_id, cadre.id, [words])


def _present(cadre_id: int | None, away: dict[int, int | None]) -> User | None:
    """The cadre, or who stands in for them; None when that is nobody who can work."""
    chosen = None if cadre_id is None else rules.stand_in(cadre_id, away)
    cadre = None if chosen is None else db.session.get(User, chosen)
    return cadre if cadre is not None and cadre.active and cadre.role == Role.CADRE else None


def _by_rule(
    ticket: Ticket, now: datetime, away: dict[int, int | None], reasons: list[str]
) -> Decision:
    facts = rules.RouteFacts(
        ticket.category_id,
        ticket.region_id,
        ticket.chain_id,
        str(ticket.urgency),
        ticket.category.parent_id,
    )
    try:
        rule = rules.best_rule(active_rules(), facts)
    except rules.Tie as tie:
        names = "、".join(f"第 {rule.id} 条" for rule in tie.rules)
        return Decision(None, None, [*reasons, f"派单规则冲突：{names}同样具体，请管理员修正"])
    if rule is None:
        return Decision(None, None, [*reasons, "没有适用的派单规则"])
    department = db.session.get_one(Department, rule.department_id)
    reasons.append(f"{_conditions(rule, ticket)} → {department.name}")
    choice = least_loaded(department.id, now, away)
    if choice is None:
        return Decision(None, None, [*reasons, f"{department.name}今天没有在岗的承办人"])
    cadre_id, words = choice
    return Decision(department.id, cadre_id, [*reasons, words], rule.id)


def least_loaded(
    department_id: int, now: datetime, away: dict[int, int | None] | None = None
) -> tuple[int, str] | None:
    """The present cadre of a department with the least open load, and why, in words.

    Holds the department's row until the transaction ends, so that routings at the same time count
    each other's work. None when nobody is present.
    """
    if away is None:
        away = absences(now.astimezone(LOCAL).date())
    db.session.execute(
        select(Department.id).where(Department.id == department_id).with_for_update()
    )
    mine = Ticket.assignee_id == User.id
    load = select(func.count()).where(mine, Ticket.status.in_(_LOAD)).scalar_subquery()
    idle = select(func.max(Ticket.assigned_at)).where(mine).scalar_subquery()
    query = select(User.id, User.name, load, idle).where(
        User.department_id == department_id, User.role == Role.CADRE, User.active
    )
    present = [rules.Candidate(*row) for row in db.session.execute(query) if row[0] not in away]
    choice = rules.least_loaded(present)
    if choice is None:
        return None
    return (
        choice.id,
        f"{choice.name}现有 {choice.load} 件未办结，在 {len(present)} 名在岗人员中最少",
    )


def active_rules() -> list[rules.Rule]:
    """The dispatch rules in force, as the pure rules see them."""
    query = (
        select(
            DispatchRule.id,
            DispatchRule.category_id,
            DispatchRule.region_id,
            DispatchRule.chain_id,
            DispatchRule.urgency,
            DispatchRule.department_id,
            Category.parent_id,
        )
        .outerjoin(Category, Category.id == DispatchRule.category_id)
        .where(DispatchRule.active)
        .order_by(DispatchRule.id)
    )
    return [rules.Rule(*row) for row in db.session.execute(query)]


def absences(day: date) -> dict[int, int | None]:
    """Who is on leave on a local day, each with the deputy named in the leave."""
    query = select(Leave.cadre_id, Leave.deputy_id).where(
        Leave.starts_on <= day, Leave.ends_on >= day
    )
    return dict(db.session.execute(query).all())


def _conditions(rule: rules.Rule, ticket: Ticket) -> str:
    words = []
    if rule.category_id is not None:
        words.append(f"类别“{ticket.category.name}”")
    if rule.region_id is not None:
        words.append(f"县市区“{ticket.region.name}”")
    if rule.chain_id is not None and ticket.chain is not None:
        words.append(f"产业链“{ticket.chain.name}”")
    if rule.urgency is not None:
        words.append({"urgent": "紧急", "critical": "特急"}.get(rule.urgency, "一般") + "诉求")
    return "、".join(words) or "所有诉求"
