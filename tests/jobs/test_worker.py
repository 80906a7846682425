"""A real worker dies by kill -9 while a hundred submits come in: none is lost, each routed once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.commands import tick
from portal.outbox.models import Message
from portal.queue import nudge
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import submit
from tests.factories import Town
from tests.service.stages import wording
from tests.services import Services
from tests.workers import Crew, workers

THREADS, EACH = 4, 25
SECONDS = 60.0


@pytest.fixture
def crew(app: Flask, services: Services, tmp_path: Path):
    """Starts real workers on the tests' services."""
    settings = {
        **services.settings,
        "SECRET_KEY": app.config["SECRET_KEY"],
        "PORTAL_INSTANCE": app.config["INSTANCE_DIR"],
    }
    with workers(settings, tmp_path / "worker.log") as crew:
        yield crew


def until(done: Callable[[], bool]) -> None:
    """Waits, nudging as the timer process does, until `done()` or the deadline."""
    deadline, ticked = time.monotonic() + SECONDS, 0.0
    while not done():
        assert time.monotonic() < deadline, "the workers did not get there in time"
        if time.monotonic() - ticked > 1:
            tick()
            ticked = time.monotonic()
        time.sleep(0.01)


def routed() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(TicketEvent.action == "route")) or 0


def submits(app: Flask, town: Town) -> list[str]:
    """What one web thread does for 25 firms that file at once."""
    numbers = []
    with app.app_context():
        for _ in range(EACH):
            with transaction():
                numbers.append(submit.submit(town.firm, wording(town), utcnow()).number)
            nudge()
            time.sleep(0.02)  # so that the submits last longer than a worker lives
        db.session.remove()
    return numbers


def test_kill_9_of_the_worker_loses_no_submit_and_routes_each_once(
    app: Flask, town: Town, crew: Crew
) -> None:
    worker = crew.start()
    with ThreadPoolExecutor(THREADS) as pool:
        running = [pool.submit(submits, app, town) for _ in range(THREADS)]
        for routed_before_the_kill in (10, 40):
            until(lambda enough=routed_before_the_kill: routed() >= enough)
            worker.kill()
            worker = crew.start()
        numbers = [number for one in running for number in one.result()]
    assert len(set(numbers)) == THREADS * EACH
    until(lambda: routed() >= THREADS * EACH)
    until(lambda: db.session.scalar(_waiting()) == 0)
    assert db.session.scalar(select(func.count(Ticket.id))) == THREADS * EACH
    once = select(TicketEvent.ticket_id, func.count()).where(TicketEvent.action == "route")
    counts = db.session.execute(once.group_by(TicketEvent.ticket_id)).all()
    assert len(counts) == THREADS * EACH
    assert {count for _, count in counts} == {1}
    assert set(db.session.scalars(select(Ticket.status))) == {"assigned"}
    for kind in ("assigned", "accepted"):
        told = select(func.count()).where(Notice.kind == kind)
        assert db.session.scalar(told) == THREADS * EACH
    dead = select(func.count()).where(Message.state != "done")
    assert db.session.scalar(dead) == 0


def _waiting():
    db.session.rollback()
    return select(func.count()).where(Message.state == "pending")
