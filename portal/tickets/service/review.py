"""The reviewer's verbs: approve and send_back; never the author of the resolution."""

from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service.attach import publish
from portal.tickets.service.confirmation import await_confirmation
from portal.tickets.service.move import Ask, begin, record, tell


def approve(ask: Ask) -> Ticket:
    """Makes the proposed reply public and asks the firm to confirm."""
    ticket = begin(ask, Action.APPROVE)
    record(
        ask,
        ticket,
        Action.APPROVE,
        outcome=ticket.proposed_outcome,
        text=ticket.proposed_reply,
    )
    publish(ticket, Action.RESOLVE)
    await_confirmation(ticket, ask.now)
    return ticket


def send_back(ask: Ask, reason: str) -> Ticket:
    """Returns the resolution to its author with what is missing; every clock runs on."""
    ticket = begin(ask, Action.SEND_BACK)
    ticket.proposed_outcome = ticket.proposed_reply = ticket.author_id = None
    record(ask, ticket, Action.SEND_BACK, public=False, text=reason)
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "sent_back", ask.now, users=[ticket.assignee_id], key=f"sent_back:{stamp}")
    return ticket
