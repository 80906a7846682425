"""Starts, stops, pauses and resumes the clocks of one ticket, with their timers (domain.md §3)."""

from datetime import datetime
from functools import lru_cache

from sqlalchemy import select, update

from portal.errors import Invalid
from portal.extensions import db
from portal.sla import ladder, targets
from portal.sla.calendars import calendar_of, current_calendar_id
from portal.sla.default_policy import ClockRule, from_json, rules_for
from portal.sla.models import CalendarVersion, Clock, ClockMove, Pause, Policy, Timer
from portal.sla.recount import Span, recount
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

ROUND_ONE = ("contact", "verify", "reply", "resolve")
NEXT_ROUND = ("contact", "reply", "resolve")


@lru_cache(maxsize=64)
def policy_rules(policy_id: int) -> tuple[ClockRule, ...]:
    """The clock rules of one policy version; versions are immutable, so they are kept."""
    rules = db.session.scalar(select(Policy.rules).where(Policy.id == policy_id))
    if rules is None:
        raise Invalid("没有这一版时限政策。")
    return from_json(rules)


def current_policy_id() -> int:
    """The id of the policy version that new clocks follow."""
    policy_id = db.session.scalar(select(Policy.id).where(Policy.current))
    if policy_id is None:
        raise Invalid("尚未启用任何时限政策。")
    return policy_id


def _followed() -> tuple[int, int]:
    """The policy and the calendar that new clocks follow, in one statement."""
    policy = select(Policy.id).where(Policy.current).scalar_subquery()
    calendar = select(CalendarVersion.id).where(CalendarVersion.current).scalar_subquery()
    policy_id, calendar_id = db.session.execute(select(policy, calendar)).one()
    return policy_id or current_policy_id(), calendar_id or current_calendar_id()


