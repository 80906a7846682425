"""The job that fills the index: a chunk of tickets a transaction, resumed wherever it stopped."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.outbox.models import Message
from portal.outbox.service import FIRM_TEXT, put
from portal.queue import FILL, nudge
from portal.search import service
from portal.search.models import SearchRun
from portal.tickets.models import Ticket

CHUNKS = 10  # a job is short so that the queue moves on


def start(now: datetime) -> None:
    """Begins a run over all tickets, or leaves the one that runs."""
    total = db.session.scalar(select(func.count()).select_from(Ticket)) or 0
    row = {"state": "running", "after_id": 0, "seen": 0, "total": total, "started_at": now}
    db.session.execute(insert(SearchRun).values(row).on_conflict_do_nothing())


def step(now: datetime) -> SearchRun | None:
    """Indexes the next chunk of the unfinished run; the run as it then stands, None without one.

    The caller's transaction moves the run and the index together, so a killed job loses nothing.
    """
    unfinished = select(SearchRun).where(SearchRun.state == "running")
    run = db.session.scalar(unfinished.with_for_update(skip_locked=True))
    if run is None:
        return None
    query = select(Ticket.id).where(Ticket.id > run.after_id).order_by(Ticket.id)
    ids = list(db.session.scalars(query.limit(service.CHUNK).with_for_update()))
    service.index(ids)
    if ids:
        run.after_id, run.seen = ids[-1], run.seen + len(ids)
    else:
        run.state, run.finished_at = "done", now
    return run


def firm(message: Message, now: datetime) -> None:
    """Handles FIRM_TEXT: some tickets of a renamed firm, and a next message for those left."""
    enterprise_id, after = message.payload["enterprise_id"], message.payload.get("after", 0)
    last = service.index_firm(enterprise_id, after)
    if last is not None:
        put(FIRM_TEXT, {"enterprise_id": enterprise_id, "after": last}, now)


def waiting() -> bool:
    """Whether a run is unfinished: one probe of a partial index."""
    query = select(SearchRun.id).where(SearchRun.state == "running")
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def work(clock: Callable[[], datetime] = utcnow, most: int = CHUNKS) -> int:
    """Up to `most` chunks; how many were done."""
    done = 0
    while done < most:
        with transaction():
            run = step(clock())
            if run is None or run.state == "done":
                break
        done += 1
    return done


def run() -> None:
    """The RQ job: some chunks, and the next job asked for while there is more."""
    try:
        if work() == CHUNKS and waiting():
            nudge(FILL)
    finally:
        db.session.remove()
