"""Assignment: route, dispatch, reassign, and what a ticket gains when it reaches a cadre."""

from datetime import datetime

from portal.auth.models import User
from portal.auth.roles import SYSTEM, Role
from portal.errors import Invalid
from portal.extensions import db
from portal.routing.service import Decision, decide, least_loaded
from portal.sla.service import NEXT_ROUND, ROUND_ONE, Clocks
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.service import elevate, petition
from portal.tickets.service.move import Ask, begin, locked, record, tell


def route(ticket_id: int, now: datetime) -> Ticket:
    """Sends a submitted ticket to the cadre that routing decides, or to triage (domain.md §4).

    Safe to run twice: a ticket that is no longer `submitted` is left as it is.
    """
    ticket = locked(ticket_id)
    if ticket.status != Status.SUBMITTED:
        return ticket
    decision = decide(ticket, now)
    ask = Ask(SYSTEM, ticket_id, now)
    begin(ask, Action.ROUTE)
    ticket.route_reasons = decision.reasons
    if decision.cadre_id is None:
        record(ask, ticket, Action.ROUTE, to=Status.TRIAGE, public=False, reasons=decision.reasons)
        Clocks(ticket, now).refresh()
        tell(ticket, "triage", now, role=Role.DISPATCHER, key=f"triage:{ticket.id}:1")
        return ticket
    _assign(ask, ticket, Action.ROUTE, decision)
    return ticket


def dispatch(ask: Ask, department_id: int, cadre_id: int | None, reason: str) -> Ticket:
    """A dispatcher sends a ticket to a department, and to a cadre or its least loaded one.

    Raises Invalid when the department has no such cadre.
    """
    ticket = begin(ask, Action.DISPATCH)
    decision = _chosen(department_id, cadre_id, ask, reason)
    ticket.route_reasons = decision.reasons
    _assign(ask, ticket, Action.DISPATCH, decision)
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
    decision = Decision(cadre.department_id, cadre.id, [f"{ask.actor.name}改派：{reason}"])
    petition.expire(ticket, ask.now)
    _assign(ask, ticket, Action.REASSIGN, decision)
    return ticket


def redirect(ask: Ask, department_id: int, cadre_id: int | None, text: str) -> Ticket:
    """Rules on a second return by direct assignment: granted, and given to another unit at once.

    Without `cadre_id` the unit's least loaded cadre gets it (domain.md §4). Raises Invalid for the
    unit that asked, and when the unit has no such cadre.
    """
    ticket = begin(ask, Action.REDIRECT)
    if department_id == ticket.department_id:
        raise Invalid(
            "请指定申请退单以外的单位；仍由该单位办理的，请选“不同意退单”。", "department_id"
        )
    decision = _chosen(department_id, cadre_id, ask, text)
    before = ticket.assignee_id
    petition.decide(ask, ticket, "return", "granted", text, None)
    ticket.returned += 1
    petition.expire(ticket, ask.now)
    ticket.route_reasons = decision.reasons
    _assign(ask, ticket, Action.REDIRECT, decision)
    elevate.after_twice(ticket, ask.now)
    tell(ticket, "return_granted", ask.now, users=[before])
    return ticket


def _assign(ask: Ask, ticket: Ticket, action: Action, decision: Decision) -> None:
    """Status, assignee, clocks and notices of a ticket that reaches a cadre."""
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
    clocks = Clocks(ticket, ask.now)
    clocks.stop("accept")
    clocks.cancel("sign")
    clocks.start("sign", again=True)
    clocks.start(*(ROUND_ONE if ticket.round == 1 else NEXT_ROUND))
    clocks.refresh()
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "assigned", ask.now, users=[ticket.assignee_id], key=f"assigned:{stamp}")
    tell(ticket, "accepted", ask.now, users=[ticket.applicant_id], key=f"accepted:{stamp}")


def _chosen(department_id: int, cadre_id: int | None, ask: Ask, reason: str) -> Decision:
    if cadre_id is not None:
        cadre = _cadre(cadre_id)
        if cadre.department_id != department_id:
            raise Invalid("该承办人不在所选单位。", "cadre_id")
        return Decision(department_id, cadre.id, [f"{_by(ask)}指定：{reason}"])
    choice = least_loaded(department_id, ask.now)
    if choice is None:
        raise Invalid("所选单位今天没有在岗的承办人，请指定其他单位。", "department_id")
    cadre_id, words = choice
    return Decision(department_id, cadre_id, [f"{_by(ask)}指定：{reason}", words])


def _by(ask: Ask) -> str:
    """The role and name of whoever decided, as the reasons of a route say it."""
    role = {Role.SUPERVISOR: "督办员", Role.LEADER: "领导"}.get(ask.actor.role, "派单员")
    return f"{role}{ask.actor.name}"


def _cadre(cadre_id: int) -> User:
    cadre = db.session.get(User, cadre_id)
    if cadre is None or cadre.role != Role.CADRE or not cadre.active:
        raise Invalid("请选择一位在职的承办人。", "cadre_id")
    return cadre
