"""What supervision looks like: thresholds, one of them crossed, and two bulletins."""

from datetime import date, datetime
from pathlib import Path

from flask import current_app

from portal.auth.roles import Actor
from portal.demo.cast import Cast
from portal.extensions import db
from portal.kpi.queries import directory
from portal.outbox import relay
from portal.outbox.service import NOTIFY
from portal.supervision import archive, cycles, making, service, watching
from portal.supervision.service import Wanted

THRESHOLDS = (
    Wanted("overdue", "all", "", "rolling", "higher", 5, 40, 20),
    Wanted("contact_rate", "department", "", "rolling", "lower", 80, 60, 20),
    Wanted("time_to_contact", "all", "", "month", "higher", 4, 8, 20),
)
TOLD = (date(2023, 5, 1), date(2023, 6, 1))  # months of the played year


def enter(cast: Cast, now: datetime) -> None:
    """Sets the thresholds, looks at them once, and makes the bulletins of two months."""
    supervisor: Actor = cast.supervisors[0]
    known = directory()
    for wanted in THRESHOLDS:
        watching.look(service.add(supervisor, wanted, now), known, now)
    folder = Path(current_app.config["UPLOAD_DIR"])
    for day in TOLD:  # the timer asks for last week's, and for last month's if it was lively
        asked = archive.ask("month", cycles.month_of(day), now)
        if asked is not None:
            making.make(asked, folder, current_app.config["PDF_FONT"], now)
    db.session.flush()
    relay.drain(lambda: now, (NOTIFY,))  # what may be told at this hour
