"""What follows a resolution: the firm's confirm or dispute, its lapse, closing and new rounds."""

from datetime import datetime

from sqlalchemy import update

from portal.auth.roles import SYSTEM, Role
from portal.errors import Invalid
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.sla.service import NEXT_ROUND, Clocks
from portal.tickets.lifecycle import Action, Confirmation, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.tickets.reasons import RATINGS
from portal.tickets.service import elevate, petition
from portal.tickets.service.move import Ask, begin, record, tell

REOPEN_DAYS = 15  # working days, domain.md §2


def await_confirmation(ticket: Ticket, now: datetime) -> None:
    """The resolution is public: the handling clocks end, the confirm clock starts."""
    clocks = Clocks(ticket, now)
    clocks.stop("contact", "verify", "reply", "resolve")
    clocks.start("confirm")
    tell(
        ticket,
        "confirm",
        now,
        users=[ticket.applicant_id],
        key=f"confirm:{ticket.id}:{ticket.round}",
        due=ticket.next_due_at.isoformat() if ticket.next_due_at else "",
    )


def close(ticket: Ticket, outcome: Outcome, now: datetime) -> None:
    """Sets the facts of a closed ticket; the caller records the event at once, without a query."""
    ticket.reopen_until = current_calendar().add_days(now, REOPEN_DAYS)
    ticket.outcome = outcome
    ticket.closed_at = now
    ticket.status_before_info = ticket.paused_at = None
    ticket.return_pending = ticket.order_pending = ticket.vouch_pending = False
    ticket.held_until = None


def settle(ticket: Ticket, now: datetime) -> None:
    """Ends all that still runs or waits on a ticket that has just closed."""
    Clocks(ticket, now).cancel_all()
    db.session.execute(
        update(Order)
        .where(
            Order.ticket_id == ticket.id, Order.answered_at.is_(None), Order.cancelled_at.is_(None)
        )
        .values(cancelled_at=now)
    )
    petition.expire(ticket, now)


def confirm(ask: Ask, rating: int, text: str = "") -> Ticket:
    """The firm says yes: closed with the proposed outcome and a rating from 1 to 5."""
    ticket = begin(ask, Action.CONFIRM)
    _ensure_rating(rating)
    outcome = Outcome(ticket.proposed_outcome or "")
    close(ticket, outcome, ask.now)
    ticket.confirmation = Confirmation.CONFIRMED
    ticket.rating = rating
    record(ask, ticket, Action.CONFIRM, rating=rating, text=text, outcome=outcome)
    clocks = Clocks(ticket, ask.now)
    clocks.stop("confirm")
    settle(ticket, ask.now)
    tell(ticket, "confirmed", ask.now, users=[ticket.assignee_id])
    return ticket


def dispute(ask: Ask, rating: int, reason: str) -> Ticket:
    """The firm says no: back to the cadre as the next round, with clocks of its own."""
    ticket = begin(ask, Action.DISPUTE)
    _ensure_rating(rating)
    ticket.rating = rating
    record(ask, ticket, Action.DISPUTE, rating=rating, text=reason)
    Clocks(ticket, ask.now).stop("confirm")
    _next_round(ticket, ask.now)
    elevate.after_twice(ticket, ask.now)
    stamp = f"{ticket.id}:{ticket.round}"
    tell(ticket, "disputed", ask.now, users=[ticket.assignee_id], key=f"disputed:{stamp}")
    return ticket


def lapse_confirmation(ticket_id: int, now: datetime) -> Ticket:
    """The firm was silent: closed, unconfirmed. Silence is never counted as a yes."""
    ask = Ask(SYSTEM, ticket_id, now)
    ticket = begin(ask, Action.LAPSE)
    outcome = Outcome(ticket.proposed_outcome or "")
    close(ticket, outcome, now)
    ticket.confirmation = Confirmation.UNCONFIRMED
    record(ask, ticket, Action.LAPSE, to=Status.CLOSED, outcome=outcome)
    Clocks(ticket, now).stop("confirm")
    settle(ticket, now)
    tell(ticket, "lapsed", now, users=[ticket.applicant_id, ticket.assignee_id])
    return ticket


def reopen(ask: Ask, reason: str) -> Ticket:
    """The firm asks for another round within 15 working days of the closing."""
    ticket = begin(ask, Action.REOPEN)
    _reopened(ask, ticket, Action.REOPEN, reason)
    return ticket


def call_back(ask: Ask, solved: bool, text: str) -> Ticket:
    """A supervisor records what the silent firm said on the telephone; a no opens a new round."""
    ticket = begin(ask, Action.CALL_BACK)
    ticket.confirmation = Confirmation.CALL_BACK
    ticket.call_back_solved = solved
    record(ask, ticket, Action.CALL_BACK, solved=solved, text=text)
    if not solved:
        _reopened(Ask(ask.actor, ticket.id, ask.now), ticket, Action.REOPEN, text)
    return ticket


def _reopened(ask: Ask, ticket: Ticket, action: Action, reason: str) -> None:
    ticket.outcome = ticket.closed_at = ticket.reopen_until = ticket.confirmation = None
    ticket.call_back_solved = None
    record(ask, ticket, action, text=reason)
    _next_round(ticket, ask.now)
    stamp = f"{ticket.id}:{ticket.round}"
    tell(ticket, "reopened", ask.now, users=[ticket.assignee_id], key=f"reopened:{stamp}")
    if ask.actor.role is not Role.APPLICANT:
        tell(ticket, "reopened", ask.now, users=[ticket.applicant_id])


def _next_round(ticket: Ticket, now: datetime) -> None:
    ticket.round += 1
    ticket.extended = 0
    ticket.proposed_outcome = ticket.proposed_reply = ticket.author_id = None
    Clocks(ticket, now).start(*NEXT_ROUND)


def _ensure_rating(rating: int) -> None:
    if rating not in RATINGS:
        raise Invalid("请选择评价。", "rating")
