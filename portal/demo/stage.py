"""A simulated clock: plays scripts step by step, firing the timers that fall due in between."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any, cast

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from portal.extensions import db
from portal.outbox import relay
from portal.outbox.service import NOTIFY, ROUTE, STAND_IN, VACANCY
from portal.search.service import AT_THE_END
from portal.sla.models import Clock, Timer
from portal.sla.sweep import sweep
from portal.sla.worktime import Calendar
from portal.tickets.service import assign

Script = Generator[datetime, None, None]
"""A life as it is played: yields the instant (UTC) of its next step and is resumed at it."""

LOAD_LOCK = 7_101_002  # the advisory lock that makes a load one


class PlayError(RuntimeError):
    """The play did not go as written: a fault of the script or of a service."""


@contextmanager
def one_transaction() -> Iterator[Session]:
    """All inside is one database transaction; what commits inside only releases a savepoint.

    So a load that is killed half-way leaves nothing, and the verbs, the relay and the sweep run
    unchanged. Only one at a time: a second one waits for the first.
    """
    db.session.remove()
    with db.engine.connect() as connection, connection.begin():
        connection.execute(select(func.pg_advisory_xact_lock(LOAD_LOCK)))
        session = Session(
            bind=connection,
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
            autoflush=False,  # a verb is written at its end, in half the statements
            info={AT_THE_END: True},
        )
        db.session.registry.set(cast(Any, session))
        try:
            yield session
            session.commit()
        finally:
            db.session.remove()


class Stage:
    """The clock and the queue of steps to come; `notices`: deliver notices as they arise."""

    def __init__(self, session: Session, calendar: Calendar, *, notices: bool) -> None:
        self.session = session
        self.calendar = calendar
        self.notices = notices
        self.now = datetime.min.replace(tzinfo=UTC)
        self.end = self.now
        self._order = count()
        self._steps: list[tuple[datetime, int, Script]] = []
        self._timers: list[tuple[datetime, int, int]] = []
        self._armed: dict[int, set[int]] = {}

    def enter(self, script: Script) -> None:
        """Puts a script on the stage; it waits for its first instant."""
        self._push(script)

    def play(self, until: datetime) -> None:
        """Plays every step, and every timer up to the last step; PlayError for a step too late."""
        self.end = until
        listeners = (
            (Timer, "after_insert", self._arm),
            (Timer, "after_update", self._fired),
            (Clock, "after_update", self._disarm),
        )
        for listener in listeners:
            event.listen(*listener)
        try:
            while self._steps:
                if self._steps[0][0] > until:
                    raise PlayError(f"a step at {self._steps[0][0]} is after the end at {until}")
                self._fire(self._steps[0][0])
                at, _, script = heappop(self._steps)
                self.now = at
                self._push(script)
                self.session.flush()
                self._deliver()
            self._fire(until)
        finally:
            for listener in listeners:
                event.remove(*listener)

    def route(self, ticket_id: int) -> None:
        """Routes what was just submitted: as the relay's handler does, or through the relay."""
        if self.notices:
            self._deliver()
        else:
            assign.route(ticket_id, self.now)

    def after(self, minutes: float) -> datetime:
        """The instant so many working minutes from now, to the second."""
        return self.whole(self.calendar.add_minutes(self.now, minutes))

    def whole(self, instant: datetime) -> datetime:
        """The instant without its fraction of a second, never before now."""
        return max(instant.replace(microsecond=0), self.now)

    def _push(self, script: Script) -> None:
        at = next(script, None)
        if at is None:
            return
        if at < self.now:
            raise PlayError(f"a step at {at} lies before {self.now}")
        heappush(self._steps, (at, next(self._order), script))

    def _arm(self, _mapper: Any, _connection: Any, timer: Timer) -> None:
        heappush(self._timers, (timer.fire_at, timer.id, timer.clock_id))
        self._armed.setdefault(timer.clock_id, set()).add(timer.id)

    def _fired(self, _mapper: Any, _connection: Any, timer: Timer) -> None:
        if timer.state != "armed":
            self._armed.get(timer.clock_id, set()).discard(timer.id)

    def _disarm(self, _mapper: Any, _connection: Any, clock: Clock) -> None:
        if clock.state != "running":
            self._armed.pop(clock.id, None)

    def _fire(self, until: datetime) -> None:
        """Sweeps at the instant of each timer that is still armed, up to `until`."""
        while self._timers and self._timers[0][0] <= until:
            fire_at, timer_id, clock_id = heappop(self._timers)
            if timer_id not in self._armed.get(clock_id, ()):
                continue
            self.now = max(fire_at, self.now)
            swept = sweep(self.now)
            if swept.failed:
                raise PlayError(f"{swept.failed} timers failed at {self.now}")
            self._deliver()

    def _deliver(self) -> None:
        if self.notices:
            self._drain((ROUTE, NOTIFY, STAND_IN, VACANCY))

    def _drain(self, kinds: tuple[str, ...]) -> None:
        drained = relay.drain(lambda: self.now, kinds)
        if drained.failed:
            raise PlayError(f"{drained.failed} messages failed at {self.now}")
