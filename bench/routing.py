"""10,000 routings by four processes at once, teams of 2 to 7: run with `python -m`."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from portal.db import utcnow
from portal.extensions import db
from portal.factory import create_app
from tests.factories import make_town
from tests.routers import SIZES, faults, make_teams, route_at_once, submit_many
from tests.services import start_services

SHARE = 0.6  # of what a cadre of the largest team would get without a limit


def main() -> int:
    """Prints the rate without and with capacity, and whatever is not as it must be; 1 if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4)
    chosen = parser.parse_args()
    capacity = int(chosen.tickets / len(SIZES) / max(SIZES) * SHARE)
    return max(run(chosen.tickets, chosen.processes, one) for one in (None, capacity))


def run(tickets: int, processes: int, capacity: int | None) -> int:
    """One round on a database of its own; 1 when anything is wrong."""
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        settings = {
            **services.settings,
            "PORTAL_INSTANCE": str(Path(folder)),
            "SECRET_KEY": "only for this bench, long enough",
        }
        app = create_app(settings)
        with app.app_context():
            upgrade()
            town = make_town()
            teams = make_teams(town, capacity)
            submit_many(town, teams, tickets, utcnow())
            owner = create_engine(services.owner_url, isolation_level="AUTOCOMMIT")
            with owner.connect() as connection:
                connection.execute(text("ANALYZE"))
            owner.dispose()
            begun = time.perf_counter()
            route_at_once(app, processes, utcnow())
            took = time.perf_counter() - begun
            wrong = faults(teams, tickets, capacity)
            db.session.remove()
    limit = "no capacity" if capacity is None else f"capacity {capacity}"
    print(f"{tickets:,} routings by {processes} processes, teams of 2 to 7, {limit}: ", end="")
    print(f"{took:.1f} s, {tickets / took:,.0f} a second; ", end="")
    print("; ".join(wrong) or "nobody over capacity, equals within one, each with reasons")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
