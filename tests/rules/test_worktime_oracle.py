"""Random calendars and instants against an oracle that walks minute by minute (lessons.md 9, 16).

The oracle shares no code with the calendar: it marks each local minute and then counts.
"""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.sla.calendar_data import china_calendar
from portal.sla.worktime import Calendar, DayOverride, Season, Window

FIRST, DAYS, DAY = date(2025, 1, 1), 60, 1440
ORIGIN = datetime(2024, 12, 31, 16, tzinfo=UTC)  # FIRST, 00:00 in Shanghai
CN = china_calendar()
Plan = dict[date, tuple[Window, ...]]


class Oracle:
    """One flag for each minute of the range; instants are seconds from ORIGIN."""

    def __init__(self, plan: Plan) -> None:
        self.flags = bytearray(DAYS * DAY)
        self.closes: dict[int, int] = {}
        for index in range(DAYS):
            for start, end in plan[FIRST + timedelta(days=index)]:
                for minute in range(index * DAY + start, min(index * DAY + end, DAYS * DAY)):
                    self.flags[minute] = 1
                self.closes[index] = (index * DAY + end) * 60

    def seconds_between(self, a: int, b: int) -> int:
        """Working seconds in [a, b), a ≤ b, a minute at a time."""
        total = 0
        while a < b:
            following = min(b, (a // 60 + 1) * 60)
            total += self.flags[a // 60] * (following - a)
            a = following
        return total

    def forward(self, a: int, seconds: int) -> int | None:
        """The earliest second with so many working seconds since a."""
        while a < DAYS * DAY * 60:
            step = (a // 60 + 1) * 60 - a
            if self.flags[a // 60]:
                if seconds <= step:
                    return a + seconds
                seconds -= step
            a += step
        return None

    def backward(self, a: int, seconds: int) -> int | None:
        """The latest second with so many working seconds until a."""
        while a > 0:
            step = a - (a - 1) // 60 * 60
            if self.flags[(a - 1) // 60]:
                if seconds <= step:
                    return a - seconds
                seconds -= step
            a -= step
        return None

    def nth_close(self, a: int, n: int) -> int | None:
        """Close of the nth working day after (before, if negative) the day of a."""
        index, step = a // (DAY * 60), 1 if n > 0 else -1
        while n:
            index += step
            if not 0 <= index < DAYS:
                return None
            n -= step * (index in self.closes)
        return self.closes[index]


def random_windows(rng: random.Random, overnight: bool) -> tuple[Window, ...]:
    """One to three windows; the last may run four hours into the next day's first."""
    cuts = sorted([*rng.sample(range(300), rng.choice((1, 3))), rng.randint(300, DAY - 1)])
    if rng.random() < 0.5:
        cuts = sorted(rng.sample(range(300, DAY), 2 * rng.randint(1, 3)))
    windows = [(cuts[i], cuts[i + 1]) for i in range(0, len(cuts), 2)]
    if overnight:
        windows[-1] = (windows[-1][0], DAY + rng.randint(0, 240))
    return tuple(windows)


def random_calendar(rng: random.Random) -> tuple[Calendar, Oracle]:
    """Two seasons, odd weeks, overrides of several kinds, and the same plan for the oracle."""
    overnight = rng.random() < 0.4
    weeks = [
        tuple(random_windows(rng, overnight) if rng.random() < 0.7 else () for _ in range(7))
        for _ in range(2)
    ]
    for week in weeks:
        if not any(week):
            return random_calendar(rng)
    plan: Plan = {}
    overrides = []
    for index in range(DAYS):
        day = FIRST + timedelta(days=index)
        plan[day] = weeks[day.month > 1][day.weekday()]
        if rng.random() < 0.15:
            windows = random_windows(rng, overnight) if rng.random() < 0.5 else ()
            given = windows if windows else None
            overrides.append(DayOverride(day, "makeup" if windows else "holiday", "", given))
            plan[day] = windows
    seasons = Season((1, 1), (1, 31), weeks[0]), Season((2, 1), (12, 31), weeks[1])
    last = FIRST + timedelta(days=DAYS)
    return Calendar.build(seasons, overrides, first=FIRST, last=last), Oracle(plan)


def instant(seconds: int) -> datetime:
    return ORIGIN + timedelta(seconds=seconds)


def answer(call: object, *args: object) -> int | None:
    """Seconds from ORIGIN that the calendar answers, None when it says outside its range."""
    try:
        return round((call(*args) - ORIGIN).total_seconds())  # type: ignore[operator]
    except ValueError:
        return None


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_the_oracle(seed: int) -> None:
    rng = random.Random(seed)
    calendar, oracle = random_calendar(rng)
    end = DAYS * DAY * 60
    for _ in range(60):
        # Half of the instants lie on window edges, where mistakes live.
        a, b = sorted(pick(rng, oracle, end) for _ in range(2))
        assert calendar.minutes_between(instant(a), instant(b)) * 60 == pytest.approx(
            oracle.seconds_between(a, b), abs=1e-6
        )
        seconds = rng.choice((1, 60, 3600, rng.randint(1, 400_000)))
        forward = answer(calendar.add_minutes, instant(a), seconds / 60)
        assert forward == oracle.forward(a, seconds)
        backward = answer(calendar.add_minutes, instant(b), -seconds / 60)
        assert backward == oracle.backward(b, seconds)
        n = rng.choice((1, 2, 3, 15, -1, -2, -7))
        found = answer(calendar.add_days, instant(a), n)
        expected = oracle.nth_close(a, n)
        assert found == (None if expected is not None and expected > end else expected)
        inside = sum(a < close <= b for close in oracle.closes.values())
        assert calendar.closes_between(instant(a), instant(b)) == inside
        assert calendar.is_working(instant(a)) == bool(a < end and oracle.flags[a // 60])
        opening = oracle.flags.find(1, a // 60)
        assert answer(calendar.next_open, instant(a)) == (
            None if opening < 0 else max(a, opening * 60)
        )


def pick(rng: random.Random, oracle: Oracle, end: int) -> int:
    """A random second, half of the time the edge of a window or a second beside it."""
    second = rng.randint(0, end - 1)
    if rng.random() < 0.5:
        return second
    edge = oracle.flags.find(b"\x00\x01" if rng.random() < 0.5 else b"\x01\x00", second // 60)
    return second if edge < 0 else max(0, min(end - 1, (edge + 1) * 60 + rng.choice((-1, 0, 1))))


seconds_of_years = st.integers(0, 20 * 365 * 86_400)
work = st.integers(1, 2_000_000)


def moment(seconds: int) -> datetime:
    return datetime(2006, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(seconds_of_years, work)
def test_adding_is_the_inverse_of_counting(start: int, seconds: int) -> None:
    a = moment(start)
    later, earlier = CN.add_minutes(a, seconds / 60), CN.add_minutes(a, -seconds / 60)
    assert CN.minutes_between(a, later) == seconds / 60
    assert CN.minutes_between(earlier, a) == seconds / 60
    assert CN.add_minutes(later, -seconds / 60) == CN.next_open(a)
    assert CN.is_working(earlier)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(seconds_of_years, st.integers(0, 3_000_000), st.integers(1, 60))
def test_a_later_start_is_never_due_earlier(start: int, delay: int, n: int) -> None:
    a, b = moment(start), moment(start + delay)
    assert CN.add_days(a, n) <= CN.add_days(b, n)
    assert CN.add_minutes(a, n * 37) <= CN.add_minutes(b, n * 37)
    assert CN.add_days(a, n) < CN.add_days(a, n + 1)
    assert CN.minutes_between(a, b) == -CN.minutes_between(b, a) >= 0


@settings(max_examples=600, deadline=None, derandomize=True)
@given(seconds_of_years, st.integers(1, 60), st.integers(1, 40))
def test_days_add_up(start: int, n: int, k: int) -> None:
    due = CN.add_days(moment(start), n)
    assert CN.shift_days(due, k) == CN.add_days(moment(start), n + k)
    assert CN.shift_days(CN.shift_days(due, k), -k) == due
    assert CN.closes_between(due, CN.shift_days(due, k)) == k


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dates(date(2010, 1, 1), date(2025, 1, 1)), st.integers(1, 30), st.integers(1, 30))
def test_an_excluded_day_never_makes_a_due_earlier(day: date, offset: int, n: int) -> None:
    first, last = day - timedelta(days=60), day + timedelta(days=200)
    closed = DayOverride(day + timedelta(days=offset), "holiday", "停电")
    plain = Calendar.build(first=first, last=last)
    shorter = Calendar.build(overrides=[closed], first=first, last=last)
    start = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    assert shorter.add_days(start, n) >= plain.add_days(start, n)
    assert shorter.add_minutes(start, n * 450) >= plain.add_minutes(start, n * 450)
