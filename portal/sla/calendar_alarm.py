"""Rings once for each year: the announced part of the calendar ends within 60 days (domain.md §3).

The timer asks each second; the database is read once a local day.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES, Role
from portal.db import transaction
from portal.errors import Invalid
from portal.outbox import service as outbox
from portal.sla.calendars import ending_soon

LOCAL = ZoneInfo("Asia/Shanghai")
_READERS = (*OVERSIGHT_ROLES, Role.ADMIN)


class Alarm:
    """Remembers the local day it last looked at."""

    def __init__(self) -> None:
        self._seen: date | None = None

    def look(self, now: datetime) -> None:
        """Rings when it is due, at the first look of a local day; `now` in UTC."""
        today = now.astimezone(LOCAL).date()
        if today == self._seen:
            return
        ring(now)
        self._seen = today


def ring(now: datetime) -> bool:
    """Puts the notice to supervisors and administrators; the key makes it one for each year."""
    with transaction() as session:
        try:
            end = ending_soon(now)
        except Invalid:
            return False  # no calendar is in force yet
        if end is None:
            return False
        query = select(User.id).where(User.role.in_(_READERS), User.active).order_by(User.id)
        readers = list(session.scalars(query))
        payload = {
            "ticket_id": None,
            "kind": "calendar_end",
            "users": readers,
            "role": None,
            "department_id": None,
            "params": {"year": end.year},
        }
        if readers:
            outbox.put(outbox.NOTIFY, payload, now, f"calendar_end:{end.year}")
        return bool(readers)
