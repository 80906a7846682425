"""Seal, unseal, reveal; and what happens where a ticket is with the unit it complains about."""

from datetime import datetime

from portal.auth.models import User
from portal.auth.roles import SYSTEM, Role
from portal.directory.models import Department
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import service as outbox
from portal.search import service as search
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action, Status, targets
from portal.tickets.models import Ticket
from portal.tickets.sealed_queries import avoided, misplaced
from portal.tickets.service import hold, petition
from portal.tickets.service.move import Ask, begin, locked, record, tell

_REASON = "密件所涉单位须回避"


def seal(ask: Ask, about_id: int | None) -> Ticket:
    """Seals the firm's open ticket, or names another unit; None: no unit is complained about.

    Where the ticket is with that unit it goes back to triage at once. Raises Invalid for a unit
    that is not in use, and where that unit has answered and waits for the firm's yes.
    """
    ticket = begin(ask, Action.SEAL)
    ensure_unit(about_id)
    ticket.sealed, ticket.sealed_about_id = True, about_id
    db.session.flush()
    if ticket.status == Status.AWAITING_CONFIRMATION and _with_line(ticket):
        raise Invalid(
            "该单位已提交办理结果，正等您确认。请先确认，或选“仍未解决”后再设为密件。", "about_id"
        )
    record(ask, ticket, Action.SEAL, about_id=about_id)
    search.index([ticket.id])
    _recuse(ticket, ask.now)
    outbox.put(outbox.SEALED, {"ticket_id": ticket.id}, ask.now)
    return ticket


def unseal(ask: Ask, text: str) -> Ticket:
    """Takes the seal off: from now on the ticket is one like all others. The firm alone may."""
    ticket = begin(ask, Action.UNSEAL)
    ticket.sealed, ticket.sealed_about_id = False, None
    record(ask, ticket, Action.UNSEAL, text=text)
    search.index([ticket.id])
    outbox.put(outbox.SEALED, {"ticket_id": ticket.id}, ask.now)
    return ticket


def reveal(ask: Ask, reason: str) -> Ticket:
    """Notes that staff looks at the firm behind a sealed ticket, and why; the firm sees both."""
    ticket = begin(ask, Action.REVEAL)
    record(ask, ticket, Action.REVEAL, text=reason)
    return ticket


def ensure_unit(about_id: int | None) -> None:
    """Raises Invalid for a unit that is not in use."""
    unit = None if about_id is None else db.session.get(Department, about_id)
    if about_id is not None and (unit is None or not unit.active):
        raise Invalid("请选择列表中的单位。", "about_id")


def recuse(ticket_id: int, now: datetime) -> bool:
    """Takes a sealed ticket from the line it complains about, if it is there; whether it was.

    Safe to run twice.
    """
    return _recuse(locked(ticket_id), now)


def recuse_all(now: datetime) -> int:
    """The same for all: somebody has changed units, or a unit has another place in the tree."""
    return sum(recuse(ticket_id, now) for ticket_id in misplaced())


def _with_line(ticket: Ticket) -> bool:
    """Whether the ticket waits for, or is with, the line of the unit complained about."""
    cadre = None if ticket.assignee_id is None else db.session.get(User, ticket.assignee_id)
    units = {ticket.department_id, ticket.waiting_department_id}
    units.add(None if cadre is None else cadre.department_id)
    return bool(units & avoided(ticket))


def _recuse(ticket: Ticket, now: datetime) -> bool:
    if not ticket.sealed or not _with_line(ticket):
        return False
    ask = Ask(SYSTEM, ticket.id, now)
    if ticket.status == Status.SUBMITTED:
        ticket.waiting_department_id = ticket.waiting_since = None
        key = f"route:{ticket.id}:{ticket.event_count}"
        outbox.put(outbox.ROUTE, {"ticket_id": ticket.id}, now, key)
        return True
    if not targets(Status(ticket.status), Action.RECUSE):
        return False
    if ticket.status == Status.ON_HOLD:
        hold.running(ticket).act_at = None
    petition.expire(ticket, now)
    ticket.held_until = ticket.status_before_info = ticket.paused_at = None
    ticket.route_reasons = [_REASON]
    record(ask, ticket, Action.RECUSE, public=False, reasons=[_REASON])
    ticket.assignee_id = ticket.department_id = None
    ticket.proposed_outcome = ticket.proposed_reply = ticket.author_id = None
    clocks = Clocks(ticket, now)
    clocks.resume()
    clocks.cancel("sign", "supply")
    clocks.refresh()
    stamp = f"{ticket.id}:{ticket.event_count}"
    tell(ticket, "recused", now, role=Role.DISPATCHER, key=f"recused:{stamp}")
    return True
