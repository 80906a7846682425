"""Looks at petitions whose deadline or day has come: each once; costs what is due."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select, update

from portal.db import transaction
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.service import hold, petition

BATCH = 200
RETRY = timedelta(minutes=10)  # a petition that fails is tried again, but not each second

log = logging.getLogger(__name__)


def sweep(
    now: datetime, batch: int = BATCH, go_on: Callable[[], bool] = lambda: True
) -> tuple[int, int]:
    """Expires what nobody ruled on by `now` (UTC), and does what is due on holds.

    How many were done and how many failed; `go_on` is asked before each one. Any number of sweeps
    may run at once: the ticket is locked first, as every verb does, and what happens moves
    `act_at` in the same transaction.
    """
    done = failed = 0
    tried: set[int] = set()
    while due := _due(now, batch, tried):
        for petition_id, ticket_id in due:
            if not go_on():
                return done, failed
            tried.add(petition_id)
            try:
                done += _look(petition_id, ticket_id, now)
            except Exception:
                log.exception("petition failed", extra={"petition_id": petition_id})
                failed += 1
                with transaction() as session:
                    waits = Petition.id == petition_id, Petition.act_at.is_not(None)
                    session.execute(update(Petition).where(*waits).values(act_at=now + RETRY))
    return done, failed


def waiting(now: datetime) -> bool:
    """Whether a petition is due at `now` (UTC): one index probe."""
    query = select(Petition.id).where(Petition.act_at <= now)
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def _due(now: datetime, batch: int, tried: set[int]) -> list[tuple[int, int]]:
    query = (
        select(Petition.id, Petition.ticket_id)
        .where(Petition.act_at <= now)
        .order_by(Petition.act_at, Petition.id)
        .limit(batch + len(tried))
    )
    with transaction() as session:
        rows = [(one, ticket) for one, ticket in session.execute(query)]
    return [row for row in rows if row[0] not in tried][:batch]


def _look(petition_id: int, ticket_id: int, now: datetime) -> bool:
    """One claim in one transaction; False when somebody else was quicker or holds the ticket."""
    with transaction() as session:
        lock = select(Ticket).where(Ticket.id == ticket_id).with_for_update(skip_locked=True)
        ticket = session.scalar(lock.execution_options(populate_existing=True))
        row = session.get(Petition, petition_id, populate_existing=True)
        if ticket is None or row is None or row.act_at is None or row.act_at > now:
            return False
        if row.state == "asked":
            petition.lapse(ticket, row, now)
        else:
            hold.look(ticket, row, now)
        return True
