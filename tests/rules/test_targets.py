"""Targets, pauses, lights, what is left, and the shipped policies (domain.md §3)."""

import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portal.auth.roles import Role
from portal.sla.calendar_data import china_calendar
from portal.sla.default_policy import PROFILES, ClockRule, Level, from_json, rules_for, to_json
from portal.sla.targets import (
    Due,
    Remaining,
    Target,
    due,
    light,
    parse_target,
    remaining,
    resume,
    warn_at,
)
from portal.tickets.lifecycle import Action, Status, Urgency

CN = china_calendar()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """A Shanghai wall-clock instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize("text", ["15wd", "120wm", "24h", "7d"])
def test_targets_are_read_and_written(text: str) -> None:
    assert str(parse_target(f" {text} ")) == text


@pytest.mark.parametrize("text", ["", "15", "wd", "0wd", "-3wd", "1.5h", "15 wd", "3w", "٣wd"])
def test_other_targets_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=f"时限“{text}”无法识别"):
        parse_target(text)


@pytest.mark.parametrize(
    ("start", "target", "end", "provisional"),
    [
        ("2025-09-29T10:00", "15wd", "2025-10-27T17:30", False),
        ("2025-09-29T16:30", "120wm", "2025-09-30T09:30", False),
        ("2025-09-30T17:00", "24h", "2025-10-01T17:00", False),
        ("2025-09-30T17:00", "7d", "2025-10-07T17:00", False),
        ("2026-12-20T10:00", "15wd", "2027-01-11T17:30", True),
        ("2026-12-31T17:00", "60wm", "2027-01-04T09:00", True),
        ("2026-12-31T17:00", "7d", "2027-01-07T17:00", False),  # no holiday moves it
    ],
)
def test_due(start: str, target: str, end: str, provisional: bool) -> None:
    assert due(CN, at(start), parse_target(target)) == Due(at(end), provisional)


@pytest.mark.parametrize(
    ("target", "due_at", "paused_from", "paused_to", "moved"),
    [
        # Two closes of business inside the pause, none in a pause within one day.
        ("3wd", "2025-09-30T17:30", "2025-09-28T10:00", "2025-09-30T09:00", "2025-10-10T17:30"),
        ("3wd", "2025-09-30T17:30", "2025-09-29T09:00", "2025-09-29T17:29", "2025-09-30T17:30"),
        ("3wd", "2025-09-30T17:30", "2025-10-01T09:00", "2025-10-08T09:00", "2025-09-30T17:30"),
        ("120wm", "2025-09-29T10:00", "2025-09-29T09:00", "2025-09-29T14:00", "2025-09-29T15:00"),
        ("120wm", "2025-09-29T10:00", "2025-09-29T12:00", "2025-09-29T13:30", "2025-09-29T10:00"),
        ("24h", "2025-09-29T10:00", "2025-09-28T10:00", "2025-09-28T22:00", "2025-09-29T22:00"),
        ("7d", "2025-10-07T17:00", "2025-10-01T09:00", "2025-10-02T09:00", "2025-10-08T17:00"),
    ],
)
def test_a_pause_moves_the_due(
    target: str, due_at: str, paused_from: str, paused_to: str, moved: str
) -> None:
    found = resume(CN, parse_target(target), at(due_at), at(paused_from), at(paused_to))
    assert found == at(moved)


def test_a_pause_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        resume(CN, Target(1, "wd"), at("2025-09-30T17:30"), at("2025-09-29"), at("2025-09-28"))


@pytest.mark.parametrize("text", ["3wd", "15wd", "120wm", "2000wm", "24h", "7d"])
def test_pauses_leave_the_promise_its_length(text: str) -> None:
    """What ran outside the pauses is the target, whenever the pauses were; a pause heals no due."""
    rng, target = random.Random(text), parse_target(text)
    for _ in range(300):
        start = at("2024-01-05T00:00") + timedelta(seconds=rng.randint(0, 50_000_000))
        promised = moved = due(CN, start, target).at
        end, days, minutes = start, 0, 0.0
        for _ in range(rng.randint(1, 3)):
            begin = end + timedelta(seconds=rng.randint(0, 400_000))
            overdue = begin > moved
            end = begin + timedelta(seconds=rng.randint(0, 400_000))
            moved = resume(CN, target, moved, begin, end)
            days += CN.closes_between(begin, end)
            minutes += CN.minutes_between(begin, end)
            assert moved >= promised
            assert not overdue or light_at(end, moved) == "red"
        if target.unit == "wd":
            assert CN.closes_between(promised, moved) == days
        elif target.unit == "wm":
            assert CN.minutes_between(start, moved) == pytest.approx(target.amount + minutes)


@pytest.mark.parametrize(
    ("start", "target", "yellow"),
    [
        ("2025-09-01T10:00", "120wm", "2025-09-01T11:36"),  # 80 % of two hours
        ("2025-09-01T17:00", "120wm", "2025-09-02T09:36"),
        ("2025-09-01T10:00", "1wd", "2025-09-02T16:00"),  # 80 % of the one day counted
        ("2025-09-01T10:00", "2wd", "2025-09-02T17:30"),  # one working day left
        ("2025-09-01T10:00", "3wd", "2025-09-03T17:30"),
        ("2025-09-01T10:00", "15wd", "2025-09-17T17:30"),  # 80 %: three days before 09-22
        ("2025-09-29T10:00", "3wd", "2025-10-09T17:30"),  # over the holiday
        ("2025-09-01T10:00", "24h", "2025-09-02T05:12"),
        ("2025-09-01T10:00", "7d", "2025-09-05T10:00"),  # 450 working minutes before Monday 10:00
    ],
)
def test_yellow_begins(start: str, target: str, yellow: str) -> None:
    parsed = parse_target(target)
    due_at = due(CN, at(start), parsed).at
    assert warn_at(CN, at(start), due_at, parsed) == at(yellow)


def test_yellow_lies_between_start_and_due_and_moves_with_the_due() -> None:
    rng = random.Random(1)
    for _ in range(2000):
        target = parse_target(rng.choice(("1wd", "2wd", "15wd", "60wm", "1h", "24h", "7d")))
        start = at("2024-01-05T00:00") + timedelta(seconds=rng.randint(0, 60_000_000))
        due_at = due(CN, start, target).at
        yellow = warn_at(CN, start, due_at, target)
        assert start <= yellow <= due_at
        later = resume(
            CN, target, due_at, start, start + timedelta(seconds=rng.randint(0, 900_000))
        )
        assert warn_at(CN, start, later, target) >= yellow


def light_at(
    now: datetime, due_at: datetime, *, paused: bool = False, supervised: bool = False
) -> str:
    """The light of a running clock that turns yellow an hour before its due."""
    warned = due_at - timedelta(hours=1)
    return light(now, warn_at=warned, due_at=due_at, paused=paused, supervised=supervised)


def test_lights() -> None:
    end, second = at("2025-09-30T17:30"), timedelta(seconds=1)
    assert light_at(end - timedelta(hours=1) - second, end) == "green"
    assert light_at(end - timedelta(hours=1), end) == "yellow"
    assert light_at(end, end) == "yellow"
    assert light_at(end + second, end) == "red"
    assert light_at(end + second, end, paused=True) == "blue"
    assert light_at(end + second, end, paused=True, supervised=True) == "purple"


@pytest.mark.parametrize(("late", "colour"), [(0, "green"), (1, "red")])
def test_a_stopped_clock_keeps_its_verdict(late: int, colour: str) -> None:
    end = at("2025-09-30T17:30")
    stopped = end + timedelta(seconds=late)
    found = light(
        end + timedelta(days=90),
        warn_at=end,
        due_at=end,
        paused=False,
        supervised=True,
        stopped_at=stopped,
    )
    assert found == colour


@pytest.mark.parametrize(
    ("now", "due_at", "left"),
    [
        ("2025-09-29T14:30", "2025-10-10T17:30", Remaining(3, 180, False)),
        ("2025-09-29T17:29:30", "2025-09-29T17:30", Remaining(0, 0, False)),
        ("2025-09-30T17:30", "2025-09-30T17:30", Remaining(0, 0, False)),
        ("2025-10-01T09:00", "2025-09-30T17:30", Remaining(0, 0, True)),
        ("2025-10-09T08:30:01", "2025-09-30T17:30", Remaining(0, 1, True)),
        ("2025-10-10T11:00", "2025-09-30T17:30", Remaining(1, 150, True)),
    ],
)
def test_what_is_left(now: str, due_at: str, left: Remaining) -> None:
    assert remaining(CN, at(now), at(due_at)) == left


def targets_of(profile: str, urgency: str, complexity: str, kind: str) -> dict[str, str]:
    rules = rules_for(PROFILES[profile], urgency=urgency, complexity=complexity, kind=kind)
    return {clock: rule.target for clock, rule in rules.items()}


def test_the_default_policy_is_the_table_of_the_domain() -> None:
    plain = {
        "accept": "240wm",
        "sign": "120wm",
        "contact": "120wm",
        "verify": "1wd",
        "reply": "3wd",
        "resolve": "15wd",
        "confirm": "5wd",
        "supply": "5wd",
    }
    assert targets_of("default", "normal", "normal", "request") == plain
    assert targets_of("default", "urgent", "normal", "request") == plain | {"contact": "60wm"}
    pressing = plain | {"contact": "60wm", "reply": "1wd", "resolve": "30wd"}
    assert targets_of("default", "critical", "complex", "consult") == pressing


@pytest.mark.parametrize(
    ("profile", "promises"), [("jiangmen", ("1h", "24h", "7d")), ("zhuhai", ("60wm", "2wd", "4wd"))]
)
def test_other_profiles(profile: str, promises: tuple[str, ...]) -> None:
    for urgency in Urgency:
        found = targets_of(profile, urgency, "complex", "consult")
        assert (found["contact"], found["reply"], found["resolve"]) == promises


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_survive_json_and_speak_the_words_of_the_lifecycle(profile: str) -> None:
    rules = PROFILES[profile]
    assert from_json(json.loads(json.dumps(to_json(rules)))) == rules
    words = {*Action, *Status}
    for rule in rules:
        assert {rule.starts, *rule.stops} <= words
        assert {role for level in rule.levels for role in level.who} <= set(Role)
        assert rule.pausable == (rule.clock not in ("confirm", "supply"))
        names = [level.name for level in rule.levels]
        middle = ["remind_1", "remind_2"] if rule.clock == "confirm" else ["warn"]
        ladder = ["order", "elevate"] if rule.clock in ("reply", "resolve") else []
        assert names == [*middle, "due", *ladder]


def test_levels_fire_in_working_time() -> None:
    start = at("2025-09-29T10:00")
    (rule,) = [one for one in PROFILES["default"] if one.clock == "confirm"]
    target = parse_target(rule.target)
    due_at = due(CN, start, target).at
    yellow = warn_at(CN, start, due_at, target)
    fired = [level.fire_at(CN, start, yellow, due_at) for level in rule.levels]
    assert fired == [at(f"2025-10-{day}T17:30") for day in ("09", "11", "13")]
    assert Level("order", "due+2wd").fire_at(CN, start, yellow, due_at) == at("2025-10-15T17:30")


def test_a_policy_that_contradicts_itself_is_refused() -> None:
    rule = ClockRule("reply", "3wd", "assigned", ("reply",), ())
    with pytest.raises(ValueError, match="3wd and 5wd both hold"):
        rules_for([rule, replace(rule, target="5wd")], urgency="normal", complexity="", kind="")
    with pytest.raises(ValueError, match="无法识别"):
        replace(rule, target="soon")
    with pytest.raises(ValueError, match="not like"):
        Level("late", "after due")
