"""The dispatcher's and supervisor's verbs that end or return a ticket, and supervision orders."""

from typing import Any

from sqlalchemy import select

from portal.errors import Invalid
from portal.extensions import db
from portal.routing.correction import Correction, propose
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.reasons import REJECT_REASONS
from portal.tickets.service import order, petition
from portal.tickets.service.confirmation import close, settle
from portal.tickets.service.move import Ask, begin, locked, record, tell


def reject(ask: Ask, reason_code: str, right_channel: str, text: str) -> Ticket:
    """Not a matter for this service: closed with the reason and the right channel."""
    ticket = begin(ask, Action.REJECT)
    if reason_code not in REJECT_REASONS:
        raise Invalid("请选择不予受理的原因。", "reason_code")
    payload = {"reason_code": reason_code, "right_channel": right_channel, "text": text}
    return _end(ask, ticket, Action.REJECT, Outcome.REJECTED, **payload)


def transfer(ask: Ask, receiver: str, text: str) -> Ticket:
    """Hands the matter to a body outside this service: closed, transferred."""
    ticket = begin(ask, Action.TRANSFER)
    return _end(
        ask, ticket, Action.TRANSFER, Outcome.TRANSFERRED, right_channel=receiver, text=text
    )


def terminate(ask: Ask, text: str) -> Ticket:
    """A supervisor ends a ticket that cannot go on: closed, terminated."""
    ticket = begin(ask, Action.TERMINATE)
    return _end(ask, ticket, Action.TERMINATE, Outcome.TERMINATED, text=text)


def merge(ask: Ask, into_number: str, text: str) -> Ticket:
    """Closes the ticket as a duplicate of another open one, where the firm can follow it.

    Only tickets of the same firm are merged, since each firm confirms its own. Rows are locked in
    the order of their ids, so that two merges cannot wait for each other. Raises Invalid.
    """
    query = select(Ticket.id).where(Ticket.number == into_number)
    into_id = db.session.scalar(query)
    wrong: dict[str, Any] = {"field": "into_number", "number": into_number}
    if into_id is None:
        raise Invalid("没有找到编号为 %(number)s 的诉求，请核对编号。", **wrong)
    if into_id == ask.ticket_id:
        raise Invalid("%(number)s 就是这一件，请填写另一件诉求的编号。", **wrong)
    for ticket_id in sorted((into_id, ask.ticket_id)):
        locked(ticket_id)
    ticket = begin(ask, Action.MERGE)
    into = db.session.get_one(Ticket, into_id)
    if into.enterprise_id != ticket.enterprise_id:
        raise Invalid(
            "%(number)s 是另一家企业的诉求。只能并入同一家企业的；不同企业的同类问题请分别办理。",
            **wrong,
        )
    if into.sealed:
        raise Invalid("%(number)s 是密件，不与其他诉求合并。", **wrong)
    if into.status == Status.CLOSED:
        raise Invalid("%(number)s 已经办结，请另选一件。", **wrong)
    ticket.merged_into_id = into.id
    return _end(ask, ticket, Action.MERGE, Outcome.MERGED, into=into.number, text=text)


def grant_return(ask: Ask, text: str, wish: Correction | None = None) -> Ticket:
    """Takes the ticket back to triage: the sign clock ends, every other clock runs on.

    `wish`: the rule by which such tickets go elsewhere from now on; it becomes a draft.
    """
    ticket = begin(ask, Action.RETURN)
    cadre_id = ticket.assignee_id
    petition.decide(ask, ticket, "return", "granted", text, None)
    ticket.returned += 1
    petition.expire(ticket, ask.now)
    record(ask, ticket, Action.RETURN, public=False, text=text, department_id=ticket.department_id)
    ticket.assignee_id = ticket.department_id = None
    clocks = Clocks(ticket, ask.now)
    clocks.cancel("sign")
    clocks.refresh()
    tell(ticket, "return_granted", ask.now, users=[cadre_id])
    if wish is not None:
        propose(ask.actor, ticket.id, ticket.number, wish, ask.now)
    return ticket


def refuse_return(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """The ticket stays where it is; the cadre is told why."""
    ticket = begin(ask, Action.REFUSE_RETURN)
    petition.decide(ask, ticket, "return", "refused", text, petition_id)
    record(ask, ticket, Action.REFUSE_RETURN, public=False, text=text)
    tell(ticket, "return_refused", ask.now, users=[ticket.assignee_id])
    return ticket


def supervise(ask: Ask, text: str, days: int = order.DAYS) -> Ticket:
    """Issues a supervision order on an open ticket, to be answered in `days` working days."""
    ticket = begin(ask, Action.SUPERVISE)
    order.issue(ask, ticket, text, days=days)
    return ticket


def _end(ask: Ask, ticket: Ticket, action: Action, outcome: Outcome, **payload: Any) -> Ticket:
    accepts = action is not Action.TERMINATE
    close(ticket, outcome, ask.now)
    record(ask, ticket, action, outcome=outcome, **payload)
    if accepts:
        clocks = Clocks(ticket, ask.now)
        clocks.stop("accept")
    settle(ticket, ask.now)
    people = [ticket.applicant_id, ticket.assignee_id]
    tell(ticket, str(outcome), ask.now, users=people, key=f"ended:{ticket.id}:{ticket.round}")
    return ticket
