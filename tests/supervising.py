"""Rows of supervision that tests need: a threshold with its history, an alert, a bulletin."""

from datetime import date

from sqlalchemy.orm import Session

from portal.supervision import service
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
