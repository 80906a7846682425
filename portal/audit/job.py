"""The job that seals what waits, and signs the day's checkpoint; safe to run twice."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import monotonic

from flask import current_app

from portal.audit import checkpoints, sealing
from portal.audit.checkpoints import Anchor
from portal.db import transaction, utcnow
from portal.extensions import db

RUN_SECONDS = 2.0  # of one job: what waits to be routed waits no longer behind it


def run() -> None:
    """What a worker does when it is told to look."""
    try:
        bring_up(utcnow, seconds=RUN_SECONDS)
        with transaction():
            due = checkpoints.due(utcnow())
        if due:
            checkpoint(utcnow(), "day")
    finally:
        db.session.remove()


def waiting(now: datetime) -> bool:
    """Whether anything waits to be sealed, or the day has no checkpoint yet."""
    with transaction():
        return sealing.waiting() or checkpoints.due(now)


def bring_up(
    clock: Callable[[], datetime], *, seconds: float | None = None, batch: int = sealing.BATCH
) -> int:
    """Seals until nothing waits; how many entries. Ends at once where somebody else is at it."""
    until, done = None if seconds is None else monotonic() + seconds, 0
    while until is None or monotonic() < until:
        with transaction():
            sealed = sealing.seal(clock(), batch)
        if not sealed:
            break
        done += sealed
    return done


def checkpoint(now: datetime, why: str) -> Anchor | None:
    """Signs the head of the log: the row first, then its line in the file; None for an empty log.

    A line without its row cannot be, a row without its line is what `verify` tells.
    """
    with transaction():
        made = checkpoints.make(now, why, key())
    if made is not None:
        checkpoints.keep(made, folder())
    return made


def key() -> bytes:
    """The key of signatures, which is not in the database."""
    return str(current_app.config["AUDIT_KEY"]).encode()


def folder() -> Path:
    """Where the file of checkpoints and the parts lie."""
    return Path(current_app.config["AUDIT_DIR"])
