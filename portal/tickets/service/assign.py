"""Assignment: route, dispatch, reassign, and what a ticket gains when it reaches a cadre."""

from datetime import datetime

from portal.auth.models import User
from portal.auth.roles import SYSTEM, Role
from portal.errors import Invalid
from portal.extensions import db
from portal.routing import facts
from portal.routing.decision import CHOSEN, NAMED, Decision
from portal.routing.service import choose_in, decide
from portal.sla.service import NEXT_ROUND, ROUND_ONE, Clocks
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.sealed_queries import avoided
from portal.tickets.service import elevate, petition, waiting
from portal.tickets.service.move import Ask, begin, locked, record, tell, vacate


def route(ticket_id: int, now: datetime) -> Ticket:
    """Sends a submitted ticket to the cadre that routing decides, or to triage (domain.md §4).

    Where all who could take it are full it waits for a place, still submitted. Safe to run twice:
    a ticket that is no longer `submitted` is left as it is.
    """
    ticket = locked(ticket_id)
    if ticket.status != Status.SUBMITTED:
        return ticket
    decision = decide(ticket, now, avoided(ticket))
    ask = Ask(SYSTEM, ticket_id, now)
    begin(ask, Action.ROUTE)
    ticket.route_reasons = decision.reasons
    ticket.rule_id = decision.rule.id if decision.rule else None
    if decision.waits_for is not None:
        waiting.wait(ask, ticket, decision.waits_for)
        return ticket
    if decision.cadre_id is None:
        record(ask, ticket, Action.ROUTE, to=Status.TRIAGE, public=False, reasons=decision.reasons)
        Clocks(ticket, now).refresh()
        tell(ticket, "triage", now, role=Role.DISPATCHER, key=f"triage:{ticket.id}:1")
        return ticket
    give(ask, ticket, Action.ROUTE, decision)
    return ticket


def dispatch(ask: Ask, department_id: int, cadre_id: int | None, reason: str) -> Ticket:
    """A dispatcher sends a ticket to a department, and to a cadre or the one that is chosen there.

    A cadre who is named gets it even when they are full. Raises Invalid when the department has no
    such cadre, or none who has a place.
    """
    ticket = begin(ask, Action.DISPATCH)
    decision = _chosen(department_id, cadre_id, ticket, ask, reason)
    ticket.route_reasons = decision.reasons
    give(ask, ticket, Action.DISPATCH, decision)
    return ticket


def reassign(ask: Ask, cadre_id: int, reason: str) -> Ticket:
    """Gives the ticket to another cadre; a reviewer only inside the own department.

    The sign clock starts anew, every other clock runs on. Raises Invalid for a wrong cadre.
    """
    ticket = begin(ask, Action.REASSIGN)
    cadre = _cadre(cadre_id)
    if ask.actor.role is Role.REVIEWER and cadre.department_id != ask.actor.department_id:
        raise Invalid("只能转给本单位的承办人。", "cadre_id")
    if cadre.id == ticket.assignee_id:
        raise Invalid("这件诉求已经由该承办人办理。", "cadre_id")
    hand_to(ask, ticket, cadre, [f"{ask.actor.name}改派：{reason}"])
    return ticket


def hand_to(ask: Ask, ticket: Ticket, cadre: User, reasons: list[str]) -> None:
    """Gives a locked ticket that somebody has to another cadre by name: a reassignment."""
    if cadre.department_id is not None:
        facts.lock({cadre.department_id})
    petition.expire(ticket, ask.now)
    give(ask, ticket, Action.REASSIGN, Decision(cadre.department_id, cadre.id, reasons, NAMED))


def redirect(ask: Ask, department_id: int, cadre_id: int | None, text: str) -> Ticket:
    """Rules on a second return by direct assignment: granted, and given to another unit at once.

    Without `cadre_id` the one that is chosen in the unit gets it (domain.md §4). Raises Invalid for
    the unit that asked, and when the unit has no such cadre.
    """
    ticket = begin(ask, Action.REDIRECT)
    if department_id == ticket.department_id:
        raise Invalid(
            "请指定申请退单以外的单位；仍由该单位办理的，请选“不同意退单”。", "department_id"
        )
    decision = _chosen(department_id, cadre_id, ticket, ask, text)
    before = ticket.assignee_id
    petition.decide(ask, ticket, "return", "granted", text, None)
    ticket.returned += 1
    petition.expire(ticket, ask.now)
    ticket.route_reasons = decision.reasons
    give(ask, ticket, Action.REDIRECT, decision)
    elevate.after_twice(ticket, ask.now)
    tell(ticket, "return_granted", ask.now, users=[before])
    return ticket


def give(ask: Ask, ticket: Ticket, action: Action, decision: Decision) -> None:
    """Status, assignee, clocks and notices of a locked ticket that reaches a cadre.

    Raises Invalid where the ticket is sealed against the cadre's unit: whoever decided it.
    """
    if decision.department_id in avoided(ticket):
        raise Invalid("这件密件涉及该单位或其上下级单位，须回避，请改派其他单位。", "cadre_id")
    before = ticket.assignee_id
    ticket.department_id = decision.department_id
    ticket.assignee_id = decision.cadre_id
    ticket.assigned_at = ask.now
    ticket.accepted_at = ticket.accepted_at or ask.now
    record(
        ask,
        ticket,
        action,
        to=Status.ASSIGNED,
        reasons=decision.reasons,
        department_id=decision.department_id,
        assignee_id=decision.cadre_id,
        **decision.decided_by,
    )
    vacate(before, ask.now)
    clocks = Clocks(ticket, ask.now)
    clocks.stop("accept")
    clocks.cancel("sign")
    clocks.start("sign", again=True)
    clocks.start(*(ROUND_ONE if ticket.round == 1 else NEXT_ROUND))
    clocks.refresh()
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "assigned", ask.now, users=[ticket.assignee_id], key=f"assigned:{stamp}")
    tell(ticket, "accepted", ask.now, users=[ticket.applicant_id], key=f"accepted:{stamp}")


def _chosen(
    department_id: int, cadre_id: int | None, ticket: Ticket, ask: Ask, reason: str
) -> Decision:
    by = f"{_by(ask)}指定：{reason}"
    if cadre_id is not None:
        cadre = _cadre(cadre_id)
        if cadre.department_id != department_id:
            raise Invalid("该承办人不在所选单位。", "cadre_id")
        facts.lock({department_id})
        return Decision(department_id, cadre.id, [by], NAMED)
    if department_id in (kept := avoided(ticket)):
        raise Invalid("这件密件涉及该单位或其上下级单位，须回避，请改派其他单位。", "department_id")
    choice, words = choose_in(department_id, ticket, ask.now, kept)
    if choice.full:
        raise Invalid("所选单位在岗的承办人都已满，请指定一位承办人，或改派其他单位。", "cadre_id")
    if choice.cadre is None:
        raise Invalid("所选单位今天没有在岗的承办人，请指定其他单位。", "department_id")
    return Decision(department_id, choice.cadre.id, [by, *words], CHOSEN)


def _by(ask: Ask) -> str:
    """The role and name of whoever decided, as the reasons of a route say it."""
    role = {Role.SUPERVISOR: "督办员", Role.LEADER: "领导"}.get(ask.actor.role, "派单员")
    return f"{role}{ask.actor.name}"


def _cadre(cadre_id: int) -> User:
    cadre = db.session.get(User, cadre_id)
    if cadre is None or cadre.role != Role.CADRE or not cadre.active:
        raise Invalid("请选择一位在职的承办人。", "cadre_id")
    return cadre
