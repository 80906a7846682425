"""What a new calendar or policy would do to open tickets, worked out without writing anything."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, select

from portal.directory.models import Category
from portal.extensions import db
from portal.sla.calendars import calendar_of, current_calendar
from portal.sla.default_policy import ClockRule, rules_for
from portal.sla.models import Clock, Pause
from portal.sla.recompute_runs import OPEN
from portal.sla.recount import Span, recount
from portal.sla.targets import parse_target
from portal.sla.worktime import Calendar
from portal.tickets.models import Ticket

BATCH = 2000
Rules = dict[str, ClockRule]


@dataclass(frozen=True)
class Impact:
    """Counts of tickets: open ones, those with a due that moves, those that become overdue by it.

    `cancelled`: with a promise that the policy no longer makes.
    """

    open: int
    moved: int
    overdue: int
    cancelled: int = 0


@dataclass
class _Tally:
    """The tickets by what happens to them."""

    open: set[int]
    moved: set[int]
    overdue: set[int]
    cancelled: set[int]

    def result(self) -> Impact:
        return Impact(*(len(one) for one in vars(self).values()))


def of_calendar(new: Calendar, now: datetime) -> Impact:
    """What counting provisional clocks by `new` would do at `now` (UTC)."""
    tally = _Tally(set(), set(), set(), set())
    _each(
        _clocks().where(Clock.provisional),
        lambda row, pauses: _judge(tally, row, new, row.target, pauses, now),
        tally,
    )
    return tally.result()


def of_policy(rules: Sequence[ClockRule], now: datetime) -> Impact:
    """What putting every open ticket under these rules would do at `now` (UTC).

    The rules must not overlap (see policy_rules); raises ValueError where they do.
    """
    tally, calendar = _Tally(set(), set(), set(), set()), current_calendar()
    chosen: dict[tuple[str, int], Rules] = {}

    def judge(row: Row, pauses: Sequence[Span]) -> None:
        key = row.urgency, row.category_id
        if key not in chosen:
            chosen[key] = _rules_of(rules, row)
        rule = chosen[key].get(row.kind)
        if rule is None:
            tally.cancelled.add(row.ticket_id)
        elif rule.target != row.target:
            newest = calendar if calendar.version > row.calendar_id else None
            by = newest or calendar_of(row.calendar_id)
            _judge(tally, row, by, rule.target, pauses, now)

    _each(_clocks(), judge, tally)
    return tally.result()


def _rules_of(rules: Iterable[ClockRule], row: Row) -> Rules:
    return rules_for(
        rules,
        urgency=row.urgency,
        complexity="complex" if row.complex else "normal",
        kind="consult" if row.consult else "request",
        category=row.category_id,
        parent=row.parent_id,
    )


def _clocks() -> Select:
    """The open clocks with what chooses their rule, in a fixed order; plain columns, for speed."""
    return (
        select(
            *(Clock.id, Clock.ticket_id, Clock.kind, Clock.state, Clock.target, Clock.pausable),
            *(Clock.calendar_id, Clock.started_at, Clock.due_at, Clock.original_due_at),
            *(Ticket.urgency, Ticket.category_id, Category.complex, Category.consult),
            Category.parent_id,
        )
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .join(Category, Category.id == Ticket.category_id)
        .where(Clock.state.in_(OPEN), Ticket.status != "closed")
    )


def _each(query: Select, judge: Callable[[Row, Sequence[Span]], None], tally: _Tally) -> None:
    """Hands each clock to `judge` with the ended pauses of its ticket."""
    pauses = _pauses()
    for row in db.session.execute(query.execution_options(yield_per=BATCH)):
        tally.open.add(row.ticket_id)
        judge(row, pauses.get(row.ticket_id, ()))


def _pauses() -> dict[int, list[Span]]:
    query = (
        select(Pause.ticket_id, Pause.started_at, Pause.ended_at)
        .join(Ticket, Ticket.id == Pause.ticket_id)
        .where(Pause.ended_at.is_not(None), Ticket.status != "closed")
    )
    found: dict[int, list[Span]] = defaultdict(list)
    for ticket_id, begun, ended in db.session.execute(query.order_by(Pause.started_at)):
        if ended is not None:
            found[ticket_id].append((begun, ended))
    return found


def _judge(
    tally: _Tally, row: Row, new: Calendar, target: str, pauses: Sequence[Span], now: datetime
) -> None:
    dues = recount(
        calendar_of(row.calendar_id),
        new,
        parse_target(target),
        row.started_at,
        (row.original_due_at, row.due_at),
        [one for one in pauses if row.pausable and one[0] >= row.started_at],
    )
    if dues.due_at != row.due_at:
        tally.moved.add(row.ticket_id)
        if row.state == "running" and dues.due_at < now <= row.due_at:
            tally.overdue.add(row.ticket_id)
