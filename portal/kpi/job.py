"""The job that keeps the cells up to date; safe to run twice, and to be killed anywhere."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from sqlalchemy import exists, select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.kpi import rollup
from portal.kpi.models import KpiState, KpiTouched
from portal.sla.calendars import current_calendar_id
from portal.tickets.models import Ticket

RUN_SECONDS = 40.0  # of one job; the timer asks for the next one as long as anything waits


def run() -> None:
    """What a worker does when it is told to look."""
    bring_up(utcnow, seconds=RUN_SECONDS)


def waiting() -> bool:
    """Whether a ticket was touched, or a rebuild is not done; one statement."""
    query = select(
        exists().where(KpiTouched.id > 0),
        exists().where(Ticket.id > 0),
        select(KpiState.sweep_after).scalar_subquery(),
        select(KpiState.calendar_id).scalar_subquery(),
    )
    touched, any_ticket, sweep_after, calendar_id = db.session.execute(query).one()
    stale = sweep_after is not None or calendar_id != current_calendar_id()
    return touched or (any_ticket and stale)


def bring_up(
    clock: Callable[[], datetime],
    *,
    seconds: float | None = None,
    say: Callable[[int], None] = lambda _done: None,
) -> int:
    """Steps until nothing waits; how many tickets were looked at.

    `say` is told the number so far after each step. Ends at once where somebody else is at it.
    """
    until, done = None if seconds is None else monotonic() + seconds, 0
    while until is None or monotonic() < until:
        with transaction():
            looked_at = rollup.step(clock())
        if not looked_at:
            break
        done += looked_at
        say(done)
    return done
