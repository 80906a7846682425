"""Fires due timers: each once, state and pause guarded inside the claim; costs what is due."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from portal.auth.roles import SYSTEM, Role
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.sla.models import Clock, Timer
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, confirmation, handle
from portal.tickets.service.move import Ask, record, tell

BATCH = 200
RETRY = timedelta(minutes=10)  # a timer that fails is tried again, but not each second

log = logging.getLogger(__name__)


@dataclass
class Swept:
    """What one sweep did: timers fired, lower levels skipped, failures."""

    fired: int = 0
    skipped: int = 0
    failed: int = 0


def sweep(now: datetime | None = None, batch: int = BATCH) -> Swept:
    """Fires every timer that is due at `now` (UTC, default: the present), oldest first.

    Of several missed levels of one clock the highest fires once and the lower ones are marked
    skipped: never a storm (domain.md §3). Any number of sweeps may run at once.
    """
    instant = now or utcnow()
    swept = Swept()
    tried: set[int] = set()
    while due := _due(instant, batch, tried):
        for timer_id, ticket_id in due:
            tried.add(timer_id)
            _fire(timer_id, ticket_id, instant, swept)
    return swept


def _due(now: datetime, batch: int, tried: set[int]) -> list[tuple[int, int]]:
    query = (
        select(Timer.id, Clock.ticket_id)
        .join(Timer.clock)
        .where(Timer.state == "armed", Timer.fire_at <= now)
        .order_by(Timer.fire_at, Timer.id)
        .limit(batch + len(tried))
    )
    with transaction() as session:
        rows = [(timer, ticket) for timer, ticket in session.execute(query)]
    return [row for row in rows if row[0] not in tried][:batch]


def _fire(timer_id: int, ticket_id: int, now: datetime, swept: Swept) -> None:
    """One claim in one transaction. The ticket is locked first, as every verb does: no deadlock."""
    try:
        with transaction() as session:
            lock = select(Ticket).where(Ticket.id == ticket_id).with_for_update(skip_locked=True)
            ticket = session.scalar(lock.execution_options(populate_existing=True))
            timer = session.get(Timer, timer_id, populate_existing=True)
            if ticket is None or timer is None or timer.state != "armed":
                return
            clock = session.get_one(Clock, timer.clock_id, populate_existing=True)
            if clock.state != "running" or ticket.status == Status.CLOSED:
                timer.state = "skipped"
                swept.skipped += 1
                return
            swept.skipped += _skip_lower(timer, clock, now)
            if timer.state == "armed":
                timer.state, timer.fired_at = "fired", now
                EFFECTS.get((clock.kind, timer.level), _escalate)(ticket, clock, timer, now)
                swept.fired += 1
    except Exception:
        log.exception("timer failed", extra={"timer_id": timer_id})
        swept.failed += 1
        with transaction() as session:
            armed = Timer.id == timer_id, Timer.state == "armed"
            session.execute(update(Timer).where(*armed).values(fire_at=now + RETRY))


def _skip_lower(timer: Timer, clock: Clock, now: datetime) -> int:
    """Marks every due level of the clock but the highest as skipped; how many."""
    query = select(Timer).where(
        Timer.clock_id == clock.id, Timer.state == "armed", Timer.fire_at <= now
    )
    due = sorted(db.session.scalars(query), key=lambda row: (row.fire_at, row.id))
    for lower in due[:-1]:
        lower.state = "skipped"
    return len(due) - 1


def _sign(ticket: Ticket, clock: Clock, timer: Timer, now: datetime) -> None:
    handle.sign(Ask(SYSTEM, ticket.id, now))


def _lapse_info(ticket: Ticket, clock: Clock, timer: Timer, now: datetime) -> None:
    applicant.lapse_info(ticket.id, now)


def _lapse_confirmation(ticket: Ticket, clock: Clock, timer: Timer, now: datetime) -> None:
    confirmation.lapse_confirmation(ticket.id, now)


def _remind(ticket: Ticket, clock: Clock, timer: Timer, now: datetime) -> None:
    ask = Ask(SYSTEM, ticket.id, now)
    record(ask, ticket, Action.REMIND, public=True, clock=clock.kind, level=timer.level)
    kind = "ask_info" if clock.kind == "supply" else "remind"
    due = clock.due_at.isoformat()
    key = f"{timer.level}:{clock.id}:{due}"
    tell(ticket, kind, now, users=[ticket.applicant_id], key=key, due=due)


def _escalate(ticket: Ticket, clock: Clock, timer: Timer, now: datetime) -> None:
    """Yellow tells who holds the ticket, red tells the department's reviewer too."""
    breach = timer.level == "due"
    action = Action.BREACH if breach else Action.WARN
    due = clock.due_at.isoformat()
    record(Ask(SYSTEM, ticket.id, now), ticket, action, public=False, clock=clock.kind, due=due)
    # The key holds the due value: a moved due warns again, the same one never (lessons.md 11).
    key = f"{timer.level}:{clock.id}:{due}"
    params: dict[str, Any] = {"clock": clock.kind, "due": due}
    if ticket.assignee_id is None:
        tell(ticket, action, now, role=Role.DISPATCHER, key=key, **params)
        return
    tell(ticket, action, now, users=[ticket.assignee_id], key=key, **params)
    if breach:
        tell(
            ticket,
            action,
            now,
            role=Role.REVIEWER,
            department_id=ticket.department_id,
            key=f"{key}:reviewer",
            **params,
        )


Effect = Callable[[Ticket, Clock, Timer, datetime], None]
EFFECTS: dict[tuple[str, str], Effect] = {
    ("sign", "due"): _sign,
    ("supply", "due"): _lapse_info,
    ("supply", "warn"): _remind,
    ("confirm", "due"): _lapse_confirmation,
    ("confirm", "remind_1"): _remind,
    ("confirm", "remind_2"): _remind,
}


def waiting(now: datetime) -> bool:
    """Whether a timer is due at `now` (UTC): one index probe."""
    query = select(Timer.id).where(Timer.state == "armed", Timer.fire_at <= now)
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def run() -> None:
    """The RQ job: one sweep, and no session left behind in the worker."""
    try:
        sweep()
    finally:
        db.session.remove()
