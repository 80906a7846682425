"""A submitted ticket that waits for a place in a unit whose people are all full."""

from datetime import datetime, timedelta

from portal.auth.roles import Role
from portal.outbox import service as outbox
from portal.sla.calendars import current_calendar
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service.move import Ask, record, tell


def wait(ask: Ask, ticket: Ticket, department_id: int) -> None:
    """Puts a locked ticket into the queue of a unit, once; its accept clock runs on.

    Whoever gets rid of a ticket there makes the relay look (move.vacate), and whoever changes what
    a cadre can take; besides it looks each working hour, for what nobody tells: leave that ended.
    """
    look_again(department_id, ask.now)
    if ticket.waiting_department_id == department_id:
        return
    ticket.waiting_department_id = department_id
    ticket.waiting_since = ask.now
    reasons = ticket.route_reasons
    record(ask, ticket, Action.WAIT, public=False, reasons=reasons, unit=department_id)
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "waiting", ask.now, role=Role.DISPATCHER, key=f"waiting:{stamp}")


def look_again(department_id: int, now: datetime) -> None:
    """Makes the relay look at what waits for a unit at the next full working hour, once for all."""
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    at = current_calendar().next_open(hour)
    key = f"vacancy:{department_id}:{at.isoformat()}"
    outbox.put(outbox.VACANCY, {"department_id": department_id}, now, key, at=at)
