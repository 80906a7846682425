"""The job that looks at thresholds that are due, each in a transaction of its own."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.kpi import queries
from portal.supervision import watching
from portal.supervision.models import Threshold

RETRY = timedelta(minutes=10)  # a look that fails is tried again, but not each second

log = logging.getLogger(__name__)


def work(clock: Callable[[], datetime] = utcnow) -> int:
    """Looks at every threshold that is due; how many alerts it told of.

    Safe to run twice or at the same time: a threshold is looked at under its lock, and its next
    look moves in the same transaction.
    """
    told = 0
    while True:
        now, claimed = clock(), None
        try:
            with transaction():
                threshold = watching.claim(now)
                if threshold is None:
                    return told
                claimed = threshold.id
                told += watching.look(threshold, queries.directory(), now)
        except Exception:
            if claimed is None:
                raise
            log.exception("look failed", extra={"threshold_id": claimed})
            with transaction() as session:
                later = session.get_one(Threshold, claimed, with_for_update=True)
                later.due_at = later.due_at and now + RETRY


def waiting(now: datetime) -> bool:
    """Whether a threshold is due."""
    with transaction():
        return watching.waiting(now)


def run() -> None:
    """The RQ job."""
    try:
        work()
    finally:
        db.session.remove()
