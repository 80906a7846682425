"""Supervision orders 督办单: opened by a person or by the ladder, with a due of their own."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.auth.roles import SYSTEM, Role
from portal.errors import N_, Invalid
from portal.extensions import db
from portal.sla import ladder, targets
from portal.sla.calendars import current_calendar
from portal.sla.targets import Target
from portal.sla.worktime import Calendar
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.tickets.service.move import Ask, begin, record, tell

DAYS, MOST_DAYS = 2, 30  # working days for the answer: where nothing is said, and at most
BY_SYSTEM = N_("时限已超期 2 个工作日，系统自动发出督办单，请书面说明原因和完成时间。")


def answer_in(days: int) -> Target:
    """The promise of an order: an answer within so many working days. Raises Invalid."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("回复期限请填写 1 到 %(most)d 个工作日。", "days", most=MOST_DAYS)
    return targets.parse_target(f"{days}wd")


def promise(calendar: Calendar, order: Order) -> Target:
    """What was promised of an order, read from its instants."""
    reached = (
        n for n in range(1, MOST_DAYS) if calendar.add_days(order.issued_at, n) >= order.due_at
    )
    return answer_in(next(reached, MOST_DAYS))


def issue(ask: Ask, ticket: Ticket, text: str, clock: str = "", *, days: int = DAYS) -> Order:
    """Opens an order on a ticket that `begin` has locked; it is answered in `days` working days.

    The system is nobody's account: its orders have no issuer, and name the overdue `clock`.
    """
    calendar, target = current_calendar(), answer_in(days)
    due_at = targets.due(calendar, ask.now, target).at
    order = Order(
        ticket_id=ticket.id,
        issued_by_id=ask.actor.id,
        issued_at=ask.now,
        text=text,
        due_at=due_at,
        act_at=targets.warn_at(calendar, ask.now, due_at, target),
    )
    db.session.add(order)
    ticket.order_pending = True
    said: dict[str, Any] = {"clock": clock} if clock else {}
    record(ask, ticket, Action.SUPERVISE, public=False, text=text, due=due_at.isoformat(), **said)
    tell(
        ticket,
        "supervised",
        ask.now,
        users=[ticket.assignee_id],
        role=Role.DISPATCHER if ticket.assignee_id is None else None,
        key=f"supervised:{ticket.id}:{ticket.event_count}",
        slot=ladder.slot(calendar, ask.now) if ask.actor.role is Role.SYSTEM else None,
        due=due_at.isoformat(),
    )
    return order


def open_by_itself(ticket: Ticket, clock: str, now: datetime) -> bool:
    """The ladder's order on a ticket whose clock is red for 2 working days.

    False, and nothing happens, while an earlier order waits for its answer: never two at once.
    """
    if ticket.order_pending:
        return False
    ask = Ask(SYSTEM, ticket.id, now)
    begin(ask, Action.SUPERVISE)
    issue(ask, ticket, BY_SYSTEM, clock)
    return True


def answer(ask: Ask, ticket: Ticket, text: str) -> Order:
    """Writes the answer to the open order; a late one is marked so for good."""
    query = select(Order).where(
        Order.ticket_id == ticket.id, Order.answered_at.is_(None), Order.cancelled_at.is_(None)
    )
    order = db.session.scalars(query).one()
    order.answered_at = ask.now
    order.answer = text
    ticket.order_pending = False
    late: dict[str, Any] = {"late": True} if ask.now > order.due_at else {}
    record(ask, ticket, Action.ANSWER_ORDER, public=False, text=text, **late)
    tell(ticket, "order_answered", ask.now, **_issuer(order))
    return order


def look(ticket: Ticket, order: Order, now: datetime) -> None:
    """What the day brings to an open order: the warning before its due, the breach after it.

    Of both, only the breach: a service that was down tells once.
    """
    late = now > order.due_at
    order.act_at = None if late else order.due_at + ladder.AFTER_DUE
    action = Action.BREACH if late else Action.WARN
    due = order.due_at.isoformat()
    ask = Ask(SYSTEM, ticket.id, now)
    record(ask, ticket, action, public=False, clock="order", due=due)
    slot = ladder.slot(current_calendar(), now)
    key = f"order_{action}:{order.id}:{due}"
    kind = "order_late" if late else "order_warn"
    tell(ticket, kind, now, key=f"{key}:issuer", slot=slot, due=due, **_issuer(order))
    tell(ticket, kind, now, users=[ticket.assignee_id], key=key, slot=slot, due=due)


def _issuer(order: Order) -> dict[str, Any]:
    """Who waits for the answer: who issued it; of the system's orders, every supervisor."""
    if order.issued_by_id is None:
        return {"role": Role.SUPERVISOR}
    return {"users": [order.issued_by_id]}
