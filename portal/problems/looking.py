"""The job that looks for groups of similar tickets, once an hour at most."""

from datetime import datetime

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.problems.service import suggesting


def waiting(now: datetime) -> bool:
    """Whether it is time to look again: one probe, as long as there is nothing to do."""
    with transaction():
        return suggesting.due(now)


def run() -> None:
    """The RQ job; a doubled one finds that it is not time, and leaves."""
    try:
        now = utcnow()
        with transaction():
            if suggesting.due(now):
                suggesting.suggest(now)
    finally:
        db.session.remove()
