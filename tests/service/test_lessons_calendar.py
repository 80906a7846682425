"""The faults of other systems' arithmetic, lessons.md 4, 5, 9, 16, 18 and 19: none is ours."""

import timeit
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from portal.db import transaction
from portal.extensions import db
from portal.sla.calendar_data import china_calendar
from portal.sla.calendars import current_calendar_id
from portal.sla.models import CalendarDay, Timer
from portal.sla.repair import repair
from portal.sla.worktime import DEFAULT_WEEK, Calendar, DayOverride, Season, Window
from tests.factories import Town
from tests.rules.test_worktime_oracle import DAY, DAYS, FIRST, Oracle, instant
from tests.service.stages import local, shown, signed

CN = china_calendar()


def test_lesson_04_before_due_is_counted_in_working_time(town: Town) -> None:
    monday = local("2026-03-09 09:00")
    assert shown(CN.add_minutes(monday, -60)) == "2026-03-06 17:00"
    assert shown(CN.add_minutes(local("2026-03-09 14:00"), -60)) == "2026-03-09 11:30"
    clock = signed(town, local("2026-03-06 17:00")).clock("contact")
    assert (shown(clock.warn_at), shown(clock.due_at)) == ("2026-03-09 09:36", "2026-03-09 10:00")
    assert CN.is_working(clock.warn_at)


def test_lesson_05_a_calendar_without_working_time_is_refused() -> None:
    never = [Season((1, 1), (12, 31), ((),) * 7)]
    shut = [DayOverride(date(2026, 7, 1) + timedelta(days=n), "holiday", "停工") for n in range(45)]
    for make in (lambda: Calendar.build(never), lambda: Calendar.build(overrides=shut)):
        with pytest.raises(ValueError, match="no working time"):
            make()
    with pytest.raises(ValueError, match="covers"):  # a question without an answer ends as well
        CN.add_days(local("2026-03-02 09:00"), 99_999)


def test_lesson_09_twenty_years_cost_what_an_hour_costs() -> None:
    a = local("2006-03-02 09:00")
    spans = [a + timedelta(hours=1), a + timedelta(days=7000)]

    def cost(b: datetime) -> float:
        return min(timeit.repeat(lambda: CN.minutes_between(a, b), number=500, repeat=5))

    assert cost(spans[1]) < 10 * cost(spans[0])


def odd_weeks() -> Iterator[tuple[tuple[Window, ...], ...]]:
    """No Monday with a lunch break; three short windows; nights."""
    lunch: tuple[Window, ...] = ((510, 720), (810, 1050))
    yield ((), *(lunch,) * 4, (), ())
    yield (((480, 500), (600, 601), (1000, 1380)),) * 6 + ((),)
    yield ((), ((1320, 1800),), (), ((1320, 1800),), (), ((0, 1),), ())


def test_lesson_16_weeks_without_a_monday_and_lunch_breaks_agree_with_the_oracle() -> None:
    rng, last = Random(16), FIRST + timedelta(days=DAYS)
    for week in odd_weeks():
        calendar = Calendar.build([Season((1, 1), (12, 31), week)], first=FIRST, last=last)
        days = [FIRST + timedelta(days=n) for n in range(DAYS)]
        oracle = Oracle({day: week[day.weekday()] for day in days})
        for _ in range(60):
            a, b = sorted(rng.randrange(DAYS * DAY * 60) for _ in range(2))
            counted = round(calendar.minutes_between(instant(a), instant(b)) * 60)
            assert counted == oracle.seconds_between(a, b)
            due = oracle.nth_close(a, 2)
            if due is not None and due <= DAYS * DAY * 60:
                assert calendar.add_days(instant(a), 2) == instant(due)


def test_lesson_18_an_excluded_day_makes_a_due_later_never_earlier() -> None:
    start = local("2026-03-02 09:00")
    plain = Calendar.build()
    closed = [DayOverride(date(2026, 3, 4), "holiday", "停电")]
    shorter = Calendar.build(DEFAULT_WEEK, closed)
    assert shown(plain.add_days(start, 3)) == "2026-03-05 17:30"
    assert shown(shorter.add_days(start, 3)) == "2026-03-06 17:30"
    assert shown(plain.add_minutes(start, 1000)) == "2026-03-04 10:40"
    assert shown(shorter.add_minutes(start, 1000)) == "2026-03-05 10:40"


def test_lesson_18_a_dry_run_changes_nothing(town: Town) -> None:
    play = signed(town)
    with transaction() as session:  # what an accident left behind
        session.execute(update(Timer).values(state="cancelled"))
    assert repair(play.now, dry_run=True)
    assert play.timers() == 0
    assert repair(play.now)
    assert play.timers() > 0


def test_lesson_19_a_make_up_saturday_is_calendar_data(town: Town) -> None:
    query = select(CalendarDay).where(
        CalendarDay.calendar_id == current_calendar_id(), CalendarDay.day == date(2025, 10, 11)
    )
    assert db.session.scalars(query).one().kind == "makeup"
    play = signed(town, local("2025-10-04 10:00"))
    assert shown(play.clock("reply").due_at) == "2025-10-11 17:30"
    other = Calendar.build(
        overrides=[DayOverride(date(2025, 10, n), "holiday", "国庆节") for n in range(1, 9)]
    )
    assert shown(other.add_days(local("2025-10-04 10:00"), 3)) == "2025-10-13 17:30"
