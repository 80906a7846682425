"""The auditor's pages: search, an entry in words, parts that check themselves, checkpoints."""

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.audit import job, parts
from portal.audit.models import AuditCheckpoint, AuditEntry
from portal.audit.watermark import Mark
from portal.auth import granting
from portal.auth import service as accounts
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.extensions import db
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.plays import Play


@pytest.fixture
def number(town: Town) -> str:
    """A ticket handled to its end and a promoted cadre, all in the log; the ticket's number."""
    number = db.session.get_one(Ticket, Play(town).done()).number
    with transaction():
        who, unit = town.cadre2.id or 0, town.departments["finance"]
        accounts.update_user(Editor(town.admin.id, MONDAY), who, "孙强", "13811112222", unit)
        granting.give(Editor(town.security.id, MONDAY), who, Role.REVIEWER, unit)
    job.bring_up(utcnow)
    db.session.rollback()
    return number


def test_the_auditor_finds_by_person_ticket_kind_and_day(visit: Visitor, number: str) -> None:
    page = visit.get("auditor", f"/audit/?subject={number}")
    assert "办结" in page.words and "融资" not in page.words and "过桥" not in page.words
    mine = visit.get("auditor", "/audit/?person=cadre2&kind=directory")
    assert "修改账号" in mine.words and "孙强（cadre2）" in mine.words and "吴管" in mine.words
    assert "没有符合条件" in visit.get("auditor", "/audit/?first=2001-01-01&last=2001-01-02").words
    assert visit.get("auditor", "/audit/?first=x").status == 422
    for who in ("admin", "security", "supervisor", "cadre", "firm"):
        assert visit.get(who, "/audit/").status == 403


def test_an_entry_says_what_it_was_and_what_it_became(visit: Visitor, number: str) -> None:
    query = select(AuditEntry.id).where(AuditEntry.kind == "directory")
    seq = db.session.scalars(query.where(AuditEntry.content["old"].has_key("role"))).one()
    words = visit.get("auditor", f"/audit/{seq}").words
    assert "角色 原来 ： 助企干部 现在 ： 分管负责人" in words or "助企干部" in words
    assert "13811112222" not in words and "没有改动" in words
    assert visit.get("auditor", "/audit/999999").status == 404


def test_the_log_goes_on_by_key(visit: Visitor, number: str) -> None:
    page = visit.get("auditor", "/audit/")
    seen = {str(link["href"]) for link in page.soup.select("td.title a")}
    onward = page.soup.select_one("a[rel=next]")
    assert len(seen) == 25 and onward is not None
    more = visit.get("auditor", str(onward["href"]))
    assert not seen & {str(link["href"]) for link in more.soup.select("td.title a")}


def test_a_month_goes_out_as_a_part_that_checks_itself(
    visit: Visitor, number: str, app: Flask, tmp_path: Path
) -> None:
    page = visit.get("auditor", "/audit/parts")
    month = parts.months()[0][0]
    db.session.rollback()
    answer = page.submit(f"/audit/parts/{month}")
    part = tmp_path / "part.zip"
    part.write_bytes(answer.response.get_data())
    manifest, findings = parts.check(part, job.key())
    assert findings == [] and manifest["entries"] == manifest["last"]
    assert db.session.scalars(select(AuditCheckpoint.why)).all() == ["export"]
    runner = app.test_cli_runner()
    assert runner.invoke(args=["audit", "verify", str(part)]).exit_code == 0
    part.write_bytes(altered(part.read_bytes()))
    answer = runner.invoke(args=["audit", "verify", "--json", str(part)])
    assert answer.exit_code == 1
    whats = [one["what"] for one in json.loads(answer.output)["findings"]]
    assert any(what.startswith("altered") for what in whats)


def altered(archive: bytes) -> bytes:
    """The same part with one name in one line changed."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, body.replace("李明".encode(), "王明".encode(), 1))
    return out.getvalue()


def test_the_command_verifies_exports_and_says_no(
    number: str, app: Flask, tmp_path: Path, town: Town
) -> None:
    runner = app.test_cli_runner()
    app.config["AUDIT_DIR"], before = str(tmp_path), app.config["AUDIT_DIR"]
    try:
        month = parts.months()[0][0]
        db.session.rollback()
        made = runner.invoke(args=["audit", "export", "--month", month])
        assert made.exit_code == 0 and (tmp_path / "parts" / f"audit-{month}.zip").is_file()
        last = db.session.scalar(select(func.max(AuditEntry.id)))
        good = runner.invoke(args=["audit", "verify", "--from", "1", "--to", str(last)])
        assert (good.exit_code, "nothing is wrong" in good.output) == (0, True), good.output
        (tmp_path / "checkpoints.jsonl").write_text("{}\n")
        bad = runner.invoke(args=["audit", "verify"])
        assert bad.exit_code == 1 and "cannot be read" in bad.output
    finally:
        app.config["AUDIT_DIR"] = before


def test_pages_and_files_with_persons_say_who_has_them(visit: Visitor, number: str) -> None:
    page = visit.get("supervisor", f"/tickets/{number}")
    assert page.soup.select_one("img.watermark[alt='']") is not None
    assert "郑督 于" in page.soup.select("footer")[0].get_text()
    assert visit.get("dispatcher", "/search").soup.select_one("img.watermark") is not None
    for who, address in (("firm", f"/tickets/{number}"), ("supervisor", "/orders"), (None, "/")):
        assert visit.get(who, address).soup.select_one("img.watermark") is None


def test_a_mark_is_neutral_in_a_picture() -> None:
    mark = Mark('<"&>', "x", MONDAY)
    assert mark.words == '<"&> x 2026-03-02 09:00' and mark.image.startswith("data:image/svg+xml")
    assert mark.tile().read(4) == b"\x89PNG"
