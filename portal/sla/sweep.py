"""Fires due timers: each once, state and pause guarded inside the claim; costs what is due."""

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.sla import effects, ladder
from portal.sla.calendars import current_calendar
from portal.sla.effects import Firing
from portal.sla.models import Clock, Timer
from portal.tickets import leave_due, petition_due
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.tickets.service import order as orders

BATCH = 50  # tickets a transaction; they stay locked until it ends
WINDOW = 10  # batches of due timers to look through for tickets that nobody else has locked
RETRY = timedelta(minutes=10)  # a timer that fails is tried again, but not each second
RUN_SECONDS = 40.0  # of one job; the timer asks for the next one as long as anything is due
_OPEN_ORDER = Order.answered_at.is_(None), Order.cancelled_at.is_(None)

log = logging.getLogger(__name__)


@dataclass
class Swept:
    """What a sweep did: timers fired, levels skipped, failures, petitions and orders looked at."""

    fired: int = 0
    skipped: int = 0
    failed: int = 0
    petitions: int = 0
    orders: int = 0
    leaves: int = 0

    def add(self, other: "Swept") -> None:
        """Adds the counts of a batch that is committed."""
        self.fired += other.fired
        self.skipped += other.skipped
        self.failed += other.failed
        self.orders += other.orders


def sweep(now: datetime | None = None, batch: int = BATCH, seconds: float | None = None) -> Swept:
    """Fires every timer that is due at `now` (UTC, default: the present), oldest first.

    Then looks at the petitions and the supervision orders whose deadline or day has come.
    Of several missed levels of one clock the highest fires once and the lower ones are marked
    skipped: never a storm (domain.md §3). Any number of sweeps may run at once: each batch locks
    tickets that no other has locked. `seconds`: begin nothing after so long.
    """
    swept = Swept()
    until = None if seconds is None else monotonic() + seconds

    def go_on() -> bool:
        return until is None or monotonic() < until

    for work in (_timers, _orders):
        while go_on():
            with transaction() as session:
                done, claimed = work(session, now or utcnow(), batch)
            swept.add(done)
            if not claimed:
                break
    swept.petitions, failed = petition_due.sweep(now or utcnow(), go_on=go_on)
    swept.leaves, stuck = leave_due.sweep(now or utcnow(), go_on=go_on)
    swept.failed += failed + stuck
    return swept


def _timers(session: Session, now: datetime, batch: int) -> tuple[Swept, int]:
    """One transaction: claims tickets with due timers and fires them; how many were claimed.

    All in one savepoint, and where one of them fails each in its own: it stalls no other timer.
    """
    claimed, clock_ids = _claim(session, now, batch)
    if not claimed:
        return Swept(), 0
    firings = _due(session, claimed, clock_ids, now)
    swept = Swept()
    try:
        with session.begin_nested():
            for one in firings:
                swept.add(_fire(session, one))
    except Exception:
        swept = Swept()
        for one in firings:
            swept.add(_alone(session, one))
    return swept, len(claimed)


def _claim(session: Session, now: datetime, batch: int) -> tuple[dict[int, Ticket], list[int]]:
    """Locks the tickets of the oldest due timers, as every verb locks its ticket: no deadlock.

    The tickets, and the ids of their clocks that have something due. Tickets that somebody is
    changing are left to the next look. Each step reads by keys alone, so that its plan does not
    hang on statistics: in one long transaction, an import or a play, there are none.
    """
    due = select(Timer.clock_id).where(Timer.state == "armed", Timer.fire_at <= now)
    due = due.order_by(Timer.fire_at, Timer.id).limit(batch * WINDOW)
    clock_ids = list(dict.fromkeys(session.scalars(due)))
    if not clock_ids:
        return {}, []
    pairs = select(Clock.id, Clock.ticket_id).where(Clock.id.in_(clock_ids))
    of: dict[int, int] = dict(session.execute(pairs).all())
    ids = list(dict.fromkeys(of[clock_id] for clock_id in clock_ids))
    for chunk in (ids[start : start + batch] for start in range(0, len(ids), batch)):
        query = select(Ticket).where(Ticket.id.in_(chunk))
        query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
        claimed = {ticket.id: ticket for ticket in session.scalars(query)}
        if claimed:
            return claimed, [clock_id for clock_id in clock_ids if of[clock_id] in claimed]
    return {}, []


