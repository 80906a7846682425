"""The figures as they were known at an instant of the past: only the events of until then.

It folds every ticket anew, so it takes minutes on a million; for the command line.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from portal.directory import category_queries
from portal.extensions import db
from portal.kpi import reading
from portal.kpi.conditions import Dimensions
from portal.kpi.entries import PROMISES, Entry, entries
from portal.kpi.figures import FIGURES, TIMES, Measure
from portal.kpi.histories import History, histories
from portal.kpi.ledger import cut_of, entry_columns
from portal.kpi.live import FIELDS, Measures
from portal.kpi.periods import Period
from portal.kpi.spreads import spread_of, tenths
from portal.kpi.ticket_conditions import backlog_before
from portal.sla.calendars import current_calendar
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

BATCH = 1000


def totals_as_of(period: Period, chosen: Dimensions, at: datetime) -> Measures:
    """Every figure of the period as it was known at `at` (UTC), by the calendar in force now."""
    counted: Counter[str] = Counter()
    taken: defaultdict[str, Counter[int]] = defaultdict(Counter)
    start, end = period.bounds
    calendar, wanted = current_calendar(), _wanted(chosen)
    for history in _all(at):
        if not _chosen(history, wanted):
            continue
        for row in _rows(history, at):
            if not start <= row.at < end:
                continue
            counted.update(entry_columns(row))
            if row.span is not None:
                taken[row.name][tenths(calendar.minutes_between(*row.span))] += 1
    found = reading.measures(counted)
    for name in TIMES:
        one, out = spread_of(name, taken[name]), reading.left_out(name, counted)
        found[name] = Measure(FIGURES[name], one.n, one.n, out, median=one.median, p90=one.p90)
    return {name: found[name] for name in FIGURES}


def _all(at: datetime) -> Iterator[History]:
    after = 0
    while True:
        query = select(Ticket.id).where(Ticket.id > after, Ticket.submitted_at <= at)
        ids = list(db.session.scalars(query.order_by(Ticket.id).limit(BATCH)))
        if not ids:
            return
        yield from histories(ids, at)
        after = ids[-1]


def _wanted(chosen: Dimensions) -> list[set[tuple[str, str]]]:
    """The cuts that a ticket must have one of, for each chosen dimension."""
    named = chosen.chosen
    wanted = []
    for dimension, field in FIELDS.items():
        if field in named:
            own: frozenset[int | str] = frozenset({named[field]})
            if field == "category_id":
                own = frozenset(category_queries.with_kinds(int(named[field])))
            wanted.append({(str(dimension), str(value)) for value in own})
    return wanted


def _chosen(history: History, wanted: list[set[tuple[str, str]]]) -> bool:
    return history.facts.counted and all(one & set(cut_of(history.facts)) for one in wanted)


def _rows(history: History, at: datetime) -> Iterator[Entry]:
    """What the ticket adds, with what only that instant can tell."""
    facts, promises = history.facts, history.promises
    dues = [one.due_at for one in promises if one.state == "running"]
    late = facts.status != Status.CLOSED and bool(dues) and min(dues) < at
    for row in entries(facts, promises, late_now=late):
        if row.name in PROMISES and row.at > at:
            continue
        if row.name == "backlog" and row.at < backlog_before(at):
            yield Entry("backlog", row.at, True)
        else:
            yield row
