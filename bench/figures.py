"""Figures at 10,000 and at 1,000,000 tickets: the dashboard, what it reads, and the lists.

Run with `python -m bench.figures [--sizes N N] [--rounds N] [--plans] [--check] [--slow N]`.
It seeds ten years for each size on private servers, prints medians in milliseconds and how often
the smaller one's the larger takes; --check counts all anew from the events first, --plans prints
the dearest plans, --slow that many of the slowest statements of each page.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import time_machine
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, event, text

from bench import board
from bench.figure_seeds import build_place, seed
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.kpi import cells, checking
from portal.kpi.conditions import Dimensions
from portal.kpi.live import Dimension
from portal.kpi.members import Side, member_page, members
from portal.kpi.periods import LOCAL, Period, local_day
from portal.sla.calendars import current_calendar, current_calendar_id
from portal.sla.service import current_policy_id
from tests.services import Services, start_services

FRIDAY = 4
GOAL_DATA, GOAL_LIST, GOAL_RATIO = 150, 100, 1.5
LISTS: tuple[tuple[str, Side], ...] = (
    ("resolution_gross", "d"),
    ("resolution_gross", "rest"),
    ("on_time_rate", "rest"),
    ("satisfaction", "n"),
    ("overdue", "n"),
)
CUTS: tuple[Dimension, ...] = ("department", "region", "chain", "category")
Work = Callable[[], Any]


def works() -> dict[str, Work]:
    """What is timed: the parts of a dashboard of the year to date, and first pages of lists."""
    now = utcnow()
    today = local_day(now)
    year, everything = Period(today.replace(month=1, day=1), today), Dimensions()
    before = Period.of_year(today.year - 1)
    unit = Dimensions(department_id=1)
    week = Period(today - timedelta(days=90), today)
    found: dict[str, Work] = {
        "totals of the year": lambda: cells.totals(year, everything, now),
        "totals of the year before": lambda: cells.totals(before, everything, now),
        "its counts": lambda: cells.totals_counted(year, everything, now),
        "counts of the year before": lambda: cells.totals_counted(before, everything, now),
        "totals of a department": lambda: cells.totals(year, unit, now),
        "by department": lambda: cells.by("department", year, everything, now),
        "by cadre": lambda: cells.by("cadre", year, everything, now),
        "by region": lambda: cells.by("region", year, everything, now),
        "by chain": lambda: cells.by("chain", year, everything, now),
        "by category": lambda: cells.by("category", year, everything, now),
        "months": lambda: cells.series("month", year, everything, now),
        "weeks": lambda: cells.series("week", week, everything, now),
        "hours of the week": lambda: cells.hours(year, everything),
        "spreads of times": lambda: cells.spreads(year, everything),
    }
    for cut in CUTS:
        found[f"rate by {cut}"] = lambda cut=cut: cells.rates(
            "resolution_gross", cut, year, everything, now
        )
    for name, side in LISTS:
        found[f"list {name} {side}"] = lambda name=name, side=side: _list(name, side, year, now)
    return found


def _list(name: str, side: Side, period: Period, now: Any) -> None:
    everything = Dimensions()
    length = cells.length(name, side, period, everything, now)
    assert member_page(members(name, side, period, everything, now), total=length).items


# What /figures/board reads of the cells.
DATA = ("its counts", "counts of the year before", *(f"rate by {cut}" for cut in CUTS))
DATA += ("months", "hours of the week", "spreads of times")


def measure(work: Work, rounds: int) -> float:
    """The median in milliseconds; the first run is not timed."""
    times = []
    for turn in range(rounds + 1):
        begun = time.perf_counter()
        work()
        if turn:
            times.append((time.perf_counter() - begun) * 1000)
        db.session.rollback()
    return statistics.median(times)


def run(services: Services, folder: str, number: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """The medians at one size."""
    app = create_app(
        {
            **services.settings,
            "PORTAL_INSTANCE": folder,
            "SECRET_KEY": "only for this bench, long enough",
            "TESTING": True,
            "SECOND_FACTOR_STAFF": "off",
        }
    )
    with app.app_context():
        upgrade()
        owner, begun = create_engine(services.owner_url), time.perf_counter()
        ids = current_policy_id(), current_calendar_id()
        seed(owner, build_place(owner, *ids), current_calendar(), number, utcnow())
        print(f"{number:,} tickets seeded in {time.perf_counter() - begun:.0f} s", flush=True)
        print(_sizes(), flush=True)
        if chosen.check:
            _check()
        medians = {name: measure(work, chosen.rounds) for name, work in works().items()}
        medians["the dashboard's data"] = measure(_dashboard, chosen.rounds)
        if chosen.plans:
            _plans(app)
        db.session.remove()
        owner.dispose()
    return medians | board.pages(app, chosen.rounds, chosen.slow)


def _dashboard() -> None:
    known = works()
    for name in DATA:
        known[name]()


def _check() -> None:
    db.session.rollback()
    with transaction():
        wrong = list(checking.differences(utcnow()))
    print(
        f"{len(wrong)} differences between events, cells and live conditions", *wrong[:5], sep="\n"
    )


def _afternoon() -> datetime:
    """Three o'clock of the last working day before today: what is due today is due by then."""
    day = utcnow().astimezone(LOCAL) - timedelta(days=1)
    while day.weekday() > FRIDAY:
        day -= timedelta(days=1)
    return day.replace(hour=15, minute=0)


def _sizes() -> str:
    query = text(
        "SELECT relname, reltuples::bigint, pg_size_pretty(pg_total_relation_size(oid))"
        " FROM pg_class WHERE relname IN ('ticket', 'ticket_event', 'clock', 'kpi_fact',"
        " 'kpi_cell', 'kpi_hour', 'kpi_time') ORDER BY relname"
    )
    rows = db.session.execute(query)
    return "; ".join(f"{name} {count:,} rows {size}" for name, count, size in rows)


def _plans(app: Flask) -> None:
    """EXPLAIN ANALYZE of every statement of the dearest works."""
    known, said = works(), []

    def note(_c: Any, _cur: Any, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT") and "kpi_state" not in statement:
            said.append((statement, parameters))

    for name in ("totals of the year", *(n for n in known if n.startswith("list"))):
        said.clear()
        event.listen(db.engine, "before_cursor_execute", note)
        known[name]()
        event.remove(db.engine, "before_cursor_execute", note)
        for statement, parameters in list(said):
            connection = db.session.connection()
            rows = connection.exec_driver_sql(
                f"EXPLAIN (ANALYZE, COSTS OFF) {statement}", parameters
            )
            print(f"-- {name}", *(row[0] for row in rows), sep="\n")


def main() -> int:
    """Prints the medians; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--plans", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--slow", type=int, default=0)
    chosen = parser.parse_args()
    found = []
    for number in chosen.sizes:
        begun = time_machine.travel(_afternoon(), tick=True)
        with start_services() as services, tempfile.TemporaryDirectory() as folder, begun:
            found.append(run(services, folder, number, chosen))
    small, large = found[0], found[-1]
    for name, milliseconds in large.items():
        ratio = milliseconds / small[name]
        print(f"{name:<34} {small[name]:8.1f} ms {milliseconds:8.1f} ms  × {ratio:.2f}")
    whole = ("the dashboard's data", board.BOARD)
    lists = [one for name, one in large.items() if name.startswith("list") or name in board.LISTS]
    kept = max(large[name] for name in whole) <= GOAL_DATA and max(lists) <= GOAL_LIST
    grown = any(large[name] > GOAL_RATIO * small[name] for name in whole)
    return int(not kept or grown)


if __name__ == "__main__":
    sys.exit(main())