def _due(
    session: Session, claimed: dict[int, Ticket], clock_ids: list[int], now: datetime
) -> list[Firing]:
    """What is due on the claimed tickets, oldest first: of each clock its highest level.

    Read after the locks were taken, so what another sweep has fired meanwhile is not seen armed.
    """
    query = (
        select(Timer)
        .where(Timer.state == "armed", Timer.fire_at <= now, Timer.clock_id.in_(clock_ids))
        .order_by(Timer.clock_id, Timer.fire_at, Timer.id)
        .execution_options(populate_existing=True)
    )
    due = list(session.scalars(query))
    wanted = select(Clock).where(Clock.id.in_({timer.clock_id for timer in due}))
    wanted = wanted.execution_options(populate_existing=True)
    clocks = {clock.id: clock for clock in session.scalars(wanted)}
    slot = ladder.slot(current_calendar(), now)
    found = []
    for clock_id, group in groupby(due, lambda timer: timer.clock_id):
        *lower, timer = group
        clock = clocks[clock_id]
        found.append(Firing(claimed[clock.ticket_id], clock, timer, tuple(lower), now, slot))
    return sorted(found, key=lambda one: (one.timer.fire_at, one.timer.id))


def _fire(session: Session, one: Firing) -> Swept:
    """Marks the lower levels as skipped and takes the effect of the highest."""
    done, timer = Swept(), one.timer
    for lower in one.lower:
        done.skipped += _skip(lower)
    if one.clock.state != "running" or one.ticket.status == Status.CLOSED:
        done.skipped += _skip(timer)
    elif timer.state == "armed":
        timer.state, timer.fired_at = "fired", one.now
        # A notice asks nothing of what is not yet written, so a batch of them is written at once.
        with session.no_autoflush if effects.is_notice(one) else nullcontext():
            effects.take(one)
        done.fired += timer.state == "fired"
        done.skipped += timer.state == "skipped"
    return done


def _alone(session: Session, one: Firing) -> Swept:
    try:
        with session.begin_nested():
            return _fire(session, one)
    except Exception:
        log.exception("timer failed", extra={"timer_id": one.timer.id})
        for timer in (*one.lower, one.timer):
            timer.fire_at = one.now + RETRY
        return Swept(failed=1)


def _skip(timer: Timer) -> int:
    """Marks a timer that an effect before it has not cancelled."""
    if timer.state != "armed":
        return 0
    timer.state = "skipped"
    return 1


def _orders(session: Session, now: datetime, batch: int) -> tuple[Swept, int]:
    """The same for supervision orders whose warning or due has come."""
    query = (
        select(Order, Ticket)
        .join(Ticket, Ticket.id == Order.ticket_id)
        .where(Order.act_at <= now, *_OPEN_ORDER)
        .order_by(Order.act_at, Order.id)
        .limit(batch)
        .with_for_update(of=Ticket, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    swept = Swept()
    rows = session.execute(query).all()
    for row, ticket in rows:
        session.refresh(row)  # after the lock: it may have been answered or looked at meanwhile
        if row.act_at is None or row.act_at > now or row.answered_at or row.cancelled_at:
            continue
        try:
            with session.begin_nested():
                orders.look(ticket, row, now)
                swept.orders += 1
        except Exception:
            log.exception("order failed", extra={"order_id": row.id})
            swept.failed += 1
            row.act_at = now + RETRY
    return swept, len(rows)


def waiting(now: datetime) -> bool:
    """Whether a timer, order, petition or leave is due at `now` (UTC): five probes at most."""
    armed = select(Timer.id).where(Timer.state == "armed", Timer.fire_at <= now)
    ordered = select(Order.id).where(Order.act_at <= now, *_OPEN_ORDER)
    with transaction() as session:
        found = any(session.scalar(one.limit(1)) is not None for one in (armed, ordered))
    return found or petition_due.waiting(now) or leave_due.waiting(now)


def run() -> None:
    """The RQ job: one sweep, and no session left behind in the worker."""
    try:
        sweep(seconds=RUN_SECONDS)
    finally:
        db.session.remove()
