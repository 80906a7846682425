"""The job that plans uploaded sheets and applies confirmed ones; resumed wherever it stopped.

A step is one transaction: the plan of a file, or one chunk of an application, with its progress.
After a kill -9 the next job goes on with the next chunk, and nothing is written twice.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.queue import SHEETS, nudge
from portal.sheets import files, service
from portal.sheets.models import SheetImport

STEPS = 4  # steps a job; a job is short so that the queue moves on
LOCAL = ZoneInfo("Asia/Shanghai")

log = logging.getLogger(__name__)


def work(folder: Path, clock: Callable[[], datetime] = utcnow, most: int = STEPS) -> int:
    """Does up to `most` steps of the waiting imports, oldest first; how many it did.

    `folder`: where uploads lie.
    """
    done = 0
    while done < most:
        now = clock()
        with transaction():
            found = service.next_waiting(now)
        if found is None:
            break
        step(*found, folder, now)
        done += 1
    return done


def step(import_id: int, state: str, folder: Path, now: datetime, *, wait: bool = False) -> None:
    """One step of one import; an error is logged and left for the next attempt."""
    try:
        with transaction():
            row = service.claim(import_id, state, wait=wait)
            if row is not None:
                _one(row, folder, now)
                _tidy(row, folder)
    except service.AllRefused as refused:
        with transaction():
            row = service.claim(import_id, state)
            if row is not None:
                service.refuse_all(row, refused, now)
                _tidy(row, folder)
    except Exception:
        log.exception("import failed", extra={"import_id": import_id})


def waiting() -> bool:
    """Whether an import waits for a job."""
    with transaction():
        return service.waiting()


def run() -> None:
    """The RQ job: a few steps, and the next ones asked for while there are more."""
    try:
        if work(Path(current_app.config["UPLOAD_DIR"])) == STEPS and waiting():
            nudge(SHEETS)
    finally:
        db.session.remove()


def _one(row: SheetImport, folder: Path, now: datetime) -> None:
    today = now.astimezone(LOCAL).date()
    if row.state == "uploaded":
        service.plan(row, files.path_of(row.stored_name or "", folder), today, now)
    elif row.state == "applying":
        service.apply_chunk(row, today, now)


def _tidy(row: SheetImport, folder: Path) -> None:
    """An import that has ended needs its file no longer; its hash stays."""
    if row.finished_at is not None:
        files.discard(row.stored_name, folder)
        row.stored_name = None
