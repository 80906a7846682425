"""Finds clocks and timers that disagree, and re-arms or cancels them (issue 3, point 5).

Nothing of this should ever be found; after a restored backup or a hand in the database it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from portal.db import transaction
from portal.extensions import db
from portal.sla import ladder
from portal.sla.calendars import calendar_of
from portal.sla.models import Clock, Timer
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.service.move import locked

CHUNK = 500


@dataclass(frozen=True)
class Change:
    """One thing that was wrong: the ticket's number, what was done, and to what.

    `what`: armed (timers were missing or at a wrong instant), cancelled (timers of a clock that no
    longer runs), nearest (the ticket's next due was another).
    """

    number: str
    what: str
    clock: str = ""
    levels: tuple[str, ...] = ()


def repair(now: datetime, *, dry_run: bool = False) -> list[Change]:
    """Puts right every ticket whose clocks and timers disagree at `now` (UTC); says what it did.

    `dry_run`: only says it, and changes nothing (lessons.md 18). Each ticket is locked and read
    again before it is changed, so the service may run meanwhile.
    """
    changes: list[Change] = []
    for ids in _suspects():
        for ticket_id in ids:
            with transaction() as session:
                ticket = locked(ticket_id)
                changes += _put_right(ticket, now, dry_run=dry_run)
                if dry_run:
                    session.rollback()
    return changes


def _suspects() -> Iterator[list[int]]:
    """Open tickets, and closed ones with an armed timer, in chunks by id."""
    left = select(Ticket.id).join(Clock, Clock.ticket_id == Ticket.id)
    left = left.join(Timer, Timer.clock_id == Clock.id)
    left = left.where(Ticket.status == Status.CLOSED, Timer.state == "armed").distinct()
    for query in (select(Ticket.id).where(Ticket.status != Status.CLOSED), left):
        after = 0
        while True:
            chunk = query.where(Ticket.id > after).order_by(Ticket.id).limit(CHUNK)
            with transaction() as session:
                ids = list(session.scalars(chunk))
            if not ids:
                break
            yield ids
            after = ids[-1]


def _put_right(ticket: Ticket, now: datetime, *, dry_run: bool) -> list[Change]:
    clocks = Clocks(ticket, now)
    query = select(Timer).join(Timer.clock).where(Clock.ticket_id == ticket.id)
    timers: dict[int, list[Timer]] = {}
    for timer in db.session.scalars(query):
        timers.setdefault(timer.clock_id, []).append(timer)
    changes = []
    for clock in clocks.rows:
        mine = timers.get(clock.id, [])
        if clock.state == "running" and ticket.status != Status.CLOSED:
            levels = _wrong(clocks, clock, mine, now)
            if levels:
                changes.append(Change(ticket.number, "armed", clock.kind, levels))
                if not dry_run:
                    clocks.rearm(clock)
        elif armed := tuple(sorted(t.level for t in mine if t.state == "armed")):
            changes.append(Change(ticket.number, "cancelled", clock.kind, armed))
            if not dry_run:
                _cancel(clock)
    before = ticket.next_clock, ticket.next_due_at, ticket.next_warn_at
    clocks.refresh()
    if before != (ticket.next_clock, ticket.next_due_at, ticket.next_warn_at):
        changes.append(Change(ticket.number, "nearest", ticket.next_clock or ""))
    return changes


def _wrong(clocks: Clocks, clock: Clock, timers: list[Timer], now: datetime) -> tuple[str, ...]:
    """The levels of a running clock that should be armed and are not, or at another instant.

    A timer whose instant has passed waits for the sweep, which may have put it off: it is right.
    """
    rule = clocks.rule(clock.policy_id, clock.kind)
    if rule is None:
        return ()
    done = {timer.level for timer in timers if timer.state in ("fired", "skipped")}
    armed = {timer.level: timer.fire_at for timer in timers if timer.state == "armed"}
    dues = ladder.Dues(clock.started_at, clock.warn_at, clock.due_at)
    wanted = ladder.to_arm(rule, calendar_of(clock.calendar_id), dues, now, done)
    return tuple(
        level
        for level, fire_at in wanted
        if level not in armed or (fire_at > now and armed[level] != fire_at)
    )


def _cancel(clock: Clock) -> None:
    armed = Timer.clock_id == clock.id, Timer.state == "armed"
    db.session.execute(update(Timer).where(*armed).values(state="cancelled"))
