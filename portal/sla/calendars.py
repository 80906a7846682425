"""Reads a calendar version from the database into the pure Calendar; versions never change."""

from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import select

from portal.errors import Invalid
from portal.extensions import db
from portal.sla.models import CalendarDay, CalendarVersion
from portal.sla.worktime import Calendar, DayOverride, Season

WARN_DAYS = 60  # before the confirmed end (domain.md §3)


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


def confirmed_end(calendar: Calendar, now: datetime) -> date:
    """The last day up to which every holiday from this year on is announced."""
    year = now.astimezone(calendar.zone).year
    while year in calendar.confirmed_years:
        year += 1
    return date(year - 1, 12, 31)


def ending_soon(now: datetime) -> date | None:
    """The end of what is announced, from 60 days before it on; None while it is further off."""
    calendar = current_calendar()
    end = confirmed_end(calendar, now)
    today = now.astimezone(calendar.zone).date()
    return end if today >= end - timedelta(days=WARN_DAYS) else None
