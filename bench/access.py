"""What noting costs: a ticket page with its look and without, a refused one likewise, in one run.

Run with `python -m bench.access [--rounds N]` on private servers. The rounds alternate. `reader` is
until the answer is there; `server` until its thread is free again, when the row is committed.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from portal import web
from portal.extensions import db
from portal.factory import create_app
from portal.tickets import views
from portal.tickets.models import Ticket
from tests.factories import Town, make_town
from tests.pages import Visitor
from tests.plays import Play
from tests.services import start_services

GOAL = 0.05
_addresses = count(1)
Times = dict[bool, list[tuple[float, float]]]


class Silent:
    """Notes nothing: the page as it was."""

    @staticmethod
    def note(*_args: object, **_kwargs: object) -> None:
        """Does nothing."""

    denied = note


def once(client: FlaskClient, address: str, status: int) -> tuple[float, float]:
    """Milliseconds of one page, to its reader and to its server; each from another address."""
    number = next(_addresses)
    remote = {"REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
    begun = time.perf_counter()
    answer = client.get(address, environ_overrides=remote)
    answer.get_data()
    reader = time.perf_counter()
    answer.close()
    assert answer.status_code == status
    return (reader - begun) * 1000, (time.perf_counter() - begun) * 1000


def alternated(
    ask: Callable[[], tuple[float, float]], module: Any, name: str, rounds: int
) -> Times:
    """The times of one page with what `module` calls `name`, and with nothing in its place."""
    times: Times = {True: [], False: []}
    real = getattr(module, name)
    for turn in range(rounds * 2 + 20):
        noted = turn % 2 == 0
        setattr(module, name, real if noted else Silent)
        found = ask()
        if turn >= 20:
            times[noted].append(found)
    setattr(module, name, real)
    return times


def told(what: str, times: Times) -> float:
    """Prints both medians; how much more the reader of the noted page waits, as a part of 1."""
    ratios = []
    for place, name in enumerate(("reader", "server")):
        with_, without = (
            statistics.median(one[place] for one in times[noted]) for noted in (True, False)
        )
        ratios.append(with_ / without - 1)
        print(f"{what}, {name}: {with_:.2f} ms noted, {without:.2f} ms not: {ratios[-1]:+.1%}")
    return ratios[0]


def run(app: Flask, town: Town, rounds: int) -> bool:
    """A look at a ticket and a refused one; whether the reader's goal is reached."""
    with app.app_context():
        number = db.session.get_one(Ticket, Play(town).done()).number
        db.session.remove()
    visit = Visitor(app, town)
    supervisor, other = visit.client("supervisor"), visit.client("other")
    here = f"/tickets/{number}"
    looks = alternated(lambda: once(supervisor, here, 200), views, "access", rounds)
    refused = alternated(lambda: once(other, here, 404), web, "noting", rounds)
    told("refused", refused)
    return told("look", looks) < GOAL


def main() -> int:
    """Measures; 0 when the page costs less than the goal more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    wanted = parser.parse_args()
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        settings = {**services.settings, "PORTAL_INSTANCE": folder, "RATELIMIT_ENABLED": False}
        settings |= {
            "SECRET_KEY": "a secret for benches only, long enough",
            "TESTING": True,
            "SECOND_FACTOR_STAFF": "off",
        }
        app = create_app(settings)
        with app.app_context():
            upgrade()
            town = make_town()
            db.session.remove()
        return 0 if run(app, town, wanted.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
