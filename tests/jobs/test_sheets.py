"""The job of imports: kill -9 in mid-apply, two workers, failures given up, the commands."""

import json
import os
import random
import signal
import time
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.directory.models import Enterprise, Region
from portal.extensions import db
from portal.outbox.commands import tick
from portal.sheets import files, job, service
from portal.sheets.models import ExportLog, SheetImport, SheetLine
from tests.factories import Town, make_uscc
from tests.sheeting import latest, work

HEAD = "统一社会信用代码,企业名称,县市区,规模,联系人,联系电话\n"
FIRMS = 3000
LONGEST_LIFE = 0.5


def content(number: int, name: str = "批量厂") -> bytes:
    lines = (
        f"{make_uscc(n)},{name}{n},东昌府区,小型,王经理,13800001111\n" for n in range(1, number + 1)
    )
    return (HEAD + "".join(lines)).encode()


def start(app: Flask, who: Actor, text: bytes, kind: str = "enterprises") -> int:
    """An uploaded file that nobody has planned yet."""
    folder = Path(app.config["UPLOAD_DIR"])
    path = folder / "upload.csv"
    path.write_bytes(text)
    with path.open("rb") as stream:
        kept = files.keep(stream, "upload.csv", folder)
    with transaction():
        return service.start(kind, vars(kept), who, utcnow()).id


def confirm(import_id: int, mode: str = "good") -> None:
    with transaction():
        service.confirm(import_id, mode, utcnow())


def batch() -> int:
    with transaction() as session:
        query = select(func.count()).where(Enterprise.name.like("批量厂%"))
        return session.scalar(query) or 0


def worker(app: Flask) -> int:
    """A forked process that works on connections of its own: its id."""
    if child := os.fork():
        return child
    try:
        with app.app_context():
            db.engine.dispose(close=False)
            while job.work(Path(app.config["UPLOAD_DIR"])):
                pass
    finally:
        os._exit(0)


def test_killed_in_mid_apply_it_goes_on_and_writes_each_line_once(app: Flask, town: Town) -> None:
    import_id = start(app, town.admin, content(FIRMS))
    work(app)
    confirm(import_id)
    chance, seen = random.Random(4), set()
    for _ in range(6):
        child = worker(app)
        time.sleep(chance.uniform(0.05, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen.add(latest().after_seq)
        with transaction() as session:  # a killed attempt counts, and would be given up at last
            session.get_one(SheetImport, import_id).attempts = 0
    work(app)
    row = latest()
    assert (row.state, row.written, row.refused) == ("done", FIRMS, 0)
    assert batch() == FIRMS
    again = start(app, town.admin, content(FIRMS))
    work(app)
    row = latest()
    assert (row.id, row.unchanged, row.new, row.changed) == (again, FIRMS, 0, 0)


def test_two_workers_at_once_write_each_line_once(app: Flask, town: Town) -> None:
    import_id = start(app, town.admin, content(1200))
    work(app)
    confirm(import_id)
    children = [worker(app), worker(app)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    work(app)
    assert (latest().state, latest().written, batch()) == ("done", 1200, 1200)


def test_a_job_that_runs_twice_changes_nothing(app: Flask, town: Town) -> None:
    import_id = start(app, town.admin, content(3))
    work(app)
    work(app)
    assert latest().state == "planned"
    confirm(import_id)
    confirm(import_id)  # a double click
    work(app)
    work(app)
    assert (latest().state, latest().written) == ("done", 3)
    confirm(import_id)
    assert latest().state == "done"


def test_all_or_nothing_leaves_nothing_behind_when_the_last_line_fails(
    app: Flask, town: Town
) -> None:
    import_id = start(app, town.admin, content(700))
    work(app)
    confirm(import_id, "all")
    with transaction() as session:
        last = {"uscc": make_uscc(700), "name": "抢先一步", "region_id": town.region_id}
        contact = {"size": "small", "contact_name": "赵", "contact_phone": "13800001111"}
        session.add(Enterprise(**last, **contact))
    work(app)
    row = latest()
    assert (row.state, row.refused, row.written, batch()) == ("failed", 1, 0, 0)
    line = db.session.scalar(select(SheetLine).where(SheetLine.outcome == "refused"))
    assert line is not None and line.number == 701


def test_an_import_that_always_fails_is_given_up_and_holds_up_no_other(
    app: Flask, town: Town
) -> None:
    broken = start(app, town.admin, content(1))
    with transaction() as session:
        session.get_one(SheetImport, broken).kind = "no such register"
    good = start(app, town.admin, content(2))
    work(app)
    db.session.rollback()
    assert db.session.get_one(SheetImport, broken).state == "failed"
    assert db.session.get_one(SheetImport, good).state == "planned"


def test_the_timer_finds_what_a_lost_nudge_left_behind(app: Flask, town: Town) -> None:
    start(app, town.admin, content(1))
    tick()
    queue = app.extensions["rq"].queue
    assert "portal.sheets.job.run" in [found.func_name for found in queue.jobs]
    job.run()
    assert latest().state == "planned"
    assert not job.waiting()


def run(app: Flask, *args: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["registry", *args])
    return result.exit_code, result.output


def test_the_command_imports_and_says_what_it_did(app: Flask, town: Town, tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    file.write_bytes(content(3) + f"{make_uscc(4)},坏厂,无此县,小型,王,1\n".encode())
    code, said = run(app, "import", "enterprises", str(file), "--dry-run", "--json")
    found = json.loads(said)
    assert (code, found["new"], found["wrong"], found["written"]) == (1, 3, 1, 0)
    assert found["problems"][0]["line"] == 5
    assert batch() == 0
    code, said = run(app, "import", "enterprises", str(file), "--all-or-nothing")
    assert (code, "没有写入任何数据" in said, batch()) == (1, True, 0)
    code, said = run(app, "import", "enterprises", str(file))
    assert (code, batch()) == (1, 3)
    assert "第 5 行：" in said and "已写入 3 行，未写入 0 行" in said
    file.write_bytes(content(3))
    code, said = run(app, "import", "enterprises", str(file), "--all-or-nothing", "--json")
    assert (code, json.loads(said)["unchanged"]) == (0, 3)
    assert latest().by_name == "命令行"


def test_the_commands_export_and_write_templates(app: Flask, town: Town, tmp_path: Path) -> None:
    for form in ("csv", "xlsx"):
        taken = tmp_path / f"regions.{form}"
        code, said = run(app, "export", "regions", str(taken))
        assert (code, "已导出 1 行" in said) == (0, True), said
        code, said = run(app, "import", "regions", str(taken), "--json")
        assert (code, json.loads(said)["unchanged"]) == (0, 1), said
        assert run(app, "template", "regions", str(tmp_path / f"t.{form}"))[0] == 0
    assert run(app, "export", "regions", str(tmp_path / "regions.pdf"))[0] == 1
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(ExportLog)) == 2
        assert session.scalar(select(func.count()).select_from(Region)) == 1
    for command in ("import", "export", "template"):
        code, said = run(app, command, "--help")
        assert (code, "KIND" in said) == (0, True)
