"""Looks at leave that has begun and at hand-overs whose leave is over: each once."""

import logging
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select

from portal.db import transaction
from portal.directory.models import Leave
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.tickets.handover_models import Handover
from portal.tickets.handover_rules import last_opened
from portal.tickets.service import handover

LOCAL = ZoneInfo("Asia/Shanghai")
BATCH = 100

log = logging.getLogger(__name__)


def sweep(now: datetime, go_on: Callable[[], bool] = lambda: True) -> tuple[int, int]:
    """Offers what is open at the opening of the first day, ends what ended by `now` (UTC).

    How many were done and how many failed; `go_on` is asked before each one. Any number of sweeps
    may run at once: what is done is noted on the claimed row in the same transaction.
    """
    done = failed = 0
    for due, verb in ((_begun(now), handover.offer), (_ended(now), handover.end)):
        with transaction() as session:
            ids = list(session.scalars(due.limit(BATCH)))
        for row_id in ids:
            if not go_on():
                return done, failed
            try:
                with transaction():
                    done += bool(verb(row_id, now))
            except Exception:
                log.exception("hand-over failed", extra={"row_id": row_id})
                failed += 1
    return done, failed


def waiting(now: datetime) -> bool:
    """Whether leave has begun or ended that nobody has looked at: two index probes at most."""
    with transaction():
        return any(
            db.session.scalar(due.limit(1)) is not None for due in (_begun(now), _ended(now))
        )


def _begun(now: datetime) -> Select[int]:
    day = last_opened(current_calendar(), now)
    query = select(Leave.id).where(Leave.offered_at.is_(None), Leave.starts_on <= day)
    return query.order_by(Leave.starts_on, Leave.id)


def _ended(now: datetime) -> Select[int]:
    """Those whose last day is over, and those whose leave was taken back."""
    today = now.astimezone(LOCAL).date()
    query = select(Handover.id).outerjoin(Leave, Leave.id == Handover.leave_id)
    over = or_(Handover.leave_id.is_(None), Leave.ends_on < today)
    return query.where(Handover.ended_at.is_(None), over).order_by(Handover.id)
