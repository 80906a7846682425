"""The job of large exports: a few seconds of chunks, then the next job; resumed where it stopped.

A step is one transaction that holds the run: a chunk of rows into the spool, or the file out of it.
"""

import logging
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import current_app
from flask_babel import force_locale

from portal.audit.watermark import Mark
from portal.db import transaction, utcnow
from portal.errors import PortalError
from portal.exports import queries, service, showing, spool
from portal.exports.models import ExportRun
from portal.exports.sources import table_of
from portal.exports.tables import Table
from portal.extensions import db
from portal.queue import EXPORT, nudge

SECONDS = 2.0  # of one job; a ticket that waits to be routed waits no longer behind it

log = logging.getLogger(__name__)


def work(folder: Path, clock: Callable[[], datetime] = utcnow, seconds: float = SECONDS) -> bool:
    """Steps of the oldest run for some seconds; whether more is left. `folder`: where files lie."""
    until = time.monotonic() + seconds
    _expire(folder, clock())
    while step(folder, clock()):
        if time.monotonic() > until:
            return True
    return False


def step(folder: Path, now: datetime) -> bool:
    """One step of the oldest open run; False where there is none."""
    with transaction():
        run = service.claim()
        if run is None:
            return False
        if not service.begin(run):
            service.fail(run, now)
            spool.discard(run.spool_name, folder)
            return True
        run_id = run.id
    try:
        with transaction():
            run = db.session.get_one(ExportRun, run_id, with_for_update=True)
            if run.state == "running":
                with force_locale(run.language):
                    _advance(run, folder, now)
            elif run.state == "cancelled":
                spool.discard(run.spool_name, folder)
    except PortalError:
        with transaction():
            run = db.session.get_one(ExportRun, run_id, with_for_update=True)
            service.fail(run, now)
    except Exception:
        log.exception("export failed", extra={"run_id": run_id})
    return True


def waiting(now: datetime) -> bool:
    """Whether a run waits for a job, or a file is over its time."""
    with transaction():
        return queries.waiting(now)


def run() -> None:
    """The RQ job: a few seconds of work, and the next job asked for while there is more."""
    try:
        if work(Path(current_app.config["UPLOAD_DIR"])):
            nudge(EXPORT)
    finally:
        db.session.remove()


def _advance(run: ExportRun, folder: Path, now: datetime) -> None:
    """The next chunk, read as its owner may see it at this moment; after the last one the file."""
    actor = run.by.actor
    if not run.by.active:
        service.fail(run, now)
        spool.discard(run.spool_name, folder)
        return
    table = table_of(run.source, actor, run.asked, now)
    if run.after_id != 0:
        found = table.chunk(run.after_id)
        service.taken(actor, found.tickets, run.format, "", now)
        size = spool.append(run.spool_name, folder, run.spool_bytes, found.rows)
        service.gathered(run, len(found.rows), found.after or 0, size)
        return
    _finish(run, table, folder, now)


def _finish(run: ExportRun, table: Table, folder: Path, now: datetime) -> None:
    name = secrets.token_hex(16)
    rows = spool.rows_of(run.spool_name, folder, run.spool_bytes)
    target = spool.path_of(name, folder)
    target.touch(mode=0o600)
    if table.write is not None:
        table.write(target, rows)
    else:
        mark = Mark(run.by.name, run.by.username, now)
        given = table.title, table.headings, rows, mark
        spool.write(target, run.format, *given, column=showing.mark_column(table.personal))
    words = table.words
    service.log(run.by.actor, run.source, run.format, run.done, words, table.personal, now)
    service.finish(run, name, now)
    spool.discard(run.spool_name, folder)


def _expire(folder: Path, now: datetime) -> None:
    with transaction():
        names = service.expire(now)
    for name in names:
        spool.discard(name, folder)
    spool.sweep(folder, now)
