"""The nightly job of retention: batch by batch, each its own transaction, safe to run twice."""

import logging
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.private import retention
from portal.queue import RETAIN, nudge
from portal.tickets.files import path_of

LOCAL = ZoneInfo("Asia/Shanghai")
HOUR = 3  # local: nobody is at work
BATCHES = 20  # of one job

log = logging.getLogger(__name__)


def sweep(folder: Path, now: datetime, most: int | None = None) -> dict[str, int] | None:
    """Takes away what is over its time; what went by kind, None where `most` batches were too few.

    A file is removed after the row that named it is committed: killed in between, it lies there
    without a name, and nobody can reach it.
    """
    counts: dict[str, int] = {}
    for kind, before in retention.limits(current_app.config, now):
        after: int | None = 0
        counts[kind.name] = 0
        while after is not None:
            if most is not None and (most := most - 1) < 0:
                return None
            with transaction():
                after, count, names = retention.step(kind, before, after, now)
            for name in names:
                path_of(name, folder).unlink(missing_ok=True)
            counts[kind.name] += count
    return counts


class Watch:
    """Asks for the job once a local day, after HOUR; remembers the day it was done."""

    def __init__(self) -> None:
        self._done: date | None = None

    def look(self, now: datetime) -> None:
        """`now` in UTC."""
        local = now.astimezone(LOCAL)
        if local.hour < HOUR or local.date() == self._done:
            return
        with transaction():
            done = retention.done_on(local.date())
        if done:
            self._done = local.date()
        elif local.second % 10 == 0:
            nudge(RETAIN)


def run() -> None:
    """The RQ job: some batches; the day is noted when nothing was left."""
    try:
        now = utcnow()
        day = now.astimezone(LOCAL).date()
        with transaction():
            if retention.done_on(day):
                return
        counts = sweep(Path(current_app.config["UPLOAD_DIR"]), now, BATCHES)
        if counts is None:
            nudge(RETAIN)
            return
        with transaction():
            retention.noted(day, counts, now)
        log.info("retention", extra={"counts": counts})
    finally:
        db.session.remove()
