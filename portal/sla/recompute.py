"""The job that counts open clocks anew: one ticket a transaction, resumed wherever it stopped."""

import logging
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.queue import RECOMPUTE, nudge
from portal.sla import recompute_runs
from portal.sla.models import Policy, Recompute
from portal.sla.service import current_policy_id
from portal.tickets.service import recompute as ticket
from portal.tickets.service.recompute import Recomputed

CHUNK = 200  # tickets a job; a job is short so that the queue moves on

log = logging.getLogger(__name__)


def work(clock: Callable[[], datetime] = utcnow, most: int = CHUNK) -> int:
    """Does up to `most` tickets of the oldest unfinished run; how many steps it took.

    Progress moves in the transaction that moves the ticket: after a kill -9 the next job goes on
    with the next ticket, and none is done twice.
    """
    done = 0
    while done < most and _step(clock()):
        done += 1
    return done


def _step(now: datetime) -> bool:
    """One ticket of the oldest run that nobody else is at. False: nothing to do."""
    with transaction() as session:
        query = select(Recompute).where(Recompute.state == "running").order_by(Recompute.id)
        run = session.scalar(query.limit(1).with_for_update(skip_locked=True))
        if run is None:
            return False
        if run.policy_id is not None and run.policy_id != current_policy_id():
            run.state, run.finished_at = "superseded", now
            return True
        ticket_id = recompute_runs.next_ticket(run)
        if ticket_id is None:
            run.state, run.finished_at = "done", now
            return True
        run.after_id = ticket_id
        run.seen += 1
        _count(run, ticket_id, now)
        return True


def _count(run: Recompute, ticket_id: int, now: datetime) -> None:
    """One ticket, in a savepoint: a ticket that fails is counted and stalls no other."""
    try:
        with db.session.begin_nested():
            result = _one(run, ticket_id, now)
    except Exception:
        log.exception("recompute failed", extra={"ticket_id": ticket_id, "run_id": run.id})
        run.failed += 1
        return
    run.moved += result.moved
    run.overdue += result.overdue


def _one(run: Recompute, ticket_id: int, now: datetime) -> Recomputed:
    if run.policy_id is None:
        return ticket.by_calendar(ticket_id, run.calendar_id, now)
    policy = db.session.get_one(Policy, run.policy_id)
    return ticket.by_policy(ticket_id, policy, run.calendar_id, now)


def waiting() -> bool:
    """Whether a run is unfinished: one probe of a partial index."""
    query = select(Recompute.id).where(Recompute.state == "running")
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def run() -> None:
    """The RQ job: one chunk, and the next one asked for while there is more."""
    try:
        if work() == CHUNK and waiting():
            nudge(RECOMPUTE)
    finally:
        db.session.remove()
