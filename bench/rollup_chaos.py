"""10,000 random events by four processes with kill -9s, then every cell is counted anew.

Run with `python -m bench.rollup_chaos [--events N] [--seed N]` on private servers.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter

from flask_migrate import upgrade
from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.kpi import checking
from portal.tickets.models import Ticket, TicketEvent
from tests import chaos
from tests.factories import make_town
from tests.services import start_services


def main() -> int:
    """Prints kills, events, verbs and differences; 1 when there is any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                **services.settings,
                "PORTAL_INSTANCE": folder,
                "SECRET_KEY": "only for this bench, long enough",
            }
        )
        with app.app_context():
            upgrade()
            town = make_town()
            chaos.prepare(town)
            db.session.remove()
            begun = time.perf_counter()
            killed = chaos.run(app, town, chosen.events, chosen.seed)
            took = time.perf_counter() - begun
            chaos.settle()
            with transaction():
                wrong = list(checking.differences(utcnow()))
            with transaction() as session:
                verbs = Counter(session.scalars(select(TicketEvent.action)))
                tickets = len(session.scalars(select(Ticket.id)).all())
            db.session.remove()
    print(f"{sum(verbs.values()):,} events of {len(verbs)} verbs, {tickets} tickets, {took:.0f} s")
    print(f"{killed} kills, {len(wrong)} differences")
    print(", ".join(f"{verb} {n}" for verb, n in verbs.most_common()))
    print("\n".join(wrong[:20]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
