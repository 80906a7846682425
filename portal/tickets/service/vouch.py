"""The firm's word on a ticket that a cadre filed on its behalf: vouch for it, or disown it."""

from typing import Any

from portal.errors import Invalid
from portal.extensions import db
from portal.search import service as search
from portal.tickets import policy
from portal.tickets.lifecycle import Action, Outcome
from portal.tickets.models import Ticket
from portal.tickets.reasons import VouchAnswer
from portal.tickets.service.confirmation import close, settle
from portal.tickets.service.move import Ask, begin, record, tell

SHORTEST = 10  # characters of a description, as in the submit form


def answer(ask: Ask, said: VouchAnswer, description: str, remark: str) -> Ticket:
    """The firm's word: right, right when it reads `description`, or not ours; and a `remark`.

    Raises Invalid for a correction that says too little or nothing new.
    """
    if said is VouchAnswer.TRUE:
        return vouch(ask, remark=remark)
    if said is VouchAnswer.NOT_OURS:
        return disown(ask, remark)
    if len(description) < SHORTEST:
        raise Invalid("详细情况请写 10 到 4000 个字。", "description")
    return vouch(ask, description, remark)


def vouch(ask: Ask, corrected: str | None = None, remark: str = "") -> Ticket:
    """The firm says that the words are right, or right once they read `corrected`.

    Whoever of the firm vouches with an account becomes the ticket's applicant. No clock moves:
    they have run since the ticket was filed.
    """
    ticket = begin(ask, Action.VOUCH)
    ticket.vouch_pending = False
    if ticket.applicant_id is None:
        ticket.applicant_id = ask.actor.id
    payload: dict[str, Any] = {"corrected": corrected is not None, "by_link": ask.actor.id is None}
    kind = "vouched"
    if corrected is not None:
        if corrected == ticket.description:
            raise Invalid("内容没有变化；如果属实，请选“属实”。", "description")
        ticket.version += 1  # an open form was made for the old words
        ticket.description = corrected
        kind = "vouch_corrected"
    payload["text"] = "\n".join(text for text in (corrected, remark) if text)
    record(ask, ticket, Action.VOUCH, **payload)
    if corrected is not None:
        db.session.flush()
        search.index([ticket.id])
    tell(ticket, kind, ask.now, users=[ticket.filed_by_id, ticket.assignee_id])
    return ticket


def disown(ask: Ask, reason: str) -> Ticket:
    """The firm says that it never asked for this: withdrawn 撤回, with that reason."""
    ticket = begin(ask, Action.WITHDRAW)
    policy.ensure(Action.VOUCH, ask.actor, ticket.facts, ask.now)
    close(ticket, Outcome.WITHDRAWN, ask.now)
    record(
        *(ask, ticket, Action.WITHDRAW),
        outcome=Outcome.WITHDRAWN,
        text=reason,
        disowned=True,
        by_link=ask.actor.id is None,
    )
    settle(ticket, ask.now)
    tell(ticket, "disowned", ask.now, users=[ticket.filed_by_id, ticket.assignee_id])
    return ticket
