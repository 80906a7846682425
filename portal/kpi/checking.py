"""Counts everything anew out of the events, and compares: facts, cells, and the live conditions."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, text

from portal.extensions import db
from portal.kpi import cells, live, reading
from portal.kpi.conditions import Dimensions
from portal.kpi.entries import entries
from portal.kpi.figures import COUNTED, Measure
from portal.kpi.histories import histories
from portal.kpi.ledger import Added, Ledger, added_by
from portal.kpi.live import FIELDS, Measures
from portal.kpi.models import CELL, KpiFact, KpiHour, KpiTime, KpiTouched
from portal.kpi.periods import Period
from portal.sla.calendars import current_calendar
from portal.tickets.models import Ticket, TicketEvent

BATCH = 500
ALL = Dimensions()


def differences(now: datetime, say: Any = lambda _n: None) -> Iterator[str]:
    """Every difference in words, of one moment; nothing when all agree.

    Call it in a fresh transaction. Tickets that wait for the rollup are taken at what they have
    added so far; while there are any, the live conditions, which know more, are not compared.
    `say` is told how many tickets have been folded.
    """
    db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    if not reading.ready():
        yield "the cells are not built: run flask kpi rebuild"
        return
    waiting = set(db.session.scalars(select(KpiTouched.ticket_id)))
    ledger = Ledger()
    yield from _facts(ledger, waiting, say)
    yield from _cells(ledger)
    yield from _counters(ledger)
    if not waiting:
        yield from _live(ledger, now)


def _facts(ledger: Ledger, waiting: set[int], say: Any) -> Iterator[str]:
    """What each ticket should have added, and has; fills the ledger with what should be."""
    after, done, calendar = 0, 0, current_calendar()
    while True:
        query = select(Ticket.id).where(Ticket.id > after).order_by(Ticket.id).limit(BATCH)
        ids = list(db.session.scalars(query))
        if not ids:
            return
        rows = db.session.execute(
            select(KpiFact.ticket_id, KpiFact.seq, KpiFact.added).where(KpiFact.ticket_id.in_(ids))
        )
        stored = {row[0]: (row[1], Added.from_json(row[2])) for row in rows}
        told = histories(ids)
        known = select(TicketEvent.ticket_id).where(TicketEvent.ticket_id.in_(ids)).distinct()
        for lost in set(db.session.scalars(known)) - {one.ticket_id for one in told}:
            yield f"ticket {lost}: its events cannot be folded"
        for one in told:
            seq, had = stored.get(one.ticket_id, (0, Added()))
            if one.ticket_id in waiting:
                ledger.add(had)
                continue
            new = added_by(one.facts, entries(one.facts, one.promises), calendar)
            ledger.add(new)
            if (seq, had) != (one.facts.seq, new):
                where = f"ticket {one.ticket_id}: event {one.facts.seq}, counted at {seq}"
                yield f"{where}: {_gap(had, new)}"
        after, done = ids[-1], done + len(ids)
        say(done)


def _gap(had: Added, new: Added) -> str:
    one, other = had.to_json(), new.to_json()
    parts = [f"{key} {one[key]} → {other[key]}" for key in one if one[key] != other[key]]
    return "; ".join(parts)[:500] or "the same figures"


def _cells(ledger: Ledger) -> Iterator[str]:
    wanted = {
        key: {name: n for name, n in columns.items() if n} for key, columns in ledger.cells.items()
    }
    for row in db.session.execute(select(CELL)).mappings():
        key = row["dimension"], row["grain"], row["start"], row["value"]
        has = {
            name: row[name] for name in row if name not in CELL.primary_key.columns and row[name]
        }
        should = wanted.pop(key, {})
        for name in sorted(has.keys() | should.keys()):
            held, right = has.get(name, 0), should.get(name, 0)
            if held != right:
                yield f"cell {_said(key)} {name}: {held}, events say {right}"
    for key, should in wanted.items():
        if should:
            yield f"cell {_said(key)} is missing: {should}"


def _said(key: tuple[str, str, date, str]) -> str:
    dimension, grain, start, value = key
    return f"{grain} {start} {dimension} {value}".rstrip()


def _counters(ledger: Ledger) -> Iterator[str]:
    """Hours of the week, and times."""
    hours: dict[Any, int] = {(*key, slot): n for (key, slot), n in ledger.hours.items()}
    times: dict[Any, int] = {(*key, what, at): n for (key, what, at), n in ledger.times.items()}
    for model, wanted in ((KpiHour, hours), (KpiTime, times)):
        table = db.metadata.tables[model.__tablename__]
        for *key, n in db.session.execute(select(*table.columns)):
            if n != wanted.pop(tuple(key), 0):
                yield f"{table.name} {key}: {n}"
        for key, n in wanted.items():
            if n:
                yield f"{table.name} {key} is missing: {n}"


def _live(ledger: Ledger, now: datetime) -> Iterator[str]:
    """The figures of all time by the conditions that make the lists, and by the cells."""
    days = [key[2] for key in ledger.cells]
    if not days:
        return
    period = Period(min(days), max(days))
    yield from _compared("all", live.counts(period, ALL, now), cells.totals(period, ALL, now))
    for dimension in FIELDS:
        counted = live.counts(period, ALL, now, dimension)
        read = cells.cut(dimension, period, ALL, now)
        for value in sorted(counted.keys() | read.keys(), key=str):
            where = f"{dimension} {value}"
            yield from _compared(where, {None: counted.get(value, {})}, read.get(value, {}))


def _compared(where: str, counted: dict[Any, Measures], read: Measures) -> Iterator[str]:
    row = counted.get(None, {})
    for name in COUNTED:
        one, other = _sides(row.get(name)), _sides(read.get(name))
        if one != other:
            yield f"{where} {name}: tickets say {one}, cells {other}"


def _sides(one: Measure | None) -> tuple[Any, ...]:
    if one is None:
        return 0, 0, {}
    return one.n, one.d, {why: n for why, n in one.excluded.items() if n}
