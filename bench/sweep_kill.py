"""200 × kill -9 of a sweeping process over 5,000 due timers: run with `python -m`."""

import argparse
import random
import sys
import tempfile
from datetime import timedelta

from flask_migrate import upgrade
from sqlalchemy import create_engine

from bench.seeds import seed
from portal.db import utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.sla.sweep import sweep
from tests.factories import make_town
from tests.services import start_services
from tests.sweepers import doubled, fired, kill_while_sweeping


def main() -> int:
    """Prints kills, timers and whatever happened twice; 1 when anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timers", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        settings = {
            **services.settings,
            "PORTAL_INSTANCE": folder,
            "SECRET_KEY": "only for this bench, long enough",
        }
        app = create_app(settings)
        with app.app_context():
            upgrade()
            town, owner = make_town(), create_engine(services.owner_url)
            due = utcnow() - timedelta(seconds=5)
            seed(owner, town, 1, chosen.timers, due - timedelta(hours=2), due)
            now = utcnow()
            chance = random.Random(chosen.seed)
            killed = kill_while_sweeping(app, now, chosen.kills, chance)
            sweep(now)
            count, wrong = fired(), doubled()
            db.session.remove()
            owner.dispose()
    print(
        f"{killed} kills, {count:,} of {chosen.timers:,} timers fired, each effect once: ", end=""
    )
    print("yes" if not wrong else "; ".join(wrong))
    return int(bool(wrong) or count != chosen.timers)


if __name__ == "__main__":
    sys.exit(main())
