"""Large exports in the worker: killed in mid-run, resumed without a double, given up at last."""

import os
import random
import signal
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import select, text

from portal.db import transaction, utcnow
from portal.exports import job, service, spool
from portal.exports.models import ExportRun
from portal.exports.tables import CHUNK
from portal.extensions import db
from portal.outbox.commands import tick
from portal.sheets.models import ExportLog
from tests.factories import Town
from tests.web.test_exports import many

ROWS = 9 * CHUNK


def start(town: Town, form: str = "csv", who: str = "dispatcher", source: str = "search") -> int:
    with transaction():
        actor = town.people[who]
        return service.start(actor, source, {}, form, ROWS, "zh_CN", utcnow()).id


def folder(app: Flask) -> Path:
    return Path(app.config["UPLOAD_DIR"])


def run_of(run_id: int) -> ExportRun:
    db.session.rollback()
    return db.session.get_one(ExportRun, run_id, populate_existing=True)


def worker(app: Flask) -> int:
    """A forked process that works on connections of its own: its id."""
    if child := os.fork():
        return child
    try:
        with app.app_context():
            db.engine.dispose(close=False)
            while job.work(folder(app)):
                pass
    finally:
        os._exit(0)


def test_killed_in_mid_export_it_goes_on_without_a_gap_or_a_double(app: Flask, town: Town) -> None:
    many(town, ROWS - 1)
    run_id = start(town)
    chance, seen = random.Random(5), set()
    for _ in range(4):
        child = worker(app)
        time.sleep(chance.uniform(0.1, 0.4))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        run = run_of(run_id)
        seen.add(run.done)
        # What a worker wrote beyond its last commit is cut off.
        path = spool.path_of(run.spool_name, folder(app))
        if run.state == "running" and path.exists():
            with path.open("ab") as torn:
                torn.write(b'["half a ro')
        with transaction() as session:
            session.execute(text("UPDATE export_run SET attempts = 0"))
    while job.work(folder(app)):
        pass
    run = run_of(run_id)
    assert (run.state, run.done) == ("done", ROWS)
    lines = spool.path_of(run.stored_name or "", folder(app)).read_text("utf-8-sig").splitlines()
    numbers = [line.split(",")[0] for line in lines[1:]]
    assert len(numbers) == len(set(numbers)) == ROWS
    assert len(db.session.scalars(select(ExportLog)).all()) == 1


def test_two_workers_share_no_run(app: Flask, town: Town) -> None:
    many(town, 2 * CHUNK)
    runs = [start(town), start(town, "xlsx")]
    children = [worker(app), worker(app)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    while job.work(folder(app)):
        pass
    assert {(run_of(one).state, run_of(one).done) for one in runs} == {("done", 2 * CHUNK + 1)}
    assert len(db.session.scalars(select(ExportLog)).all()) == 2


def test_a_run_that_cannot_go_on_is_given_up_and_holds_up_no_other(app: Flask, town: Town) -> None:
    many(town, 3)
    broken, gone, good = start(town, source="nothing"), start(town, who="reviewer"), start(town)
    with transaction() as session:
        session.execute(text("UPDATE \"user\" SET active = false WHERE username = 'reviewer'"))
    while job.work(folder(app)):
        pass
    assert [run_of(one).state for one in (broken, gone, good)] == ["failed", "failed", "done"]
    assert not job.waiting(utcnow())


def test_rights_are_those_of_the_moment_a_row_is_read(app: Flask, town: Town) -> None:
    many(town, 3)
    run_id = start(town)
    with transaction() as session:
        session.execute(
            text(
                "UPDATE \"user\" SET role = 'cadre', department_id = 2"
                " WHERE username = 'dispatcher'"
            )
        )
    while job.work(folder(app)):
        pass
    assert (run_of(run_id).state, run_of(run_id).done) == ("done", 0)


def test_the_timer_finds_what_a_lost_nudge_left_behind(app: Flask, town: Town) -> None:
    many(town, 3)
    run_id = start(town)
    tick()
    queue = app.extensions["rq"].queue
    assert "portal.exports.job.run" in [found.func_name for found in queue.jobs]
    job.run()
    assert run_of(run_id).state == "done"
