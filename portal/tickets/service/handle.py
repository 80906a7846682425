"""The cadre's verbs, from sign to resolve, ask_return and answer_order."""

from typing import Any

from sqlalchemy import select

from portal.auth.roles import Role
from portal.errors import Invalid
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.petition_rules import return_until
from portal.tickets.reasons import CONTACT_METHODS
from portal.tickets.service import hold, order, petition
from portal.tickets.service.confirmation import await_confirmation
from portal.tickets.service.move import Ask, begin, record, tell


def sign(ask: Ask) -> Ticket:
    """The cadre takes the ticket on; the system does when the sign clock lapses."""
    ticket = begin(ask, Action.SIGN)
    record(ask, ticket, Action.SIGN)
    clocks = Clocks(ticket, ask.now)
    clocks.stop("sign")
    clocks.refresh()
    return ticket


def record_contact(ask: Ask, method: str, summary: str) -> Ticket:
    """Notes a talk with the firm; ends the contact and verify clocks. The firm sees it."""
    ticket = begin(ask, Action.RECORD_CONTACT)
    if method not in CONTACT_METHODS:
        raise Invalid("请选择联系方式。", "method")
    record(ask, ticket, Action.RECORD_CONTACT, method=method, text=summary)
    clocks = Clocks(ticket, ask.now)
    clocks.stop("contact", "verify")
    clocks.refresh()
    return ticket


def reply(ask: Ask, text: str) -> Ticket:
    """A public answer to the firm; the first one ends the contact, verify and reply clocks."""
    return _answered(ask, begin(ask, Action.REPLY), Action.REPLY, text)


def answer_problem(ask: Ask, text: str, problem: str, owner_id: int) -> Ticket:
    """A common problem's one answer, given by its owner: a reply in all it does.

    `problem`: the name that the firm reads. Raises NotAllowed for anybody but the owner.
    """
    ticket = begin(ask, Action.ANSWER_PROBLEM, problem_owner_id=owner_id)
    _answered(ask, ticket, Action.ANSWER_PROBLEM, text, problem=problem)
    if ticket.assignee_id != owner_id:
        tell(ticket, "problem_answered", ask.now, users=[ticket.assignee_id])
    return ticket


def _answered(ask: Ask, ticket: Ticket, action: Action, text: str, **said: Any) -> Ticket:
    record(ask, ticket, action, text=text, **said)
    clocks = Clocks(ticket, ask.now)
    clocks.stop("contact", "verify", "reply")
    clocks.refresh()
    hold.reported(ticket, ask.now)
    tell(ticket, "reply", ask.now, users=[ticket.applicant_id])
    return ticket


def note(ask: Ask, text: str) -> Ticket:
    """A note that only staff see; the first one by the cadre ends the verify clock."""
    ticket = begin(ask, Action.NOTE)
    record(ask, ticket, Action.NOTE, public=False, text=text)
    if ask.actor.role is Role.CADRE:
        clocks = Clocks(ticket, ask.now)
        clocks.stop("verify")
        clocks.refresh()
    return ticket


def ask_info(ask: Ask, question: str) -> Ticket:
    """Asks the firm for what is missing; all clocks but the supply clock stand still."""
    ticket = begin(ask, Action.ASK_INFO)
    ticket.status_before_info = ticket.status
    ticket.paused_at = ask.now
    record(ask, ticket, Action.ASK_INFO, text=question)
    clocks = Clocks(ticket, ask.now)
    clocks.pause()
    clocks.start("supply", again=True)
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(
        ticket,
        "ask_info",
        ask.now,
        users=[ticket.applicant_id],
        key=f"ask_info:{stamp}",
        due=ticket.next_due_at.isoformat() if ticket.next_due_at else "",
    )
    return ticket


def resolve(ask: Ask, outcome: Outcome, reply: str, internal: str) -> Ticket:
    """Proposes how the ticket ends; goes to the reviewer, or to the firm where none is needed.

    `explained` always takes a second person (domain.md §2). `reply` is what the firm will read once
    it is approved, `internal` stays among staff. Raises Invalid for any other outcome.
    """
    ticket = begin(ask, Action.RESOLVE)
    if outcome not in (Outcome.SOLVED, Outcome.EXPLAINED):
        raise Invalid("请选择办结方式。", "outcome")
    petition.expire(ticket, ask.now)
    ticket.proposed_outcome = outcome
    ticket.proposed_reply = reply
    ticket.author_id = ask.actor.id
    if ticket.category.needs_review or outcome is Outcome.EXPLAINED:
        _to_review(ask, ticket, internal)
        return ticket
    record(
        ask, ticket, Action.RESOLVE, to=Status.AWAITING_CONFIRMATION, outcome=outcome, text=reply
    )
    if internal:
        note_ask = Ask(ask.actor, ticket.id, ask.now)
        record(note_ask, ticket, Action.NOTE, public=False, text=internal)
    await_confirmation(ticket, ask.now)
    return ticket


def _to_review(ask: Ask, ticket: Ticket, internal: str) -> None:
    said = {"outcome": ticket.proposed_outcome, "text": ticket.proposed_reply}
    record(
        ask,
        ticket,
        Action.RESOLVE,
        to=Status.IN_REVIEW,
        public=False,
        internal=internal,
        **said,
    )
    tell(
        ticket,
        "review",
        ask.now,
        role=Role.REVIEWER,
        department_id=ticket.department_id,
        key=f"review:{ticket.id}:{ticket.event_count}",
    )


def ask_return(ask: Ask, reason_code: str, reason: str) -> Ticket:
    """Asks to be rid of the ticket: once for each department, within a working day (domain.md §4).

    The first return of a ticket is the dispatcher's to rule, a second one the supervisor's. Raises
    Invalid when it is too late, for an unknown reason or when the department has asked before.
    """
    ticket = begin(ask, Action.ASK_RETURN)
    until = return_until(current_calendar(), ticket.assigned_at or ask.now)
    if ask.now > until:
        raise Invalid("退单须在派单后 1 个工作日内申请，现已超过。", "reason_code")
    asked = select(Petition.id).where(
        Petition.ticket_id == ticket.id,
        Petition.kind == "return",
        Petition.department_id == ticket.department_id,
    )
    if db.session.scalar(asked) is not None:
        raise Invalid("本单位已就这件诉求申请过一次退单，不能再次申请。", "reason_code")
    petition.put(
        *(ask, ticket, Action.ASK_RETURN, "return", reason_code, reason),
        granted=ticket.returned,
        department_id=ticket.department_id,
    )
    return ticket


def answer_order(ask: Ask, text: str) -> Ticket:
    """Answers the open supervision order; the ticket is no longer under supervision."""
    ticket = begin(ask, Action.ANSWER_ORDER)
    order.answer(ask, ticket, text)
    return ticket
