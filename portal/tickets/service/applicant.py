"""The firm's verbs besides submit and confirm: supply_info, comment, urge, withdraw."""

from datetime import datetime
from typing import Any

from portal.auth.roles import SYSTEM, Role
from portal.outbox import service as outbox
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.service import petition
from portal.tickets.service.confirmation import close, settle
from portal.tickets.service.move import Ask, begin, record, tell


def supply_info(ask: Ask, text: str) -> Ticket:
    """Answers what was asked: the ticket goes back to where it came from, its clocks run on."""
    ticket = begin(ask, Action.SUPPLY_INFO)
    before = Status(ticket.status_before_info or "")
    ticket.status_before_info = ticket.paused_at = None
    record(ask, ticket, Action.SUPPLY_INFO, to=before, text=text)
    _end_pause(ticket, ask.now, "stop")
    if before is Status.SUBMITTED:
        # The first route message found the ticket asleep and is spent.
        key = f"route:{ticket.id}:{ticket.event_count}"
        outbox.put(outbox.ROUTE, {"ticket_id": ticket.id}, ask.now, key)
    if ticket.assignee_id is not None:
        tell(ticket, "supplied", ask.now, users=[ticket.assignee_id])
    else:
        tell(ticket, "supplied", ask.now, role=Role.DISPATCHER)
    return ticket


def lapse_info(ticket_id: int, now: datetime) -> Ticket:
    """No answer in 5 working days: the dispatcher decides what becomes of it (domain.md §2)."""
    ask = Ask(SYSTEM, ticket_id, now)
    ticket = begin(ask, Action.LAPSE)
    petition.expire(ticket, now)
    ticket.status_before_info = ticket.paused_at = None
    record(ask, ticket, Action.LAPSE, to=Status.TRIAGE)
    _end_pause(ticket, now, "cancel")
    ticket.assignee_id = ticket.department_id = None
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "info_lapsed", now, role=Role.DISPATCHER, key=f"info_lapsed:{stamp}")
    tell(ticket, "info_lapsed", now, users=[ticket.applicant_id], key=f"info_lapsed_firm:{stamp}")
    return ticket


def comment(ask: Ask, text: str) -> Ticket:
    """The firm adds something to its open ticket; everybody on the ticket sees it."""
    ticket = begin(ask, Action.COMMENT)
    record(ask, ticket, Action.COMMENT, text=text)
    tell(ticket, "comment", ask.now, users=[ticket.assignee_id])
    return ticket


def urge(ask: Ask, text: str = "") -> Ticket:
    """Urges whoever holds the ticket, once in each status (domain.md §2)."""
    ticket = begin(ask, Action.URGE)
    ticket.urged_in = f"{ticket.round}:{ticket.status}"
    record(ask, ticket, Action.URGE, text=text)
    stamp = f"{ticket.id}:{ticket.urged_in}"
    if ticket.assignee_id is not None:
        tell(ticket, "urged", ask.now, users=[ticket.assignee_id], key=f"urged:{stamp}")
    else:
        tell(ticket, "urged", ask.now, role=Role.DISPATCHER, key=f"urged:{stamp}")
    return ticket


def withdraw(ask: Ask, reason: str, asked_by_unit: bool = False) -> Ticket:
    """The firm takes its ticket back: closed, withdrawn.

    `asked_by_unit`: the firm says that the department asked it to; a figure counts these.
    """
    ticket = begin(ask, Action.WITHDRAW)
    close(ticket, Outcome.WITHDRAWN, ask.now)
    asked: dict[str, Any] = {"asked_by_unit": True} if asked_by_unit else {}
    record(ask, ticket, Action.WITHDRAW, outcome=Outcome.WITHDRAWN, text=reason, **asked)
    settle(ticket, ask.now)
    tell(ticket, "withdrawn", ask.now, users=[ticket.assignee_id])
    return ticket


def _end_pause(ticket: Ticket, now: datetime, supply: str) -> None:
    clocks = Clocks(ticket, now)
    clocks.resume()
    clocks.stop("supply") if supply == "stop" else clocks.cancel("supply")
    clocks.refresh()
