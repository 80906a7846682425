"""A calendar is a line of immutable versions, and its end is announced in time (issue 3)."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.errors import Invalid
from portal.extensions import db
from portal.notify import messages
from portal.notify.models import Notice
from portal.outbox import relay
from portal.sla import calendar_alarm, calendar_check, calendar_service
from portal.sla.calendar_check import Difference
from portal.sla.calendar_data import china_calendar, load_overrides
from portal.sla.calendars import calendar_of, current_calendar, current_calendar_id, ending_soon
from portal.sla.worktime import DEFAULT_WEEK, Calendar, DayOverride
from tests.factories import Town
from tests.service.stages import local
from tests.service.versions import restored, table

__all__ = ["restored"]
COMPLEX = "用地用房"
TODAY = local("2026-11-23 09:00")
LOADED = local("2026-12-01 10:00")


def load(text: str = "") -> int:
    """Loads a table, by default the made-up 2027; the id of the new version."""
    with transaction():
        plan = calendar_service.plan_years(text or table())
        return calendar_service.apply(plan, "吴管", "2027.csv").id


def test_a_version_is_new_and_the_old_one_stays(restored: Town) -> None:
    old_id = current_calendar_id()
    version = load()
    assert current_calendar_id() == version != old_id
    old, new = calendar_of(old_id), calendar_of(version)
    assert new.confirmed_years == old.confirmed_years | {2027}
    assert old.day_info(date(2027, 1, 9)).kind == "weekend"
    assert new.day_info(date(2027, 1, 9)).kind == "makeup"
    assert new.day_info(date(2027, 1, 1)).kind == "holiday"
    assert new.day_info(date(2027, 5, 1)).kind == "weekend"  # the guess of 2027 is gone as a whole
    for year in (2025, 2026, 2028):  # other years are copied
        days = [date(year, 1, 1) + timedelta(n) for n in range(365)]
        assert [old.day_info(day) for day in days] == [new.day_info(day) for day in days]


def test_what_the_command_shows(restored: Town) -> None:
    facts = calendar_service.year_facts(2025)
    assert facts["confirmed"] is True
    assert facts["makeup_days"] == [
        *("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"),
    ]
    holidays = facts["holidays"]
    assert isinstance(holidays, list)
    assert (len(holidays), holidays[0], holidays[-1]) == (28, "2025-01-01", "2025-10-08")
    assert calendar_service.year_facts(2027)["confirmed"] is False


def test_a_calendar_without_working_time_is_refused(restored: Town) -> None:
    days = [date(2027, 3, 1) + timedelta(n) for n in range(45)]
    lines = "".join(f"{day},holiday,停工,1\n" for day in days)
    with pytest.raises(Invalid, match="40 天"):
        calendar_service.plan_years("day,kind,name,confirmed\n" + lines)


def test_every_wrong_line_is_named(restored: Town) -> None:
    text = (
        "day,kind,name,confirmed\n2027-13-01,holiday,x,1\n2027-01-01,feast,x,1\n2027-01-02,half,x\n"
    )
    with pytest.raises(calendar_service.BadTable) as caught:
        calendar_service.plan_years(text)
    assert [error.line for error in caught.value.errors] == [2, 3, 4]


def test_an_announced_year_does_not_become_unannounced(restored: Town) -> None:
    with pytest.raises(Invalid, match="已公布"):
        calendar_service.plan_years(table(2026, confirmed=0))


def test_one_day_makes_a_version_too(restored: Town) -> None:
    day = date(2026, 12, 31)
    half = DayOverride(day, "half", "年终盘点", ((510, 660),))
    with transaction():
        calendar_service.apply(calendar_service.plan_day(half, day), "吴管", "半天")
    assert current_calendar().day_info(day).windows == ((510, 660),)
    with pytest.raises(Invalid, match="没有改动"):
        calendar_service.plan_day(half, day)
    with transaction():
        calendar_service.apply(calendar_service.plan_day(None, day), "吴管", "恢复")
    assert current_calendar().day_info(day).kind == "workday"


def test_of_two_plans_made_at_once_the_second_is_refused(restored: Town) -> None:
    first, second = calendar_service.plan_years(table()), calendar_service.plan_years(table(2028))
    with transaction():
        calendar_service.apply(first, "吴管", "")
    with pytest.raises(Invalid, match="他人更新"), transaction():
        calendar_service.apply(second, "安全", "")


def test_supervisors_and_administrators_are_told_once(restored: Town) -> None:
    assert ending_soon(local("2026-11-01 00:00")) == date(2026, 12, 31)
    assert ending_soon(local("2026-10-31 23:59")) is None
    assert not calendar_alarm.ring(local("2026-10-31 23:59"))
    alarm = calendar_alarm.Alarm()
    for day in ("2026-11-02", "2026-11-02", "2026-11-20", "2026-12-31"):
        alarm.look(local(f"{day} 09:00"))
        calendar_alarm.ring(local(f"{day} 09:00"))
    relay.drain(lambda: TODAY)
    notices = db.session.scalars(select(Notice).where(Notice.kind == "calendar_end")).all()
    people = (restored.supervisor.id, restored.leader.id, restored.admin.id)
    assert sorted(notice.user_id for notice in notices) == sorted(filter(None, people))
    assert "2026 年底" in messages.words(notices[0])
    load()
    assert ending_soon(local("2026-12-31 09:00")) is None
    assert ending_soon(local("2027-11-02 09:00")) == date(2027, 12, 31)


def test_the_calendar_agrees_with_the_library_and_a_difference_is_found() -> None:
    china = china_calendar()
    checked = calendar_check.compare(china)
    assert [d for d in checked.differences if d.source == "chinesecalendar"] == []
    assert checked.years["chinesecalendar"] == list(range(2004, 2027))
    overrides, confirmed = load_overrides()
    wrong = [one for one in overrides if one.day != date(2026, 10, 10)]
    found = calendar_check.compare(Calendar.build(DEFAULT_WEEK, wrong, confirmed)).differences
    assert Difference("chinesecalendar", date(2026, 10, 10), False, True) in found
