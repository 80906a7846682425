"""Brings the cells up to date: what a touched ticket added is taken away, what it adds is added.

One at a time, by the lock on the state's row; what was taken and what it changed are committed
together, so a worker that is killed loses nothing and counts nothing twice.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from portal.extensions import db
from portal.kpi.columns import COLUMNS
from portal.kpi.entries import entries
from portal.kpi.histories import histories
from portal.kpi.ledger import NOTHING, Added, Ledger, added_by
from portal.kpi.models import CELL, KpiFact, KpiHour, KpiState, KpiTime, KpiTouched
from portal.sla.calendars import current_calendar, current_calendar_id
from portal.tickets.models import Ticket

BATCH = 200  # tickets a transaction


def step(now: datetime, batch: int = BATCH) -> int | None:
    """One transaction's work: touched tickets first, then the next of a rebuild.

    How many tickets were looked at, 0 when there is nothing to do; None when somebody is at it.
    """
    state = _state(now)
    if state is None:
        return None
    if state.calendar_id != current_calendar_id():  # every time is counted anew
        state.calendar_id = current_calendar_id()
        state.sweep_after = 0
    touched = _take(batch)
    if touched:
        refold(touched)
        return len(touched)
    return 0 if state.sweep_after is None else _sweep(state, batch, now)


def _state(now: datetime) -> KpiState | None:
    """The locked row; made, for a first build, where there is none."""
    first = insert(KpiState).values(id=1, sweep_after=0, changed_at=now)
    db.session.execute(first.on_conflict_do_nothing())
    query = select(KpiState).with_for_update(skip_locked=True)
    return db.session.scalar(query.execution_options(populate_existing=True))


def _take(batch: int) -> set[int]:
    oldest = select(KpiTouched.id).order_by(KpiTouched.id).limit(batch).with_for_update()
    taken = delete(KpiTouched).where(KpiTouched.id.in_(oldest)).returning(KpiTouched.ticket_id)
    return set(db.session.scalars(taken))


def _sweep(state: KpiState, batch: int, now: datetime) -> int:
    query = select(Ticket.id).where(Ticket.id > state.sweep_after).order_by(Ticket.id)
    ids = list(db.session.scalars(query.limit(batch)))
    state.changed_at = now
    if not ids:
        state.sweep_after, state.ready = None, True
        return 0
    refold(ids, always=True)
    state.sweep_after = ids[-1]
    return len(ids)


def start_rebuild(now: datetime) -> None:
    """Empties the cells; steps fill them again, and until then pages count live."""
    first = insert(KpiState).values(id=1, sweep_after=0, changed_at=now)
    fresh = {"ready": False, "sweep_after": 0, "changed_at": now, "calendar_id": 0}
    db.session.execute(first.on_conflict_do_update(index_elements=["id"], set_=fresh))
    for table in (KpiFact, KpiHour, KpiTime):
        db.session.execute(delete(table))
    db.session.execute(delete(CELL))


def refold(ticket_ids: Collection[int], *, always: bool = False) -> None:
    """Replaces what these tickets add. `always`: also where no event has come since."""
    query = select(KpiFact).where(KpiFact.ticket_id.in_(ticket_ids))
    before = {one.ticket_id: one for one in db.session.scalars(query)}
    calendar, ledger, facts = current_calendar(), Ledger(), []
    for one in histories(ticket_ids):
        old = before.get(one.ticket_id)
        if old is not None and old.seq == one.facts.seq and not always:
            continue
        new = added_by(one.facts, entries(one.facts, one.promises), calendar)
        was = NOTHING if old is None else Added.from_json(old.added)
        if new != was:
            ledger.add(was, -1)
            ledger.add(new)
        facts.append({"ticket_id": one.ticket_id, "seq": one.facts.seq, "added": new.to_json()})
    write(ledger, facts)


def write(ledger: Ledger, facts: Collection[Mapping[str, Any]]) -> None:
    """Adds a ledger to the cells and stores the facts that made it; four statements at most."""
    cells = [
        {**_named(key), **{name: n for name, n in columns.items() if n}}
        for key, columns in ledger.cells.items()
        if any(columns.values())
    ]
    hours = [{**_named(key), "slot": slot, "n": n} for (key, slot), n in ledger.hours.items() if n]
    times = [
        {**_named(key), "name": name, "tenths": tenths, "n": n}
        for (key, name, tenths), n in ledger.times.items()
        if n
    ]
    written = ((_FACTS, list(facts)), (_CELLS, cells), (_HOURS, hours), (_TIMES, times))
    for statement, rows in written:
        if rows:
            db.session.execute(statement, {"rows": rows})


def _named(key: tuple[str, str, Any, str]) -> dict[str, str]:
    dimension, grain, start, value = key
    return {
        "dimension": dimension,
        "grain": grain,
        "start": start.isoformat(),
        "value": value,
    }


def _adding(table: str, keys: dict[str, str], sums: Collection[str]) -> Any:
    """INSERT of rows given as one JSON array, adding to the rows that are there."""
    types = {**keys, **dict.fromkeys(sums, "integer")}
    read = ", ".join(f"coalesce({name}, 0)" for name in sums)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    statement = f"""
        INSERT INTO {table} ({", ".join(types)}) SELECT {", ".join(keys)}, {read}
        FROM jsonb_to_recordset(:rows)
        AS given ({", ".join(f"{name} {kind}" for name, kind in types.items())})
        ORDER BY {", ".join(keys)}
        ON CONFLICT ({", ".join(keys)}) DO UPDATE SET {added}
    """  # noqa: S608 - names of our own columns
    return text(statement).bindparams(bindparam("rows", type_=JSONB))


_KEYS = {"dimension": "text", "grain": "text", "start": "date", "value": "text"}
_CELLS = _adding("kpi_cell", _KEYS, COLUMNS)
_HOURS = _adding("kpi_hour", {**_KEYS, "slot": "bigint"}, ("n",))
_TIMES = _adding("kpi_time", {**_KEYS, "name": "text", "tenths": "bigint"}, ("n",))
_FACTS = text(
    """
    INSERT INTO kpi_fact (ticket_id, seq, added)
    SELECT ticket_id, seq, added
    FROM jsonb_to_recordset(:rows) AS given (ticket_id bigint, seq bigint, added jsonb)
    ON CONFLICT (ticket_id) DO UPDATE SET seq = excluded.seq, added = excluded.added
    """
).bindparams(bindparam("rows", type_=JSONB))