class Clocks:
    """The clocks of one ticket at one instant, read once and changed in memory, then flushed.

    `ticket`: a locked row. `now`: UTC. `fresh`: the ticket is new and has no clock yet.
    """

    def __init__(self, ticket: Ticket, now: datetime, *, fresh: bool = False) -> None:
        self.ticket = ticket
        self.now = now
        query = select(Clock).where(Clock.ticket_id == ticket.id).order_by(Clock.id)
        self.rows: list[Clock] = [] if fresh else list(db.session.scalars(query))

    def start(self, *kinds: str, again: bool = False) -> None:
        """Starts the clocks of these kinds that the round has not seen; `again`: a new attempt.

        A kind that the policy does not name for this ticket stays absent.
        """
        policy_id, calendar_id = _followed()
        rules = self._rules(policy_id)
        begun: list[tuple[Clock, ClockRule]] = []
        for kind in kinds:
            attempt = 1 + sum(c.kind == kind and c.round == self.ticket.round for c in self.rows)
            rule = rules.get(kind)
            if rule is not None and (attempt == 1 or again):
                begun.append((self._start(rule, attempt, policy_id, calendar_id), rule))
        db.session.flush()
        for clock, rule in begun:
            self._arm(clock, rule, 1, frozenset())
        self.refresh()

    def _rules(self, policy_id: int) -> dict[str, ClockRule]:
        """The rule of each clock that the policy has for this ticket."""
        category = self.ticket.category
        return rules_for(
            policy_rules(policy_id),
            urgency=self.ticket.urgency,
            complexity="complex" if category.complex else "normal",
            kind="consult" if category.consult else "request",
            category=category.id,
            parent=category.parent_id,
        )

    def _start(self, rule: ClockRule, attempt: int, policy_id: int, calendar_id: int) -> Clock:
        calendar = calendar_of(calendar_id)
        target = targets.parse_target(rule.target)
        due = targets.due(calendar, self.now, target)
        clock = Clock(
            ticket_id=self.ticket.id,
            round=self.ticket.round,
            kind=rule.clock,
            attempt=attempt,
            policy_id=policy_id,
            calendar_id=calendar_id,
            target=rule.target,
            pausable=rule.pausable,
            state="running",
            started_at=self.now,
            warn_at=targets.warn_at(calendar, self.now, due.at, target),
            due_at=due.at,
            original_due_at=due.at,
            provisional=due.provisional,
        )
        db.session.add(clock)
        self.rows.append(clock)
        return clock

    def _arm(self, clock: Clock, rule: ClockRule, generation: int, done: frozenset[str]) -> None:
        """Arms the levels still to come, and those after the due that never fired."""
        calendar = calendar_of(clock.calendar_id)
        dues = ladder.Dues(clock.started_at, clock.warn_at, clock.due_at)
        for level, fire_at in ladder.to_arm(rule, calendar, dues, self.now, done):
            timer = Timer(clock_id=clock.id, level=level, generation=generation, fire_at=fire_at)
            db.session.add(timer)

    def stop(self, *kinds: str) -> None:
        """Ends the promise of these kinds: kept when now ≤ due, broken otherwise."""
        self._end("stopped", [c for c in self.open if c.kind in kinds])

    def cancel(self, *kinds: str) -> None:
        """Takes these clocks back; before its due a cancelled clock counts nowhere."""
        self._end("cancelled", [c for c in self.open if c.kind in kinds])

    def cancel_all(self) -> None:
        """Ends everything that runs, the pause first: nothing may tick on a closed ticket."""
        self.resume()
        self._end("cancelled", self.open)
        self.refresh()

    @property
    def open(self) -> list[Clock]:
        """The clocks that run or are paused."""
        return [c for c in self.rows if c.state in ("running", "paused")]

    def _end(self, state: str, clocks: list[Clock]) -> None:
        for clock in clocks:
            if clock.state == "paused":
                self._shift(clock, self._open_pause_start())
            clock.state = state
            clock.stopped_at = self.now
        self._disarm(clocks)

    def pause(self) -> None:
        """Stops every pausable clock of the ticket together (domain.md §3)."""
        db.session.add(Pause(ticket_id=self.ticket.id, started_at=self.now))
        paused = [c for c in self.open if c.pausable]
        for clock in paused:
            clock.state = "paused"
        self._disarm(paused)

    def resume(self) -> None:
        """Ends the pause, if there is one, and moves each paused clock's due by what it took."""
        query = select(Pause).where(Pause.ticket_id == self.ticket.id, Pause.ended_at.is_(None))
        pause = db.session.scalar(query)
        if pause is None:
            return
        resumed = [c for c in self.open if c.state == "paused"]
        for clock in resumed:
            self._shift(clock, pause.started_at)
            clock.state = "running"
            self._arm_anew(clock)
        pause.ended_at = self.now
        self.follow_calendar(resumed)
        self.refresh()

    def _arm_anew(self, clock: Clock) -> None:
        """Arms the next generation of timers; a level that fired already is not told again."""
        timers = list(db.session.scalars(select(Timer).where(Timer.clock_id == clock.id)))
        done = frozenset(t.level for t in timers if t.state in ("fired", "skipped"))
        generation = max((timer.generation for timer in timers), default=0) + 1
        self._arm(clock, self._rules(clock.policy_id)[clock.kind], generation, done)

    def rule(self, policy_id: int, kind: str) -> ClockRule | None:
        """What a policy version promises this ticket by a clock; None: nothing."""
        return self._rules(policy_id).get(kind)

    def recount(self, clock: Clock, calendar_id: int) -> None:
        """Counts an open clock anew by another calendar, or by its target where that was changed.

        Pauses and extensions are kept, a running clock is armed anew; `refresh` when all are done.
        """
        dues = recount(
            calendar_of(clock.calendar_id),
            calendar_of(calendar_id),
            targets.parse_target(clock.target),
            clock.started_at,
            (clock.original_due_at, clock.due_at),
            self._pauses(clock),
        )
        clock.calendar_id = calendar_id
        self._moves(clock)
        clock.due_at, clock.original_due_at = dues.due_at, dues.original_due_at
        clock.warn_at, clock.provisional = dues.warn_at, dues.provisional
        self.rearm(clock)

    def follow_calendar(self, clocks: list[Clock]) -> None:
        """Moves clocks whose due has come to lie in an unannounced year to the newest calendar."""
        stale = [c for c in clocks if c.provisional and c.state == "running"]
        current = current_calendar_id() if stale else 0
        for clock in stale:
            if clock.calendar_id < current:
                self.recount(clock, current)

    def extend(self, clock: Clock, days: int) -> None:
        """Moves the due of an open clock by working days; `original_due_at` stays."""
        calendar = calendar_of(clock.calendar_id)
        target = targets.parse_target(clock.target)
        self._moves(clock)
        clock.due_at = calendar.shift_days(clock.due_at, days)
        clock.warn_at = targets.warn_at(calendar, clock.started_at, clock.due_at, target)
        clock.provisional = calendar.provisional(clock.due_at)
        self.rearm(clock)
        self.follow_calendar([clock])
        self.refresh()

    def rearm(self, clock: Clock) -> None:
        """Replaces the timers of a clock whose rule or dues have changed; a paused one has none."""
        self._disarm([clock])
        if clock.state == "running":
            self._arm_anew(clock)

    def _pauses(self, clock: Clock) -> list[Span]:
        """The ended pauses in which this clock stood still, oldest first."""
        query = select(Pause.started_at, Pause.ended_at).where(
            Pause.ticket_id == self.ticket.id,
            Pause.started_at >= clock.started_at,
            Pause.ended_at.is_not(None),
        )
        rows = db.session.execute(query.order_by(Pause.started_at)) if clock.pausable else ()
        return [(begun, ended) for begun, ended in rows if ended is not None]

    def _open_pause_start(self) -> datetime:
        query = select(Pause.started_at).where(
            Pause.ticket_id == self.ticket.id, Pause.ended_at.is_(None)
        )
        return db.session.scalars(query).one()

    def _shift(self, clock: Clock, paused_from: datetime) -> None:
        calendar = calendar_of(clock.calendar_id)
        target = targets.parse_target(clock.target)
        due, original = clock.due_at, clock.original_due_at
        self._moves(clock)
        clock.due_at = targets.resume(calendar, target, due, paused_from, self.now)
        clock.original_due_at = targets.resume(calendar, target, original, paused_from, self.now)
        clock.warn_at = targets.warn_at(calendar, clock.started_at, clock.due_at, target)
        clock.provisional = calendar.provisional(clock.due_at)

    def _moves(self, clock: Clock) -> None:
        """Keeps the dues that are about to move."""
        before = {"due_before": clock.due_at, "original_due_before": clock.original_due_at}
        db.session.add(ClockMove(clock_id=clock.id, at=self.now, **before))

    def _disarm(self, clocks: list[Clock]) -> None:
        ids = [clock.id for clock in clocks]
        if ids:
            armed = Timer.clock_id.in_(ids), Timer.state == "armed"
            db.session.execute(update(Timer).where(*armed).values(state="cancelled"))

    def refresh(self) -> None:
        """Writes the nearest promise onto the ticket, where the queues read it."""
        running = [c for c in self.rows if c.state == "running"]
        if self.ticket.status == Status.CLOSED or not running:
            self.ticket.next_clock = self.ticket.next_due_at = self.ticket.next_warn_at = None
            return
        nearest = min(running, key=lambda clock: (clock.due_at, clock.id))
        self.ticket.next_clock = nearest.kind
        self.ticket.next_due_at = nearest.due_at
        self.ticket.next_warn_at = min(clock.warn_at for clock in running)
