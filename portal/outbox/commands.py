"""`flask worker`, `flask timer` and `flask outbox`: the processes behind the pages."""

import json
import signal
import threading
from collections.abc import Callable
from datetime import datetime

import click
from flask.cli import AppGroup, with_appcontext
from rq import SimpleWorker
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal.audit import job as audit_job
from portal.db import transaction, utcnow
from portal.exports import job as exports_job
from portal.extensions import db, rq
from portal.kpi import job as rollup_job
from portal.outbox import relay
from portal.outbox.models import Message
from portal.private import keeping
from portal.problems import looking
from portal.queue import (
    BULLETIN,
    EXPORT,
    FILL,
    GROUP,
    RECOMPUTE,
    RELAY,
    ROLLUP,
    SCAN,
    SEAL,
    SHEETS,
    SWEEP,
    TIMER_LOCK,
    TRAIN,
    WATCH,
    nudge,
)
from portal.search import fill
from portal.sheets import job as sheets_job
from portal.sla import recompute, sweep
from portal.sla.calendar_alarm import Alarm
from portal.suggest import training
from portal.supervision import job as watch_job
from portal.supervision import making
from portal.tickets import scanning

TICK_SECONDS = 1.0
_alarm = Alarm()
_watch = training.Watch()
_bulletins = making.Watch()
_keeping = keeping.Watch()

outbox = AppGroup("outbox", help="The messages that wait to leave the database.")


@outbox.command("relay")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def relay_command(as_json: bool) -> None:
    """Handle every waiting message now, in this process."""
    drained = relay.drain()
    if as_json:
        click.echo(json.dumps({"done": drained.done, "failed": drained.failed}))
    else:
        click.echo(f"{drained.done} handled, {drained.failed} failed")


@outbox.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_command(as_json: bool) -> None:
    """Count the messages by state, and show the dead ones with their error."""
    query = select(Message.state, func.count()).group_by(Message.state)
    counts = dict(db.session.execute(query).all())
    dead = db.session.scalars(select(Message).where(Message.state == "dead").order_by(Message.id))
    rows = [{"id": m.id, "kind": m.kind, "error": m.last_error} for m in dead]
    if as_json:
        click.echo(json.dumps({"counts": counts, "dead": rows}, ensure_ascii=False))
        return
    for state, count in sorted(counts.items()):
        click.echo(f"{state:8} {count}")
    for row in rows:
        click.echo(f"dead {row['id']} {row['kind']}: {row['error']}")


@outbox.command("revive")
def revive_command() -> None:
    """Make every dead message pending again."""
    with transaction():
        count = relay.revive(utcnow())
    click.echo(f"{count} messages are pending again")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Work on the queue: one worker, one queue, one process (stack.md 2, 6)."""
    queue = rq.queue
    SimpleWorker(
        [queue],
        connection=queue.connection,
        job_class=queue.job_class,
        worker_ttl=20,
        maintenance_interval=15,
        job_monitoring_interval=10,
    ).work(with_scheduler=False, logging_level="WARNING")


@click.command("timer")
@with_appcontext
def timer() -> None:
    """Look each second whether work is due and nudge the workers; any number may run, one acts.

    It reads the database only, so whatever a dead worker or a stopped queue left behind is found
    again at the next look.
    """
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        try:
            _keep_time(stop)
        except SQLAlchemyError as error:
            click.echo(f"timer: database away, trying again ({type(error).__name__})", err=True)
            db.session.remove()
            stop.wait(TICK_SECONDS)


def _keep_time(stop: threading.Event) -> None:
    """Holds the advisory lock on a connection of its own and ticks until asked to stop."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as lock:
        while not stop.is_set():
            query = text("SELECT pg_try_advisory_lock(:key)")
            if lock.scalar(query, {"key": TIMER_LOCK}):
                break
            stop.wait(TICK_SECONDS)
        while not stop.is_set():
            lock.execute(text("SELECT 1"))  # a lost connection has lost the lock
            tick()
            stop.wait(TICK_SECONDS)


# What may wait in the database, and the job that looks at it.
_LOOKS: tuple[tuple[Callable[[datetime], bool], str], ...] = (
    (relay.waiting, RELAY),
    (sweep.waiting, SWEEP),
    (lambda _now: recompute.waiting(), RECOMPUTE),
    (lambda _now: training.waiting(), TRAIN),
    (lambda _now: fill.waiting(), FILL),
    (looking.waiting, GROUP),
    (lambda _now: sheets_job.waiting(), SHEETS),
    (exports_job.waiting, EXPORT),
    (watch_job.waiting, WATCH),
    (lambda _now: making.waiting(), BULLETIN),
    (lambda _now: rollup_job.waiting(), ROLLUP),
    (audit_job.waiting, SEAL),
    (scanning.waiting, SCAN),
)


def tick() -> None:
    """One look: nudges a worker for each kind of work that is due."""
    now = utcnow()
    for watch in (_watch, _bulletins, _alarm, _keeping):
        watch.look(now)
    for waiting, job in _LOOKS:
        if waiting(now):
            nudge(job)
    db.session.remove()
