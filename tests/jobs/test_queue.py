"""The queue may be away: a submit succeeds all the same and is routed when it returns."""

import time
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from rq import SimpleWorker

from portal.audit import job as audit_job
from portal.extensions import rq
from portal.outbox.commands import tick
from portal.outbox.service import ROUTE
from portal.queue import RELAY, ROLLUP, SEAL, SWEEP, nudge
from tests.factories import Town
from tests.service.stages import Play, file, local
from tests.services import Services


def work(seconds: int = 30) -> None:
    """Does all jobs that wait, in this process, as the real worker would."""
    queue = rq.queue
    worker = SimpleWorker([queue], connection=queue.connection, job_class=queue.job_class)
    worker.work(burst=True, max_idle_time=seconds, logging_level="WARNING")


def test_a_nudge_makes_a_worker_route(town: Town) -> None:
    play = file(town)
    assert nudge()
    work()
    assert play.status == "assigned"


def test_lost_and_doubled_nudges_change_nothing(town: Town) -> None:
    play = file(town)
    for _ in range(5):
        assert nudge()
    work()
    assert play.events() == ["submit", "route"]
    lost = file(town)
    rq.queue.empty()
    tick()  # the timer looks into the database, not into the queue
    work()
    assert lost.status == "assigned"


@pytest.fixture
def night() -> Iterator[None]:
    """Two in the morning in June: no retention yet, which is after three, and no year ends."""
    with time_machine.travel(local("2026-06-10 02:00"), tick=True):
        yield


def test_a_tick_without_work_enqueues_nothing(night: None, town: Town) -> None:
    audit_job.run()  # the town's own rows
    tick()
    assert [str(job.func_name) for job in rq.queue.jobs] == []


def test_a_tick_nudges_for_each_kind_of_work(night: None, town: Town) -> None:
    play: Play = file(town, now=local("2025-03-03 09:00"))  # its accept clock is long over
    tick()
    names = sorted(str(job.func_name) for job in rq.queue.jobs)
    assert names == [SEAL, ROLLUP, RELAY, SWEEP]
    work()
    # The breach came after the routing or before it, but once, and the routing once.
    assert play.events().count("route") == 1


def test_with_the_queue_away_a_submit_succeeds_and_is_routed_later(
    app: Flask, services: Services, town: Town
) -> None:
    services.valkey.stop(services.valkey.place)
    try:
        begun = time.monotonic()
        assert nudge() is False
        play = file(town)
        assert nudge() is False
        assert time.monotonic() - begun < 2
        tick()  # the timer process survives it too
        assert play.status == "submitted"
        assert play.ticket.number.startswith("SQ")
    finally:
        services.valkey.acquire()
    assert play.status == "submitted"
    tick()
    work()
    assert play.status == "assigned"
    assert play.events().count(ROUTE) == 1
