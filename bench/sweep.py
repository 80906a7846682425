"""100,000 timers due in one minute drained by two workers; sweep time at 1,000,000 armed timers.

Run with `python -m bench.sweep [--timers N] [--armed N]` on private servers.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine, text

from bench.seeds import seed
from portal.db import utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.sla.lateness import standing
from portal.sla.sweep import sweep
from tests.factories import Town, make_town
from tests.services import start_services

WORKERS = 2
SMALL, LARGE, DUE = 10_000, 1_000_000, 100
ROUNDS = 7
GOAL_RATIO = 1.5
DOUBLES = """
SELECT count(*) FROM (
  SELECT ticket_id FROM ticket_event WHERE action = 'breach' GROUP BY ticket_id HAVING count(*) > 1
) AS twice
"""


def work(settings: Mapping[str, str]) -> None:
    """One sweeping process: sweeps until nothing is due."""
    with create_app(settings).app_context():
        sweep()
        db.session.remove()


def drain(settings: Mapping[str, str], owner: Engine, town: Town, number: int) -> bool:
    """Seeds the minute that is just over, drains it, prints the rate; whether all fired once."""
    minute = utcnow() - timedelta(seconds=1)
    seed(owner, town, 1, number, minute - timedelta(hours=2), minute)
    crew = [multiprocessing.Process(target=work, args=(settings,)) for _ in range(WORKERS)]
    ready = utcnow()
    begun = time.perf_counter()
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    seconds = time.perf_counter() - begun
    found = standing(utcnow())
    with owner.connect() as connection:
        events = connection.execute(
            text("SELECT count(*) FROM ticket_event WHERE action = 'breach'")
        ).scalar_one()
        messages = connection.execute(text("SELECT count(*) FROM message")).scalar_one()
        twice = connection.execute(text(DOUBLES)).scalar_one()
    waited = (ready - minute).total_seconds()
    print(f"drain: {number:,} timers, {WORKERS} workers, {seconds:.1f} s: ", end="")
    print(
        f"{number / seconds:,.0f} a second; lateness p50 {(found.p50 or 0) - waited:.1f} s, ",
        end="",
    )
    print(f"p99 {(found.p99 or 0) - waited:.1f} s from the start of the sweep")
    print(f"drain: {events:,} breaches, {twice} tickets with two, {messages:,} messages")
    return (events, twice, messages) == (number, 0, number)


def sweep_time(owner: Engine, town: Town, armed: int, first: int) -> float:
    """Median seconds of a sweep that finds 100 due among the armed timers."""
    soon = utcnow() + timedelta(days=30)
    seed(owner, town, first, armed, utcnow(), soon)
    place, times = first + armed, []
    for _ in range(ROUNDS + 1):
        due = utcnow() - timedelta(seconds=2)
        seed(owner, town, place, DUE, due - timedelta(hours=2), due)
        place += DUE
        begun = time.perf_counter()
        fired = sweep().fired
        times.append(time.perf_counter() - begun)
        if fired != DUE:
            raise SystemExit(f"{fired} of {DUE} timers fired")
    return statistics.median(times[1:])  # the first one warms the connection up


def measure(app: Flask, settings: Mapping[str, str], timers: int, armed: int) -> int:
    """All measurements; 1 when a goal is missed."""
    owner = create_engine(settings["MIGRATION_DATABASE_URL"])
    with app.app_context():
        upgrade()
        town = make_town()
        db.session.remove()
        small = sweep_time(owner, town, SMALL, 10_000_000)
        large = sweep_time(owner, town, armed - SMALL, 20_000_000)
        ratio = large / small
        print(f"sweep of {DUE} due: {small * 1e3:.0f} ms with {SMALL:,} armed, ", end="")
        print(f"{large * 1e3:.0f} ms with {armed:,} armed: ratio {ratio:.2f} (goal {GOAL_RATIO})")
        with owner.begin() as connection:
            connection.execute(text("TRUNCATE ticket, message, notice CASCADE"))
        sound = drain(settings, owner, town, timers)
        db.session.remove()
    owner.dispose()
    return int(ratio > GOAL_RATIO or not sound)


def main() -> int:
    """Runs on private servers and prints the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timers", type=int, default=100_000)
    parser.add_argument("--armed", type=int, default=LARGE)
    chosen = parser.parse_args()
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        settings = {
            **services.settings,
            "PORTAL_INSTANCE": folder,
            "SECRET_KEY": "only for this bench, long enough",
        }
        return measure(create_app(settings), settings, chosen.timers, chosen.armed)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    sys.exit(main())
