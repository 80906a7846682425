"""Exclusion 剔除: one overseer asks, another grants; only the net rate changes (domain.md §5)."""

from portal.errors import N_, InvalidTransition
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service import petition
from portal.tickets.service.move import Ask, begin, record, tell


def ask_exclusion(ask: Ask, reason_code: str, reason: str) -> Ticket:
    """Asks to leave the ticket, open or closed, out of the net resolution rate.

    Raises InvalidTransition when it is left out already, Invalid for an unknown reason.
    """
    ticket = begin(ask, Action.ASK_EXCLUSION)
    if petition.granted(ticket, "exclusion"):
        sentence = N_("这件诉求已经剔除，不需要再申请。")
        raise InvalidTransition(ticket.status, Action.ASK_EXCLUSION, sentence)
    petition.put(ask, ticket, Action.ASK_EXCLUSION, "exclusion", reason_code, reason)
    return ticket


def grant_exclusion(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """A second person agrees: the ticket leaves the net rate and is listed with both names."""
    return _rule(ask, Action.GRANT_EXCLUSION, "granted", text, petition_id)


def refuse_exclusion(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """The ticket stays in every figure; who asked is told why."""
    return _rule(ask, Action.REFUSE_EXCLUSION, "refused", text, petition_id)


def _rule(ask: Ask, action: Action, state: str, text: str, petition_id: int | None) -> Ticket:
    ticket = begin(ask, action)
    row = petition.decide(ask, ticket, "exclusion", state, text, petition_id)
    record(ask, ticket, action, public=False, text=text)
    tell(ticket, f"exclusion_{state}", ask.now, users=[row.asked_by_id])
    return ticket
