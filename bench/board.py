"""The supervisor's pages at 10,000 and at 1,000,000 tickets, whole: from the request to the HTML.

Run with `python -m bench.board [--sizes N N] [--rounds N] [--slow N]`: private servers, seeded as
by bench.figures; `--slow` prints that many of the slowest statements of each page.
"""

import argparse
import statistics
import sys
import tempfile
import time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import create_engine, event

from bench.figure_seeds import build_place, seed
from portal.auth import sessions
from portal.auth.roles import Role
from portal.db import utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.sla.calendars import current_calendar, current_calendar_id
from portal.sla.service import current_policy_id
from tests.factories import make_user
from tests.services import Services, start_services

GOAL_PAGE, GOAL_LIST, GOAL_RATIO = 150, 100, 1.5
BOARD = "/figures/board"
PAGES = (
    BOARD,
    "/figures/wall",
    "/figures/ranks",
    "/figures/resolution",
    "/figures/departments/1",
    "/figures/resolution_gross/rest",
    "/figures/parts/late/now",
    "/figures/parts/age/7",
    "/figures/parts/hour/1-09-10",
)
LISTS = PAGES[5:]


def run(
    services: Services, folder: str, number: int, chosen: argparse.Namespace
) -> dict[str, float]:
    """The median of each page in milliseconds at one size."""
    app = create_app(
        {
            **services.settings,
            "PORTAL_INSTANCE": folder,
            "SECRET_KEY": "only for this bench, long enough",
            "TESTING": True,
        }
    )
    with app.app_context():
        upgrade()
        owner, begun = create_engine(services.owner_url), time.perf_counter()
        ids = current_policy_id(), current_calendar_id()
        seed(owner, build_place(owner, *ids), current_calendar(), number, utcnow())
        print(f"{number:,} tickets seeded in {time.perf_counter() - begun:.0f} s", flush=True)
        user_id = make_user("overseer", Role.SUPERVISOR, "督办").id
        token = sessions.begin(user_id, utcnow(), "", "")
        db.session.commit()
        engine = db.engine
    client = _signed_in(app, user_id, token)
    said: list[list[Any]] = []
    event.listen(
        engine, "before_cursor_execute", lambda *a: said.append([time.perf_counter(), a[2]])
    )
    event.listen(engine, "after_cursor_execute", lambda *_a: said[-1].append(time.perf_counter()))
    found = {}
    for page in PAGES:
        found[page] = _measure(client, page, chosen.rounds, said)
        slowest = sorted(said, key=lambda one: one[0] - one[2])[: chosen.slow]
        print(f"{page:<34} {found[page]:8.1f} ms, {len(said)} statements", flush=True)
        for began, statement, ended in slowest:
            print(f"    {(ended - began) * 1000:6.1f} ms {' '.join(statement.split())[:150]}")
    owner.dispose()
    return found


def _signed_in(app: Flask, user_id: int, token: str) -> FlaskClient:
    client = app.test_client()
    with client.session_transaction() as session:
        session.update(_user_id=str(user_id), _fresh=True, sid=token)
    return client


def _measure(client: FlaskClient, page: str, rounds: int, said: list[list[Any]]) -> float:
    times = []
    for turn in range(rounds + 1):
        said.clear()
        begun = time.perf_counter()
        answer = client.get(page)
        if turn:
            times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{page}: {answer.status}")
    return statistics.median(times)


def main() -> int:
    """Prints the medians; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--slow", type=int, default=0)
    chosen = parser.parse_args()
    found = []
    for number in chosen.sizes:
        with start_services() as services, tempfile.TemporaryDirectory() as folder:
            found.append(run(services, folder, number, chosen))
    small, large = found[0], found[-1]
    for page, milliseconds in large.items():
        ratio = milliseconds / small[page]
        print(f"{page:<34} {small[page]:8.1f} ms {milliseconds:8.1f} ms  × {ratio:.2f}")
    kept = large[BOARD] <= GOAL_PAGE and max(large[page] for page in LISTS) <= GOAL_LIST
    return int(not kept or large[BOARD] > GOAL_RATIO * small[BOARD])


if __name__ == "__main__":
    sys.exit(main())
