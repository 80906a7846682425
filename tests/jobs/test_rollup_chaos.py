"""Random verbs by four processes, with kill -9s of them and of the one that counts (lessons 27–31).

The long form, 10,000 events, is `python -m bench.rollup_chaos`.
"""

from flask import Flask

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.kpi import checking
from tests import chaos
from tests.factories import Town

EVENTS = 160


def test_whatever_is_killed_the_cells_are_what_the_events_say(app: Flask, town: Town) -> None:
    chaos.prepare(town)
    db.session.remove()
    killed = chaos.run(app, town, EVENTS, seed=5)
    assert killed > 3
    chaos.settle()
    db.session.rollback()
    with transaction():
        assert list(checking.differences(utcnow())) == []
