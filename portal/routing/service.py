"""Decides where a ticket goes: gathers the facts, asks the rules, returns reasons in words."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import Department
from portal.extensions import db
from portal.routing import facts, paired, reasons, rules
from portal.routing.choice import Cadre, Choice, choose, deal
from portal.routing.decision import CHOSEN, Away, Case, Decision
from portal.routing.queries import active_rules
from portal.tickets.models import Ticket

LOCAL = ZoneInfo("Asia/Shanghai")


def decide(ticket: Ticket, now: datetime, excluded: frozenset[int] = frozenset()) -> Decision:
    """Pairing, then rules, then the choice in the department, else triage (domain.md §4).

    `excluded`: units whose people never get it: the one a sealed complaint is about. Locks every
    unit it looks at until the transaction ends; the ticket's row is locked before.
    """
    away = facts.absences(_today(now))
    case = Case(ticket, facts.wanted(ticket, excluded), away, now)
    asked = ticket.category.by_pairing
    pairing = facts.pairing_of(ticket.enterprise_id, _today(now)) if asked else None
    rule, words = _rule(ticket, excluded)
    unit = set() if rule is None else {rule.department_id}
    standing = paired.stand_ins(pairing, away)
    deputies = [] if rule is None else _deputies(rule.department_id, away)
    others = _people({*standing, *deputies})
    facts.lock(unit | {one.department_id for one in others if one.department_id is not None})
    team = facts.cadres(unit, away, [one.id for one in others])
    said: list[str] = []
    if asked:
        found, said = paired.by_pairing(pairing, paired.team_of(team, standing), case)
        if found is not None:
            return found
    if rule is None:
        return Decision(None, None, [*said, words])
    own = [one for one in team.values() if one.department_id == rule.department_id]
    return _within(rule, own, paired.team_of(team, deputies), case, [*said, words])


def choose_in(
    department_id: int, ticket: Ticket, now: datetime, excluded: frozenset[int] = frozenset()
) -> tuple[Choice, list[str]]:
    """The choice in a unit that a person has named for the ticket, and its reasons in words.

    `excluded` as for `decide`, and as there it holds the unit until the transaction ends.
    """
    facts.lock({department_id})
    away = facts.absences(_today(now))
    team = facts.cadres({department_id}, away)
    case = Case(ticket, facts.wanted(ticket, excluded), away, now)
    choice = _in_turn(department_id, list(team.values()), case)
    unit = db.session.get_one(Department, department_id)
    return choice, reasons.chosen(choice) or reasons.nobody(choice, unit.name)


def queue_of(department_id: int, now: datetime) -> list[tuple[int, Choice | None]]:
    """What waits for a place in a unit, in its turn, each with whom it can be given to now.

    Holds the unit until the transaction ends.
    """
    facts.lock({department_id})
    queue = facts.waiting(department_id)
    if not queue:
        return []
    team = facts.cadres({department_id}, facts.absences(_today(now)))
    given, _ = deal(queue, team.values(), now)
    return [(one.ticket_id, given.get(one.ticket_id)) for one in queue]


def _today(now: datetime) -> date:
    return now.astimezone(LOCAL).date()


def _deputies(department_id: int, away: Away) -> list[int]:
    """Where a whole unit is away: whom the chains of its deputies lead to."""
    own = facts.members(department_id) if away else []
    if not own or any(one not in away for one in own):
        return []
    ends = {rules.stand_in(one, away) for one in own}
    return sorted(one for one in ends if one is not None)


def _people(ids: set[int]) -> list[User]:
    """Those of them who can work: active cadres."""
    if not ids:
        return []
    query = select(User).where(User.id.in_(ids), User.active, User.role == Role.CADRE)
    return list(db.session.scalars(query))


def _within(
    rule: rules.Rule, own: list[Cadre], deputies: list[Cadre], case: Case, said: list[str]
) -> Decision:
    """The choice in the unit; where all of it are away, among those who stand in for them.

    The units below are not searched: nobody there answers for this one (docs/decisions/choice.md).
    """
    choice = _in_turn(rule.department_id, own, case)
    if choice.cadre is not None:
        words = [*said, *reasons.chosen(choice)]
        return Decision(rule.department_id, choice.cadre.id, words, CHOSEN, rule=rule)
    unit = db.session.get_one(Department, rule.department_id).name
    one = choose(deputies, case.wanted).cadre
    if one is not None:
        words = [*said, f"{unit}的承办人都不在岗，由{one.name}代理"]
        return Decision(one.department_id, one.id, words, CHOSEN, rule=rule)
    waits_for = rule.department_id if choice.full else None
    words = [*said, *reasons.nobody(choice, unit)]
    return Decision(None, None, words, waits_for=waits_for, rule=rule)


def _in_turn(department_id: int, own: list[Cadre], case: Case) -> Choice:
    """The choice after everything that waits for a place in the unit and is due before."""
    if all(one.full or one.away for one in own):
        return choose(own, case.wanted)
    _, after = deal(facts.waiting(department_id, case.ticket), own, case.now)
    return choose(after, case.wanted)


def _rule(ticket: Ticket, excluded: frozenset[int]) -> tuple[rules.Rule | None, str]:
    """The rule that decides and its words, or None and why."""
    found = rules.RouteFacts(
        ticket.category_id,
        ticket.region_id,
        ticket.chain_id,
        str(ticket.urgency),
        ticket.category.parent_id,
    )
    try:
        rule = rules.best_rule(active_rules(), found)
    except rules.Tie as tie:
        names = "、".join(f"第 {rule.number} 条" for rule in tie.rules)
        return None, f"派单规则冲突：{names}同样具体，请管理员修正"
    if rule is None:
        return None, "没有适用的派单规则"
    unit = db.session.get_one(Department, rule.department_id)
    words = f"{_conditions(rule, ticket)} → {unit.name}"
    return (None, f"{words}，该单位须回避") if unit.id in excluded else (rule, words)


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
