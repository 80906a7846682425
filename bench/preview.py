"""How long the preview of a new policy takes, by the number of open tickets that would move.

Run with `python -m bench.preview [--tickets N]` on private servers.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta

from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from bench.seeds import seed
from portal.db import utcnow
from portal.extensions import db
from portal.factory import create_app
from portal.sla import impact
from portal.sla.service import current_policy_id, policy_rules
from tests.factories import make_town
from tests.services import start_services


def main() -> int:
    """Doubles the contact target of every open ticket, in the preview only."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    wanted = parser.parse_args().tickets
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        key = "only for this bench, long enough"
        app = create_app({**services.settings, "PORTAL_INSTANCE": folder, "SECRET_KEY": key})
        owner = create_engine(services.owner_url)
        with app.app_context():
            upgrade()
            town = make_town()
            now = utcnow()
            for number in (wanted // 10, wanted):
                db.session.remove()  # its transaction would keep the table from being emptied
                with owner.begin() as connection:
                    connection.execute(text("TRUNCATE ticket, message, notice CASCADE"))
                seed(owner, town, 1, number, now - timedelta(days=1), now + timedelta(days=1))
                rules = [
                    replace(rule, target="240wm") if rule.clock == "contact" else rule
                    for rule in policy_rules(current_policy_id())
                ]
                begun = time.perf_counter()
                found = impact.of_policy(rules, now)
                seconds = time.perf_counter() - begun
                print(f"preview: {found.open:,} open, {found.moved:,} move: {seconds:.2f} s")
        owner.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
