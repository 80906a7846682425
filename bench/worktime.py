"""Microseconds per working-time call on China's calendar: python -m bench.worktime."""

import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random

from portal.sla.calendar_data import china_calendar
from portal.sla.targets import due, parse_target, remaining, resume, warn_at

CALLS, ROUNDS = 20_000, 5


def main() -> None:
    """Prints the time to build the calendar, then the best of five rounds for each call."""
    print(f"{'build':<18}{min(timeit.repeat(china_calendar, number=1, repeat=3)) * 1e3:9.1f} ms")
    for name, call in calls().items():
        best = min(timeit.repeat(call, number=CALLS, repeat=ROUNDS)) / CALLS
        print(f"{name:<18}{best * 1e6:9.2f} µs")


def calls() -> dict[str, Callable[[], object]]:
    """The calls by name; each goes round a thousand instants of 2005 to 2025."""
    calendar, rng = china_calendar(), Random(1)
    origin = datetime(2005, 1, 1, tzinfo=UTC)
    starts = [origin + timedelta(seconds=rng.randrange(630_000_000)) for _ in range(1000)]
    at = cycle(starts).__next__
    pairs = cycle([(start, start + timedelta(days=rng.randint(1, 40))) for start in starts])
    target = parse_target("15wd")
    return {
        "add_minutes": lambda: calendar.add_minutes(at(), 120),
        "minutes_between": lambda: calendar.minutes_between(*next(pairs)),
        "add_days": lambda: calendar.add_days(at(), 15),
        "shift_days": lambda: calendar.shift_days(at(), 2),
        "closes_between": lambda: calendar.closes_between(*next(pairs)),
        "is_working": lambda: calendar.is_working(at()),
        "next_open": lambda: calendar.next_open(at()),
        "due": lambda: due(calendar, at(), target),
        "warn_at": lambda: warn_at(calendar, *next(pairs), target),
        "resume": lambda: resume(calendar, target, at(), *next(pairs)),
        "remaining": lambda: remaining(calendar, *next(pairs)),
    }


if __name__ == "__main__":
    main()
