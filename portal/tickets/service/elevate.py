"""Elevation 提级: the system or a supervisor takes a ticket to the leader, once (domain.md §3)."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.auth.roles import SYSTEM, Role
from portal.extensions import db
from portal.sla import ladder
from portal.sla.calendars import current_calendar
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service.move import Ask, begin, record, tell


def elevate(ask: Ask, why: str, clock: str = "", text: str = "") -> Ticket:
    """Marks the ticket and tells the leaders in their working hours.

    `why`: overdue, returns or disputes, or asked by a supervisor, whose reason is `text`; `clock`:
    the kind that is overdue. Raises InvalidTransition for a ticket that is elevated or closed.
    """
    ticket = begin(ask, Action.ELEVATE)
    ticket.elevated_at = ask.now
    said: dict[str, Any] = {"text": text} if text else {}
    record(ask, ticket, Action.ELEVATE, public=False, why=why, clock=clock, **said)
    tell(
        ticket,
        "elevated",
        ask.now,
        role=Role.LEADER,
        key=f"elevated:{ticket.id}",
        slot=ladder.slot(current_calendar(), ask.now),
    )
    return ticket


def after_twice(ticket: Ticket, now: datetime) -> None:
    """Elevates a locked ticket that was returned twice or disputed twice; once is enough."""
    query = select(func.count()).where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.action == Action.DISPUTE
    )
    why = ladder.elevates(returned=ticket.returned, disputed=db.session.scalar(query) or 0)
    if why is not None and ticket.elevated_at is None:
        db.session.flush()
        elevate(Ask(SYSTEM, ticket.id, now), why)
