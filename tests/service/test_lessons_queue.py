"""The faults of other systems' queues, lessons.md 20–23, each shown not to be ours."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from rq import Queue, SimpleWorker
from sqlalchemy import select

from portal.db import transaction
from portal.extensions import db, rq
from portal.outbox import relay, service
from portal.outbox.commands import tick
from portal.outbox.models import Message
from portal.queue import KEEP_FAILED_SECONDS, RELAY, nudge
from portal.sla.sweep import sweep
from portal.tickets.models import TicketEvent
from portal.tickets.service import submit
from tests.factories import MONDAY, Town
from tests.service.stages import assigned, file, local, wording


def work() -> None:
    """Does every job that waits, as the real worker would."""
    queue: Queue = rq.queue
    worker = SimpleWorker([queue], connection=queue.connection, job_class=queue.job_class)
    worker.work(burst=True, logging_level="CRITICAL")


def test_lesson_20_two_schedulers_and_two_sweeps_make_one_effect(app: Flask, town: Town) -> None:
    play = assigned(town, local("2025-03-03 09:00"))
    tick()
    tick()  # a second scheduler enqueues the same jobs again
    assert len(rq.queue) > 1

    def run(_: int) -> None:
        with app.app_context():
            try:
                sweep()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    work()
    breaches = [
        event.payload["clock"]
        for event in db.session.scalars(select(TicketEvent).where(TicketEvent.action == "breach"))
    ]
    assert play.events().count("sign") == 1
    assert sorted(breaches) == sorted(set(breaches))
    assert breaches


def test_lesson_21_a_failed_job_keeps_nothing_from_running(town: Town) -> None:
    queue: Queue = rq.queue
    failing = queue.enqueue("portal.nowhere.run", failure_ttl=KEEP_FAILED_SECONDS)
    work()
    assert failing.is_failed
    play = file(town)
    assert nudge()
    job = queue.jobs[0]
    assert (job.func_name, job.failure_ttl) == (RELAY, KEEP_FAILED_SECONDS)
    work()
    assert play.status == "assigned"
    queue.failed_job_registry.remove(failing, delete_job=True)


def test_lesson_22_nothing_is_enqueued_for_what_is_rolled_back(town: Town) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as session:
        with session.begin_nested():
            submit.submit(town.firm, wording(town), MONDAY)
        raise ZeroDivisionError  # the savepoint was fine, the whole is not
    assert len(rq.queue) == 0
    assert db.session.scalars(select(Message)).all() == []
    assert db.session.scalars(select(TicketEvent)).all() == []


def test_lesson_23_an_unreadable_message_stalls_no_other_and_dies_visibly(
    app: Flask, town: Town
) -> None:
    with transaction():
        service.put("fax", {"to": "?"}, MONDAY)
    play = file(town)
    now = MONDAY
    for _ in range(relay.MAX_ATTEMPTS):
        relay.drain(lambda now=now: now)
        db.session.rollback()
        now = db.session.scalars(select(Message.available_at).where(Message.kind == "fax")).one()
    assert play.status == "assigned"
    listed = json.loads(app.test_cli_runner().invoke(args=["outbox", "list", "--json"]).stdout)
    assert [(row["kind"], "fax" in row["error"]) for row in listed["dead"]] == [("fax", True)]
