"""The supervisor's pages, whole: from the request to the HTML. Measured by bench.figures."""

import statistics
import time
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.auth import sessions
from portal.auth.roles import Role
from portal.db import utcnow
from portal.extensions import db
from tests.factories import make_user

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


def pages(app: Flask, rounds: int, slow: int) -> dict[str, float]:
    """The median of each page in milliseconds, and `slow` statements of each printed."""
    with app.app_context():
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
        found[page] = _measure(client, page, rounds, said)
        slowest = sorted(said, key=lambda one: one[0] - one[2])[:slow]
        print(f"{page:<34} {found[page]:8.1f} ms, {len(said)} statements", flush=True)
        for began, statement, ended in slowest:
            print(f"    {(ended - began) * 1000:6.1f} ms {' '.join(statement.split())[:150]}")
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
