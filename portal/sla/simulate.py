"""Plays a year through the verbs, the relay and the sweep, and hands over what was seen.

People come, ask, pause, dispute and fall silent by chance from a seed; the sweep runs now and then,
dies in the middle of its work, or stands still for days; the calendar is edited in July. The trace
is plain data: an independent model (tests/jobs/simulator_model.py) works out from it what should
have been.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import event, insert, select, update

from portal.db import transaction
from portal.errors import PortalError
from portal.extensions import db
from portal.outbox import relay
from portal.sla import simulate_acts as acts
from portal.sla import targets
from portal.sla.calendars import current_calendar_id
from portal.sla.models import CalendarDay, CalendarVersion, Clock, Timer
from portal.sla.sweep import sweep
from portal.tickets.lifecycle import Status, Urgency
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.queries import light_of
from portal.tickets.service import submit
from portal.tickets.service.submit import Wording

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
EDITED_AT = BEGIN + timedelta(days=185)
CLOSED_DAY = date(2026, 9, 2)  # a Wednesday that the edit takes out
FILING_DAYS = 300
STEPS = 14


class Crash(BaseException):
    """The process dies between the work and its commit."""


@dataclass
class Trace:
    """What was put in and what came out; instants are aware UTC datetimes."""

    sweeps: list[datetime] = field(default_factory=list)
    crashes: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    lights: list[dict[str, Any]] = field(default_factory=list)
    calendars: list[tuple[datetime, int, list[date]]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    failed: int = 0


class Year:
    """One year of a simulated clock; `play` runs it to its end and returns the trace."""

    def __init__(self, people: acts.People, tickets: int, seed: int) -> None:
        self.people = people
        self.rng = Random(seed)  # noqa: S311 – a play, not a secret
        self.trace = Trace()
        self.now = BEGIN
        self._order = count()
        self._steps: list[tuple[datetime, int, Iterator[timedelta]]] = []
        for _ in range(tickets):
            at = BEGIN + timedelta(seconds=self.rng.randrange(FILING_DAYS * 86_400))
            self._push(at, self._life(at))
        self._push(BEGIN, self._sweeper())
        self._push(EDITED_AT, self._editor())

    def play(self) -> Trace:
        """Plays every step in order of time, then reads what became of it."""
        while self._steps:
            at, _, script = heapq.heappop(self._steps)
            self.now = at
            pause = next(script, None)
            if pause is not None:
                self._push(at + pause, script)
        self.trace.tickets = [self._seen(one) for one in db.session.scalars(select(Ticket.id))]
        return self.trace

    def _push(self, at: datetime, script: Iterator[timedelta]) -> None:
        heapq.heappush(self._steps, (at, next(self._order), script))

    # The machinery

    def _sweeper(self) -> Iterator[timedelta]:
        """Sweeps at odd moments; sometimes it dies in the middle, sometimes it rests for days."""
        while self.now < BEGIN + timedelta(days=420):
            if self.rng.random() < 0.1:
                self._dying_sweep()
            self.trace.failed += sweep(self.now).failed
            self.trace.sweeps.append(self.now)
            self._deliver()
            rest = self.rng.random() < 0.02
            hours = self.rng.uniform(48, 120) if rest else self.rng.uniform(0.5, 18)
            yield timedelta(seconds=round(hours * 3600))

    def _dying_sweep(self) -> None:
        """A sweep whose nth commit never happens; the next one has to find everything again."""
        left = count(self.rng.randint(1, 4), -1)

        def die(_session: Any) -> None:
            if next(left) == 0:
                raise Crash

        event.listen(db.session, "before_commit", die)
        try:
            sweep(self.now)
        except Crash:
            self.trace.crashes += 1
            db.session.remove()
        finally:
            event.remove(db.session, "before_commit", die)

    def _editor(self) -> Iterator[timedelta]:
        """A new version of the calendar with one day less; running clocks keep theirs."""
        with transaction() as session:
            old = session.get_one(CalendarVersion, current_calendar_id())
            session.execute(update(CalendarVersion).values(current=False))
            new = CalendarVersion(
                time_zone=old.time_zone,
                seasons=old.seasons,
                confirmed_years=old.confirmed_years,
                current=True,
                note="simulation",
            )
            session.add(new)
            session.flush()
            names = ("day", "kind", "name", "windows")
            query = select(*(getattr(CalendarDay, name) for name in names))
            days = session.execute(query.where(CalendarDay.calendar_id == old.id)).all()
            rows = [dict(zip(names, day, strict=True)) for day in days]
            rows.append({"day": CLOSED_DAY, "kind": "holiday", "name": "停电", "windows": None})
            session.execute(insert(CalendarDay), [{**one, "calendar_id": new.id} for one in rows])
            self.trace.calendars = [(BEGIN, old.id, []), (self.now, new.id, [CLOSED_DAY])]
        yield from ()

    def _deliver(self) -> None:
        self.trace.failed += relay.drain(lambda: self.now).failed

    # One ticket's life

    def _life(self, at: datetime) -> Iterator[timedelta]:
        wording = Wording(
            title="资金周转",
            category_id=self.rng.choice(self.people.categories),
            urgency=self.rng.choice(list(Urgency)),
            description="模拟一年的诉求。",
            contact_name="王经理",
            contact_phone="13800001111",
        )
        with transaction():
            ticket_id = submit.submit(self.people.firm, wording, self.now).id
        self.trace.acts["submit"] += 1
        self._deliver()
        for _ in range(STEPS):
            hours = self.rng.choice((0.2, 1, 3, 20, 50, 100))
            yield timedelta(seconds=round(self.rng.uniform(0.3, 1.5) * hours * 3600))
            if not self._act(ticket_id):
                return

    def _act(self, ticket_id: int) -> bool:
        """One thing that can be done now, by chance; False when the life is over."""
        self._look(ticket_id)
        ticket = db.session.get_one(Ticket, ticket_id, populate_existing=True)
        choices = [*acts.choices(self.people, ticket, self.now, self.rng)]
        db.session.rollback()
        if not choices:
            return False
        name, act = self.rng.choice(choices)
        if act is not None:
            try:
                with transaction():
                    act()
                self.trace.acts[name] += 1
            except PortalError:
                self.trace.acts["refused"] += 1  # too late for an extension, say
            self._deliver()
        return True

    # What is seen

    def _look(self, ticket_id: int) -> None:
        """Notes the light of the list and of each clock, as the pages show them now."""
        ticket = db.session.get_one(Ticket, ticket_id, populate_existing=True)
        listed = db.session.scalar(select(light_of(self.now)).where(Ticket.id == ticket_id))
        clocks = {
            (clock.kind, clock.round, clock.attempt): targets.light(
                self.now,
                warn_at=clock.warn_at,
                due_at=clock.due_at,
                paused=clock.state == "paused",
                supervised=ticket.order_pending,
                stopped_at=clock.stopped_at,
            )
            for clock in db.session.scalars(select(Clock).where(Clock.ticket_id == ticket_id))
            if clock.state != "cancelled"
        }
        shown = listed if ticket.status != Status.CLOSED else None
        self.trace.lights.append(
            {"ticket": ticket_id, "at": self.now, "list": shown, "clocks": clocks}
        )

    def _seen(self, ticket_id: int) -> dict[str, Any]:
        """Everything the database says of one ticket in the end."""
        ticket = db.session.get_one(Ticket, ticket_id)
        rows = db.session.scalars(
            select(TicketEvent).where(TicketEvent.ticket_id == ticket_id).order_by(TicketEvent.seq)
        )
        clocks = db.session.scalars(select(Clock).where(Clock.ticket_id == ticket_id))
        return {
            "id": ticket_id,
            "urgency": ticket.urgency,
            "complex": ticket.category.complex,
            "consult": ticket.category.consult,
            "events": [
                {
                    "at": e.at,
                    "action": e.action,
                    "by": e.actor_role,
                    "to": e.to_status,
                    "data": e.payload,
                }
                for e in rows
            ],
            "clocks": [_clock(one) for one in clocks],
        }


def _clock(clock: Clock) -> dict[str, Any]:
    timers = db.session.scalars(
        select(Timer).where(Timer.clock_id == clock.id).order_by(Timer.fire_at)
    )
    return {
        "key": (clock.kind, clock.round, clock.attempt),
        "calendar": clock.calendar_id,
        "start": clock.started_at,
        "warn": clock.warn_at,
        "due": clock.due_at,
        "original_due": clock.original_due_at,
        "provisional": clock.provisional,
        "state": clock.state,
        "stopped": clock.stopped_at,
        "fired": sorted((t.level, t.fired_at) for t in timers if t.state == "fired"),
    }
