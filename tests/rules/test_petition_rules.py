"""Limits and deadlines of petitions at their edges (domain.md §2–§5)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.auth.roles import Role
from portal.sla import targets
from portal.sla.calendar_data import china_calendar
from portal.tickets import petition_rules as rules

CALENDAR = china_calendar()
LOCAL = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def shown(instant: datetime) -> str:
    return f"{instant.astimezone(LOCAL):%Y-%m-%d %H:%M}"


def promise(target: str = "15wd", start: str = "2026-03-02 09:00") -> rules.Promise:
    due = targets.due(CALENDAR, local(start), targets.parse_target(target)).at
    return rules.Promise(target, local(start), due, due)


def moved(one: rules.Promise, days: int) -> rules.Promise:
    """After an extension by working days."""
    due = rules.extended_due(CALENDAR, one.due_at, days)
    return rules.Promise(one.target, one.started_at, due, one.original_due_at)


@pytest.mark.parametrize(
    ("kind", "asked", "by"),
    [
        ("return", "2026-03-02 09:00", "2026-03-02 17:30"),
        ("return", "2026-03-02 12:30", "2026-03-02 17:30"),
        ("return", "2026-03-02 17:29", "2026-03-02 17:30"),
        ("return", "2026-03-02 17:30", "2026-03-03 17:30"),
        ("return", "2026-03-02 07:00", "2026-03-02 17:30"),
        ("return", "2026-03-07 10:00", "2026-03-09 17:30"),  # a Saturday
        ("return", "2026-02-14 10:00", "2026-02-14 17:30"),  # a Saturday that works
        ("extension", "2026-03-02 09:00", "2026-03-03 17:30"),
        ("extension", "2026-03-06 17:00", "2026-03-09 17:30"),
        ("hold", "2026-02-13 09:00", "2026-02-14 17:30"),
        ("exclusion", "2026-03-02 09:00", "2026-03-05 17:30"),
    ],
)
def test_each_kind_is_ruled_by_a_working_time_of_its_own(kind: str, asked: str, by: str) -> None:
    assert shown(rules.decide_by(kind, CALENDAR, local(asked))) == by


def test_a_deadline_turns_yellow_with_a_fifth_of_its_time_left() -> None:
    asked, by = local("2026-03-02 08:30"), local("2026-03-03 17:30")
    assert shown(rules.warn_at(CALENDAR, asked, by)) == "2026-03-03 14:30"
    assert rules.warn_at(CALENDAR, by, by) == by


def test_who_rules_depends_on_what_was_granted_before() -> None:
    assert [rules.ruler("return", n) for n in (0, 1)] == [Role.DISPATCHER, Role.SUPERVISOR]
    assert [rules.ruler("extension", n) for n in (0, 1)] == [Role.SUPERVISOR, Role.LEADER]
    assert {rules.ruler(kind, n) for kind in ("hold", "exclusion") for n in (0, 1)} == {
        Role.SUPERVISOR
    }
    assert rules.ruled_by(Role.LEADER) == (Role.SUPERVISOR, Role.LEADER)
    assert rules.ruled_by(Role.SUPERVISOR) == (Role.SUPERVISOR,)
    assert rules.ruled_by(Role.CADRE) == ()


def test_a_return_is_asked_within_one_working_day() -> None:
    assert shown(rules.return_until(CALENDAR, local("2026-03-06 16:00"))) == "2026-03-09 17:30"


@pytest.mark.parametrize(
    ("target", "cap"),
    [("15wd", 30), ("4wd", 30), ("7d", 30), ("120wm", 30), ("29wd", 30), ("30wd", 45)],
)
def test_the_cap_is_30_working_days_in_all_or_45(target: str, cap: int) -> None:
    one = promise(target)
    assert rules.cap_at(CALENDAR, one) == CALENDAR.add_days(one.started_at, cap)


def test_the_last_day_of_the_cap_may_be_asked_for_and_not_one_more() -> None:
    one = promise("15wd")
    assert rules.room(CALENDAR, one) == 15
    assert rules.bad_days(CALENDAR, one, 15) is None
    assert rules.bad_days(CALENDAR, one, 16) == ("延长后会超过延期上限，请减少天数。", "days")
    assert rules.bad_days(CALENDAR, one, 0) is not None
    assert rules.room(CALENDAR, moved(one, 10)) == 5
    assert rules.room(CALENDAR, moved(one, 15)) == 0


def test_a_pause_moves_the_cap_as_it_moves_the_due() -> None:
    one = promise("15wd")
    paused = CALENDAR.shift_days(one.due_at, 3)
    after = rules.Promise(one.target, one.started_at, paused, paused)
    assert rules.room(CALENDAR, after) == 15


def test_an_extension_is_asked_before_the_due_twice_and_below_the_cap() -> None:
    one = promise("15wd")
    ask = rules.no_extension
    assert ask(CALENDAR, one, 0, one.due_at) is None
    assert "已过" in (ask(CALENDAR, one, 0, one.due_at + timedelta(seconds=1)) or "")
    assert ask(CALENDAR, one, 1, one.due_at) is None
    assert "两次" in (ask(CALENDAR, one, 2, one.due_at) or "")
    assert "上限" in (ask(CALENDAR, moved(one, 15), 1, one.due_at) or "")
    assert ask(CALENDAR, None, 0, one.due_at) is not None


@given(
    target=st.sampled_from(["15wd", "30wd", "4wd", "7d", "24h", "120wm", "1wd"]),
    minutes=st.integers(0, 3 * 365 * 1440),
)
def test_no_extension_passes_the_cap_and_none_below_is_refused(target: str, minutes: int) -> None:
    start = local("2023-01-01 00:00") + timedelta(minutes=minutes)
    due = targets.due(CALENDAR, start, targets.parse_target(target)).at
    one = rules.Promise(target, start, due, due)
    days, cap = rules.room(CALENDAR, one), rules.cap_at(CALENDAR, one)
    assert days >= 0
    if days:
        assert due < rules.extended_due(CALENDAR, due, days) <= cap
    assert rules.extended_due(CALENDAR, due, days + 1) > cap


NOW = local("2026-03-02 09:00")


@pytest.mark.parametrize(
    ("promised", "report", "field"),
    [
        (date(2026, 3, 3), date(2026, 3, 3), None),
        (date(2026, 8, 28), date(2026, 4, 1), None),
        (date(2026, 3, 2), date(2026, 3, 2), "promised_on"),  # today
        (date(2026, 8, 31), date(2026, 3, 10), "promised_on"),  # beyond 180 days
        (date(2026, 3, 7), date(2026, 3, 6), "promised_on"),  # a Saturday
        (date(2026, 5, 1), date(2026, 3, 6), "promised_on"),  # a holiday
        (date(2026, 5, 9), date(2026, 3, 6), None),  # a Saturday that works
        (date(2026, 5, 8), date(2026, 4, 2), "report_on"),  # 31 days
        (date(2026, 5, 8), date(2026, 3, 2), "report_on"),
        (date(2026, 3, 5), date(2026, 3, 6), "report_on"),  # after the end
    ],
)
def test_a_hold_promises_a_working_day_and_reports(promised: date, report: date, field: str | None):
    refused = rules.bad_hold(CALENDAR, promised, report, NOW)
    assert (refused[1] if refused else None) == field
    assert refused is None or refused[0].endswith("。")


def test_the_next_report_is_within_30_days_and_never_after_the_end() -> None:
    assert rules.next_report(date(2026, 3, 2), date(2026, 8, 28)) == date(2026, 4, 1)
    assert rules.next_report(date(2026, 3, 2), date(2026, 3, 20)) == date(2026, 3, 20)
    assert shown(rules.opening(CALENDAR, date(2026, 5, 1))) == "2026-05-06 08:30"
    assert rules.next_day(CALENDAR, local("2026-03-06 09:00")) == date(2026, 3, 9)
