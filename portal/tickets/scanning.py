"""The job of quarantined files: each is shown to the virus scanner, then released or removed."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select, update

from portal.audit import refusals
from portal.audit.refusals import Refused
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.queue import SCAN, nudge
from portal.tickets import clamav
from portal.tickets.clamav import Address, ScannerAway
from portal.tickets.file_models import Attachment
from portal.tickets.files import path_of
from portal.tickets.service.attach import scanned

AGAIN = timedelta(seconds=30)  # after the scanner was away
BATCH = 20

log = logging.getLogger(__name__)


def step(folder: Path, address: Address, now: datetime) -> bool:
    """Looks at the oldest file that waits and nobody is at; False where there is none.

    A worker that is killed meanwhile gives it back. With the scanner away every file waits on.
    """
    try:
        with transaction() as session:
            due = Attachment.state == "waiting", Attachment.scan_at <= now
            query = select(Attachment).where(*due).order_by(Attachment.id).limit(1)
            file = session.scalar(query.with_for_update(skip_locked=True))
            if file is None:
                return False
            path = path_of(file.stored_name, folder)
            if path.is_file():
                with path.open("rb") as stream:
                    virus = clamav.virus_in(stream, address)
            else:
                virus = None  # a draft's file that was thrown away meanwhile
            number = file.id
            if virus is not None:
                refusals.counted(Refused("virus", "", file.uploaded_by_id, detail=virus), now)
            scanned(file, virus, now)
    except ScannerAway as error:
        log.warning("virus scanner away: %s", error)
        with transaction() as session:
            waits = update(Attachment).where(Attachment.state == "waiting")
            session.execute(waits.values(scan_at=now + AGAIN))
        return False
    if virus is not None:
        path.unlink(missing_ok=True)
        log.warning("virus found", extra={"attachment_id": number, "virus": virus})
    return True


def work(folder: Path, address: Address, clock: Callable[[], datetime] = utcnow) -> bool:
    """Up to BATCH files; whether more may wait."""
    return all(step(folder, address, clock()) for _ in range(BATCH))


def waiting(now: datetime) -> bool:
    """Whether a file is to be looked at: one probe of a small index."""
    query = select(Attachment.id).where(Attachment.state == "waiting", Attachment.scan_at <= now)
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def held() -> int:
    """How many files wait."""
    query = select(func.count()).where(Attachment.state == "waiting")
    return db.session.scalar(query) or 0


def run() -> None:
    """The RQ job: some files, and the next job asked for while there are more."""
    try:
        address = clamav.address_of(current_app.config)
        if address is not None and work(Path(current_app.config["UPLOAD_DIR"]), address):
            nudge(SCAN)
    finally:
        db.session.remove()
