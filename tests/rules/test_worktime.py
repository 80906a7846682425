"""Working time on China's calendar and on odd ones: domain.md §3, lessons.md 4, 5, 16, 18, 19."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest

from portal.sla.calendar_data import CALENDAR_CN, china_calendar, load_overrides
from portal.sla.worktime import (
    DEFAULT_WEEK,
    Calendar,
    DayOverride,
    OutsideCalendarError,
    Season,
)

CN = china_calendar()
SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((510, 720), (810, 1050))
ALL_YEAR = ((1, 1), (12, 31))
CHECK_VALUES = {
    "2025-09-29": ("2025-09-30", "2025-10-10", "2025-10-27", "2025-11-17"),
    "2025-10-04": ("2025-10-09", "2025-10-11", "2025-10-28", "2025-11-18"),
    "2025-01-24": ("2025-01-26", "2025-02-05", "2025-02-20", "2025-03-13"),
    "2024-02-04": ("2024-02-05", "2024-02-07", "2024-02-29", "2024-03-21"),
    "2026-02-10": ("2026-02-11", "2026-02-13", "2026-03-09", "2026-03-30"),
}


def at(text: str) -> datetime:
    """A Shanghai wall-clock instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize("clock", ["00:00", "10:00", "12:30", "17:30", "23:59:59"])
@pytest.mark.parametrize(
    ("day", "n", "due"),
    [
        (day, n, due)
        for day, dues in CHECK_VALUES.items()
        for n, due in zip((1, 3, 15, 30), dues, strict=True)
    ],
)
def test_check_values(day: str, n: int, due: str, clock: str) -> None:
    found = CN.add_days(at(f"{day}T{clock}"), n)
    assert found == at(f"{due}T17:30")
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2025-09-29T11:30", 120, "2025-09-29T15:00"),  # over lunch
        ("2025-09-29T11:30", 30, "2025-09-29T12:00"),  # the end of a window, not the next one
        ("2025-09-30T16:30", 120, "2025-10-09T09:30"),  # over the National Day
        ("2025-09-27T20:00", 60, "2025-09-28T09:30"),  # Saturday night, then a make-up Sunday
        ("2025-09-29T08:00", 450, "2025-09-29T17:30"),
        ("2025-09-29T10:00:07", 1.5, "2025-09-29T10:01:37"),
        ("2025-10-09T09:00", -60, "2025-09-30T17:00"),  # an hour before, on the day before
        ("2025-09-29T14:00", -30, "2025-09-29T13:30"),  # backward ends at the opening
        ("2025-09-29T12:30", 0, "2025-09-29T12:30"),
    ],
)
def test_add_minutes(start: str, minutes: float, end: str) -> None:
    assert CN.add_minutes(at(start), minutes) == at(end)


def test_minutes_between_is_signed_and_exact_to_the_second() -> None:
    a, b = at("2025-09-30T16:59:59"), at("2025-10-09T08:30:02")
    assert CN.minutes_between(a, b) == (1801 + 2) / 60
    assert CN.minutes_between(b, a) == -(1801 + 2) / 60
    assert CN.minutes_between(at("2025-10-01T00:00"), at("2025-10-08T23:59")) == 0


def test_working_days_backwards_mirror_forwards() -> None:
    assert CN.add_days(at("2025-10-09T09:00"), -1) == at("2025-09-30T17:30")
    assert CN.add_days(at("2025-10-04T09:00"), -2) == at("2025-09-29T17:30")
    with pytest.raises(ValueError, match="must not be 0"):
        CN.add_days(at("2025-10-09T09:00"), 0)


def test_closes_and_shifts() -> None:
    due = at("2025-09-30T17:30")
    assert CN.closes_between(at("2025-09-29T17:30"), due) == 1
    assert CN.closes_between(due, due) == 0
    assert CN.closes_between(due, at("2025-09-28T00:00")) == -3
    assert CN.shift_days(due, 0) == due
    assert CN.shift_days(due, 2) == at("2025-10-10T17:30")
    assert CN.shift_days(due, -2) == at("2025-09-28T17:30")
    assert CN.shift_days(at("2025-09-30T15:00"), 1) == at("2025-10-09T17:30")


