"""How long a refused sign-in takes, whatever is wrong: unknown, wrong, stopped or locked.

Run with `python -m bench.sign_in [--rounds N]`: private servers, the cases in turn, so that what
else the machine does falls on all alike.
"""

import argparse
import statistics
import tempfile
import time
from datetime import timedelta

from flask_migrate import upgrade

from portal.auth import guard
from portal.auth.guard import Rules
from portal.auth.models import User
from portal.auth.sign_in import finish
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from tests.factories import PASSWORD, make_town
from tests.services import start_services

RULES = Rules(account=1_000_000, address=1_000_000, window=timedelta(minutes=15))
CLOSED = Rules(account=0, address=0, window=timedelta(minutes=15))
CASES = {
    "unknown": ("nobody", "wrong-password", RULES),
    "wrong": ("cadre", "wrong-password", RULES),
    "stopped": ("cadre2", PASSWORD, RULES),
    "locked": ("reviewer", PASSWORD, CLOSED),
}


def attempt(name: str, password: str, rules: Rules) -> float:
    """Milliseconds of one refused attempt."""
    begun = time.perf_counter()
    with transaction():
        one = guard.begin(name, "192.0.2.1", utcnow(), rules)
    with transaction():
        if finish(one, name, password, utcnow(), rules) is not None:
            raise RuntimeError(f"{name} came in")
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    """Prints the median and the quartiles of each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
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
            town = make_town()
            with transaction() as session:
                session.get_one(User, town.cadre2.id).active = False
            times: dict[str, list[float]] = {case: [] for case in CASES}
            for turn in range(rounds + 2):
                for case, (name, password, rules) in CASES.items():
                    took = attempt(name, password, rules)
                    if turn > 1:
                        times[case].append(took)
            db.session.remove()
    for case, found in times.items():
        low, middle, high = statistics.quantiles(found, n=4)
        print(f"{case:<8} {middle:6.1f} ms ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
