"""The lines of an explanation add up to the target, name every day, and arrive at the due."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sla import targets
from portal.sla.calendar_data import china_calendar
from portal.sla.explain import COUNTED, Line, Move, explain, final_due, total
from portal.sla.targets import Target, parse_target
from tests.rules.test_worktime_oracle import DAY, DAYS, instant, random_calendar

CN = china_calendar()
LOCAL = ZoneInfo("Asia/Shanghai")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


def told(start: str, target: str, *moves: Move) -> list[tuple[str, str | None, str | None, int]]:
    """kind, from, to and days of the lines that count or skip."""
    lines = explain(CN, local(start), parse_target(target), moves)
    return [
        (line.kind, row.get("from"), row.get("to"), line.days)
        for line in lines
        if (row := line.to_json(CN)) and isinstance(line.begin, date) and line.end is not None
    ]


def test_the_national_day_of_2025_line_by_line() -> None:
    assert told("2025-09-29 10:00", "15wd") == [
        ("day_zero", "2025-09-29", "2025-09-29", 0),
        ("workdays", "2025-09-30", "2025-09-30", 1),
        ("holiday", "2025-10-01", "2025-10-08", 0),
        ("workdays", "2025-10-09", "2025-10-10", 2),
        ("makeup", "2025-10-11", "2025-10-11", 1),
        ("workdays", "2025-10-12", "2025-10-27", 11),
    ]
    names = [line.name for line in explain(CN, local("2025-09-29 10:00"), Target(15, "wd"))]
    assert names[3] == "国庆节、中秋节"


def test_minutes_name_each_window_and_the_days_between() -> None:
    lines = explain(CN, local("2025-09-30 16:00"), Target(240, "wm"))
    windows = [line.worked for line in lines if line.kind == "window"]
    assert windows == [timedelta(minutes=90), timedelta(minutes=150)]
    assert [line.name for line in lines if line.kind == "holiday"] == ["国庆节、中秋节"]
    assert final_due(lines) == local("2025-10-09 11:00")


def test_an_unannounced_year_is_said_to_be_provisional() -> None:
    lines = explain(CN, local("2026-12-20 10:00"), Target(30, "wd"))
    assert [line.name for line in lines if line.kind == "provisional"] == ["2027"]
    assert [line.name for line in lines if line.kind == "statutory"] == ["元旦"]
    plain = explain(CN, local("2026-12-20 10:00"), Target(30 * 24, "h"))
    assert not [line for line in plain if line.kind == "provisional"]


def test_pauses_and_extensions_each_say_what_they_moved() -> None:
    pause = Move("pause", local("2026-03-03 10:00"), local("2026-03-05 10:00"))
    longer = Move(
        "extension", local("2026-03-06 10:00"), local("2026-03-06 16:00"), Target(5, "wd"), "会商"
    )
    lines = explain(CN, local("2026-03-02 09:00"), Target(15, "wd"), [pause, longer])
    moved = [(line.kind, line.days, line.name, line.at) for line in lines if line.at]
    assert moved == [
        ("first_due", 0, "", local("2026-03-23 17:30")),
        ("pause", 2, "", local("2026-03-25 17:30")),
        ("extension", 5, "会商", local("2026-04-01 17:30")),
        ("due", 0, "", local("2026-04-01 17:30")),
    ]


@pytest.mark.parametrize(
    ("target", "days", "worked"),
    [("15wd", 14, 0), ("120wm", 0, 60), ("48h", 0, 47 * 60)],
)
def test_while_paused_it_shows_what_is_left(target: str, days: int, worked: int) -> None:
    since = local("2026-03-02 10:00") if target != "15wd" else local("2026-03-04 10:00")
    start = local("2026-03-02 09:00")
    left = explain(CN, start, parse_target(target), paused_since=since)
    line = next(line for line in left if line.kind == "left")
    assert (line.days, line.worked) == (days, timedelta(minutes=worked))


def covered(lines: list[Line]) -> list[date]:
    """Every day that the lines of a day target name, in their order."""
    days = []
    for line in lines:
        if type(line.begin) is date and type(line.end) is date:
            days += [
                line.begin + timedelta(days=n) for n in range((line.end - line.begin).days + 1)
            ]
    return days


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.integers(0, 20 * 365 * 86_400),
    st.one_of(
        st.tuples(st.integers(1, 60), st.just("wd")),
        st.tuples(st.integers(1, 9_000), st.just("wm")),
        st.tuples(st.integers(1, 500), st.sampled_from(("h", "d"))),
    ),
)
def test_the_lines_add_up_to_the_target_and_arrive_at_the_due(
    seconds: int, promised: tuple[int, targets.Unit]
) -> None:
    start, target = datetime(2006, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds), Target(*promised)
    lines = explain(CN, start, target)
    days, worked = total(lines)
    due = targets.due(CN, start, target).at
    assert final_due(lines) == due
    if target.unit == "wd":
        assert (days, worked) == (target.amount, timedelta(0))
        found = covered(lines)
        assert found == [found[0] + timedelta(days=n) for n in range(len(found))]
        assert (found[0], found[-1]) == (
            start.astimezone(LOCAL).date(),
            due.astimezone(LOCAL).date(),
        )
    elif target.unit == "wm":
        assert (days, worked) == (0, timedelta(minutes=target.amount))
    else:
        assert worked == due - start


@pytest.mark.parametrize("seed", range(12))
def test_odd_calendars_add_up_too(seed: int) -> None:
    rng = random.Random(seed)
    calendar, _ = random_calendar(rng)
    for _ in range(40):
        start = instant(rng.randrange(DAYS * DAY * 60 // 2))
        target = Target(rng.randint(1, 4_000), "wm") if rng.random() < 0.6 else Target(3, "wd")
        try:
            due = targets.due(calendar, start, target).at
        except ValueError:
            continue
        lines = explain(calendar, start, target)
        days, worked = total(lines)
        assert (days, worked) == (
            (target.amount, timedelta(0))
            if target.unit == "wd"
            else (0, timedelta(minutes=target.amount))
        )
        assert final_due(lines) == due
        assert all(line.kind in COUNTED for line in lines if line.worked)