def test_open_and_closed_instants() -> None:
    assert CN.is_working(at("2025-09-29T08:30"))
    assert not CN.is_working(at("2025-09-29T12:00"))
    assert CN.is_working(at("2025-09-28T09:00"))
    assert not CN.is_working(at("2025-10-06T09:00"))
    assert CN.next_open(at("2025-09-30T17:30")) == at("2025-10-09T08:30")
    assert CN.next_open(at("2025-09-29T09:15:30")) == at("2025-09-29T09:15:30")


def test_plain_hours_and_days() -> None:
    assert CN.add_calendar_hours(at("2025-09-30T17:00"), 24) == at("2025-10-01T17:00")
    assert CN.add_calendar_days(at("2025-09-30T17:00"), 7) == at("2025-10-07T17:00")
    berlin = Calendar.build(tz="Europe/Berlin")
    start = datetime(2025, 3, 29, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert berlin.add_calendar_days(start, 1) == start.astimezone(UTC) + timedelta(hours=23)


def test_what_a_day_is() -> None:
    assert CN.day_info(date(2025, 10, 1)).kind == "holiday"
    assert CN.day_info(date(2025, 10, 1)).name == "国庆节"
    makeup = CN.day_info(date(2025, 9, 28))
    assert (makeup.kind, makeup.windows, makeup.confirmed) == ("makeup", OFFICE, True)
    assert CN.day_info(date(2025, 9, 27)).kind == "weekend"
    plain = CN.day_info(date(2027, 9, 16))
    assert (plain.kind, plain.windows, plain.confirmed) == ("workday", OFFICE, False)
    assert CN.day_info(date(2027, 9, 15)).kind == "statutory"


def test_every_day_agrees_with_chinesecalendar() -> None:
    day = date(2004, 1, 1)
    while day < date(2027, 1, 1):
        assert bool(CN.day_info(day).windows) == chinese_calendar.is_workday(day), day
        assert CN.day_info(day).confirmed
        day += timedelta(days=1)


def test_years_without_a_notice_take_thirteen_statutory_days_and_are_provisional() -> None:
    overrides, confirmed = load_overrides(CALENDAR_CN)
    assert confirmed == frozenset(range(2004, 2027))
    for year in range(2027, 2036):
        days = [one for one in overrides if one.day.year == year]
        assert {one.kind for one in days} == {"statutory"}
        assert sum(one.name.count("、") + 1 for one in days) == 13
    assert CN.add_days(at("2027-02-04T10:00"), 1) == at("2027-02-09T17:30")  # no days in lieu
    assert CN.provisional(at("2027-01-01T00:00"))
    assert not CN.provisional(at("2026-12-31T23:59"))


def test_the_range_ends_in_a_sentence() -> None:
    for call in (
        lambda: CN.add_days(at("2035-12-28T10:00"), 30),
        lambda: CN.add_days(at("2003-12-01T10:00"), -1),
        lambda: CN.add_minutes(at("2035-12-31T10:00"), 1000),
        lambda: CN.add_minutes(at("2003-12-01T10:00"), -1000),
        lambda: CN.minutes_between(at("2000-01-01T00:00"), at("2025-01-01T00:00")),
        lambda: CN.next_open(at("2035-12-31T18:00")),
        lambda: CN.day_info(date(2036, 1, 1)),
    ):
        with pytest.raises(OutsideCalendarError, match="2003-12-01 to 2036-01-01"):
            call()


def test_seasons_and_half_days() -> None:
    summer = (((480, 720), (900, 1110)),) * 5 + ((), ())
    weekly = (
        Season((5, 1), (9, 30), summer),
        Season((10, 1), (4, 30), DEFAULT_WEEK[0].windows),
    )
    half = DayOverride(date(2026, 2, 13), "half", "除夕前")
    own = DayOverride(date(2026, 2, 14), "makeup", "调休", ((600, 660),))
    calendar = Calendar.build(weekly, [half, own], {2026})
    assert calendar.add_days(at("2026-04-29T10:00"), 1) == at("2026-04-30T17:30")
    assert calendar.add_days(at("2026-04-29T10:00"), 2) == at("2026-05-01T18:30")
    assert calendar.add_minutes(at("2026-04-30T17:00"), 60) == at("2026-05-01T08:30")
    assert calendar.add_days(at("2026-02-12T10:00"), 1) == at("2026-02-13T12:00")
    assert calendar.day_info(date(2026, 2, 14)).windows == ((600, 660),)
    assert [Season.from_json(one.to_json()) for one in weekly] == list(weekly)
    assert DayOverride.from_json(own.day, "makeup", "调休", [[600, 660]]) == own


def test_overnight_windows_belong_to_the_day_they_start_on() -> None:
    shift = ((1320, 1800),)  # 22:00 to 06:00
    calendar = Calendar.build((Season(*ALL_YEAR, (shift,) * 5 + ((), ())),))
    monday = at("2025-06-02T21:00")
    assert calendar.add_minutes(monday, 480) == at("2025-06-03T06:00")
    assert calendar.add_days(monday, 1) == at("2025-06-04T06:00")
    assert calendar.is_working(at("2025-06-07T05:59"))  # Friday's shift, on Saturday
    assert not calendar.is_working(at("2025-06-08T23:00"))
    round_the_clock = Calendar.build((Season(*ALL_YEAR, (((0, 1440),),) * 7),))
    assert round_the_clock.minutes_between(monday, monday + timedelta(days=9)) == 9 * 1440


def test_a_night_shift_on_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    zone = ZoneInfo("Europe/Berlin")
    week = (((1320, 1800),),) * 7
    calendar = Calendar.build((Season(*ALL_YEAR, week),), tz="Europe/Berlin")
    noon = datetime(2025, 10, 25, 12, tzinfo=zone)
    assert calendar.minutes_between(noon, noon + timedelta(days=1)) == 9 * 60


@pytest.mark.parametrize(
    ("weekly", "overrides", "sentence"),
    [
        ((Season(*ALL_YEAR, ((),) * 7),), (), "no working time"),
        (
            DEFAULT_WEEK,
            [DayOverride(date(2025, 3, 1) + timedelta(n), "holiday", "") for n in range(40)],
            "no working time for 4[0-9] days from 2025-02-28",
        ),
        ((Season(*ALL_YEAR, (OFFICE,) * 6),), (), "seven days"),
        ((Season((1, 1), (6, 30), (OFFICE,) * 7),), (), "07-01 lies in 0 seasons"),
        (DEFAULT_WEEK * 2, (), "01-01 lies in 2 seasons"),
        ((Season(*ALL_YEAR, (((700, 600),),) * 7),), (), "not sound"),
        ((Season(*ALL_YEAR, (((500, 700), (600, 800)),) * 7),), (), "not sound"),
        ((Season(*ALL_YEAR, (((1440, 1500),),) * 7),), (), "not sound"),
        (DEFAULT_WEEK, [DayOverride(date(2025, 3, 1), "feast", "")], "must give its windows"),
        (DEFAULT_WEEK, [DayOverride(date(2025, 3, 1), "holiday", "a")] * 2, "two overrides"),
        (
            DEFAULT_WEEK,
            [DayOverride(date(2025, 3, 3), "night", "", ((600, 2500),))],
            "close before",
        ),
    ],
)
def test_senseless_calendars_are_refused(
    weekly: tuple[Season, ...], overrides: list[DayOverride], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Calendar.build(weekly, overrides)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("day,kind\n", "第 1 行：表头"),
        ("day,kind,name,confirmed\n2026-13-01,holiday,元旦,1\n", "第 2 行：日期"),
        ("day,kind,name,confirmed\n2026-01-01,feast,元旦,1\n", "第 2 行：kind"),
        ("day,kind,name,confirmed\n2026-01-01,holiday,元旦,yes\n", "第 2 行：confirmed"),
        (
            "day,kind,name,confirmed\n" + "2026-01-01,holiday,元旦,1\n" * 2,
            "第 3 行：这一天写了两次",
        ),
        (
            "day,kind,name,confirmed\n2026-01-01,holiday,元旦,1\n2026-01-02,holiday,元旦,0\n",
            "第 3 行：同一年",
        ),
    ],
)
def test_a_wrong_calendar_table_names_the_line(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        load_overrides(text)
