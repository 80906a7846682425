"""Sealing and verifying the chained log at many entries: seconds, and memory.

Run with `python -m bench.audit [--entries N]` on private servers. The events are copies of those of
one ticket, written by one statement, as triggers see them.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import text

from portal.audit import job, verifying
from portal.audit.verifying import Report
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from tests.factories import make_town
from tests.plays import Play
from tests.services import start_services

COPIES = """
INSERT INTO ticket_event (ticket_id, seq, version, action, actor_id, actor_role, actor_name, at,
    from_status, to_status, round, public, payload)
SELECT ticket_id, 1000 + n, version, action, actor_id, actor_role, actor_name, at, from_status,
    to_status, round, public, payload
FROM (SELECT * FROM ticket_event ORDER BY id LIMIT 1) AS one, generate_series(1, :n) AS n
"""


def main() -> int:
    """Writes, seals, verifies; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    wanted = parser.parse_args().entries
    with start_services() as services, tempfile.TemporaryDirectory() as folder:
        key = "only for this bench, long enough"
        app = create_app({**services.settings, "PORTAL_INSTANCE": folder, "SECRET_KEY": key})
        with app.app_context():
            upgrade()
            Play(make_town()).done()
            begun = time.perf_counter()
            with transaction() as session:
                session.execute(text(COPIES), {"n": wanted})
            print(f"{wanted:,} events written in {time.perf_counter() - begun:.1f} s")
            begun = time.perf_counter()
            sealed = job.bring_up(utcnow)
            seconds = time.perf_counter() - begun
            print(f"sealed {sealed:,} in {seconds:.1f} s: {sealed / seconds:,.0f} a second")
            job.checkpoint(utcnow(), "asked")
            return 0 if checked() else 1


def checked() -> bool:
    """Verifies a tenth and then all: the time, and by how much the process has grown."""
    last = None
    for part in (10, 1):
        db.session.rollback()
        found: Report
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        begun = time.perf_counter()
        span = {"first": 1, "last": last} if part > 1 and last else {}
        found = verifying.verify(job.key(), Path(job.folder()), **span)
        seconds = time.perf_counter() - begun
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"verified {found.entries:,} in {seconds:.1f} s, {grown:.0f} MB more;"
            f" findings: {len(found.findings)}"
        )
        last = found.last
    return not found.findings


if __name__ == "__main__":
    sys.exit(main())
