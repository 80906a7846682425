"""Reads a calendar version from the database into the pure Calendar; versions never change."""

from functools import lru_cache

from sqlalchemy import select

from portal.errors import Invalid
from portal.extensions import db
from portal.sla.models import CalendarDay, CalendarVersion
from portal.sla.worktime import Calendar, DayOverride, Season


def current_calendar_id() -> int:
    """The id of the calendar version that new clocks follow."""
    query = select(CalendarVersion.id).where(CalendarVersion.current)
    calendar_id = db.session.scalar(query)
    if calendar_id is None:
        raise Invalid("尚未启用任何工作日历。")
    return calendar_id


def current_calendar() -> Calendar:
    """The calendar that new clocks follow."""
    return calendar_of(current_calendar_id())


@lru_cache(maxsize=16)
def calendar_of(calendar_id: int) -> Calendar:
    """The pure calendar of one stored version."""
    version = db.session.get_one(CalendarVersion, calendar_id)
    days = db.session.scalars(select(CalendarDay).where(CalendarDay.calendar_id == calendar_id))
    return Calendar.build(
        [Season.from_json(season) for season in version.seasons],
        [DayOverride.from_json(day.day, day.kind, day.name, day.windows) for day in days],
        version.confirmed_years,
        tz=version.time_zone,
        version=version.id,
    )
