"""What tests need of supervision: thresholds with their history, alerts, bulletins."""

from datetime import date, datetime
from pathlib import Path

from flask import current_app
from sqlalchemy.orm import Session

from portal.db import transaction
from portal.kpi.periods import local_day
from portal.supervision import archive, cycles, job, making, service
from portal.supervision.models import Alert, Bulletin
from portal.supervision.service import Wanted
from tests.factories import MONDAY, Town


def watched(session: Session, town: Town) -> None:
    """One row in each table."""
    wanted = Wanted("close_rate", "all", "", "month", "lower", 90, 80, 20)
    row = service.add(town.supervisor, wanted, MONDAY)
    day, end = date(2026, 3, 1), date(2026, 3, 31)
    about = {"member": "", "member_name": "", "level": "red", "generation": 1, "bound": 80}
    counted = {"first": day, "last": end, "n": 1, "d": 2, "value": 50}
    session.add(Alert(threshold_id=row.id, opened_at=MONDAY, seen_at=MONDAY, **about, **counted))
    session.add(Bulletin(kind="month", first=day, last=end, stored_name="b", asked_at=MONDAY))


def supervised(town: Town, now: datetime) -> None:
    """A threshold that is crossed, and the bulletin of last month, made."""
    with transaction():
        wanted = Wanted("close_rate", "all", "", "rolling", "lower", 90, 80, 1)
        service.add(town.supervisor, wanted, now)
        last = cycles.before("month", cycles.month_of(local_day(now)))
        archive.ask("month", last, now)
    job.work(lambda: now)
    making.work(Path(current_app.config["UPLOAD_DIR"]), clock=lambda: now)
