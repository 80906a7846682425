"""A person's own data: the notice, consent, the ZIP, to be forgotten; and what goes at its time."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal.audit import refusals, sealing
from portal.audit.refusals import Refused
from portal.auth.models import User
from portal.db import transaction, utcnow
from portal.directory.models import Enterprise
from portal.errors import Conflict, NotAllowed
from portal.exports import job as export_job
from portal.exports import service as exports
from portal.exports import spool
from portal.exports.models import OWN, ExportRun
from portal.extensions import db
from portal.kpi import checking
from portal.kpi import job as rollup_job
from portal.notify.models import Notice
from portal.private import consents, erasing, keeping, retention
from portal.private.models import Consent, Erasure, RetentionRun
from portal.sheets.models import ExportLog
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.files import path_of
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import drafts
from tests.factories import MONDAY, PASSWORD, Town
from tests.pages import Visitor, form_values
from tests.service.stages import assigned, file, signed
from tests.web.test_factor import tired

WEEK = timedelta(days=7)


def closed(town: Town) -> int:
    """A ticket that the firm has confirmed."""
    return assigned(town).to_confirmation().confirm().ticket_id


def person(town: Town) -> User:
    db.session.rollback()
    return db.session.get_one(User, town.firm.id, populate_existing=True)


def test_the_notice_is_for_everybody_and_consent_has_a_version_and_a_time(
    visit: Visitor, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = visit.get(None, "/privacy")
    assert "个人信息处理说明" in notice.title and "安全事件 12 个月" in notice.words
    page = visit.get("firm", "/account/data")
    assert f"现行版本是 {consents.VERSION}" in page.words
    for _twice in range(2):
        assert page.submit("/consent").status == 303
    kept = db.session.scalars(select(Consent)).one()
    assert (kept.user_id, kept.version) == (town.firm.id, consents.VERSION)
    assert utcnow() - kept.at < timedelta(minutes=5)
    assert not consents.asks(person(town))
    monkeypatch.setattr(consents, "VERSION", "2099-01")
    assert consents.asks(person(town)) and "现行版本是 2099-01" in page_of(visit).words
    assert not consents.asks(db.session.get_one(User, town.cadre.id))


def page_of(visit: Visitor):
    return visit.get("firm", "/account/data")


def test_a_person_takes_everything_about_them_away_once_and_nothing_of_others(
    app: Flask, visit: Visitor, town: Town
) -> None:
    number, folder = assigned(town).ticket.number, Path(app.config["UPLOAD_DIR"])
    file(town, who=town.other)
    with transaction():
        drafts.save(town.firm, {"title": "<b>再来</b>"}, MONDAY)
    tired(visit, "firm")
    asked = page_of(visit).submit("/download")
    assert asked.status == 403 and "密码" in asked.words  # once more who it is
    started = asked.submit("/download", proof=PASSWORD)
    assert "查看进度" in page_of(visit).words
    assert (
        visit.get("firm", started.location.replace("/account/data/download", "/exports")).status
        == 404
    )
    page = visit.get("firm", started.location)
    assert started.status == 303 and "已完成 0 类，共 8 类" in page.words
    export_job.run()
    db.session.rollback()
    path = spool.path_of(db.session.scalars(select(ExportRun.stored_name)).one() or "", folder)
    assert path.stat().st_mode & 0o777 == 0o600
    answer = visit.get("firm", started.location).submit(started.location).response
    assert answer.status_code == 200 and answer.mimetype == "application/zip"
    assert "已经下载过" in visit.get("firm", started.location).words
    again = form_values(page_of(visit).form("/download"))
    assert visit.post("firm", started.location, again).status == 404 and not path.exists()
    logged = db.session.scalars(select(ExportLog)).one()
    assert (logged.kind, logged.by_id, logged.personal) == ("own", town.firm.id, True)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        data = json.loads(archive.read("data.json"))
        page = archive.read("data.html").decode()
    assert data["account"]["phone"] == "13900002222"
    assert [one["number"] for one in data["tickets"]] == [number]
    assert {one["action"] for one in data["actions"]} == {"submit"}
    assert data["sign_ins"] and data["draft"]["title"] == "<b>再来</b>"
    assert "赵经理" not in page and "&lt;b&gt;再来" in page and "<b>" not in page


def test_open_tickets_keep_a_person_until_a_colleague_takes_them(
    visit: Visitor, town: Town
) -> None:
    ticket_id = signed(town).ticket_id
    colleague = User(
        username="second",
        name="钱会计",
        role="applicant",
        password_hash="!",
        enterprise_id=town.enterprise_id,
    )
    with transaction() as session:
        session.add(colleague)
    with pytest.raises(Conflict, match="1 件诉求没有办结"), transaction():
        erasing.ask(town.firm, town.firm.id or 0, WEEK, utcnow())
    page = visit.get("firm", "/account/data/erase")
    assert "没有办结" in page.words
    assert page.submit("/pass", to="0").status == 404
    assert page.submit("/pass", to=str(colleague.id)).status == 303
    db.session.rollback()
    assert db.session.get_one(Ticket, ticket_id).applicant_id == colleague.id
    said = select(TicketEvent.action).where(TicketEvent.ticket_id == ticket_id)
    assert "comment" in db.session.scalars(said).all()
    assert "不能恢复" in visit.get("firm", "/account/data/erase").words


def assert_nowhere(*words: str) -> None:
    """No row that never changes, and no account, tells the words; the chain neither."""
    while sealing.seal(utcnow()):
        db.session.commit()
    for table in ("ticket_event", "directory_change", "audit_entry", '"user"'):
        query = f"SELECT string_agg(t::text, ' ') FROM {table} t"
        kept = db.session.scalar(text(query)) or ""
        assert not [word for word in words if word in kept], table


def test_who_asked_is_forgotten_after_the_wait_and_the_figures_stay(
    app: Flask, visit: Visitor, town: Town, tmp_path: Path
) -> None:
    ticket_id = closed(town)
    rollup_job.bring_up(utcnow)
    with transaction() as session:
        drafts.save(town.firm, {"title": "再来一件"}, MONDAY)
        session.get_one(Enterprise, town.enterprise_id).contact_name = "王经理"
        session.get_one(Ticket, ticket_id).reopen_until = utcnow() + timedelta(days=20)
        exports.start(town.firm, OWN, {}, "zip", 8, "zh_CN", utcnow())
    visit.get("firm", "/account/data/erase").submit("/erase")
    db.session.rollback()
    wish = db.session.scalars(select(Erasure)).one()
    assert wish.due_at == db.session.get_one(Ticket, ticket_id).reopen_until
    assert page_of(visit).submit("/keep").status == 303  # taken back, and asked again
    assert visit.get("firm", "/account/data/erase").submit("/erase").status == 303
    keeping.sweep(tmp_path, utcnow())
    assert person(town).erased_at is None  # not yet
    later = utcnow() + timedelta(days=21)
    assert (keeping.sweep(tmp_path, later) or {})["people"] == 1
    assert (keeping.sweep(tmp_path, later) or {})["people"] == 0
    gone = person(town)
    left = gone.name, gone.phone, gone.phone_index, gone.active
    assert left == (erasing.GONE, None, None, False)
    assert gone.username == f"erased-{gone.id}"
    assert db.session.scalars(select(ExportRun.state)).all() == ["cancelled"]
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.contact_name, ticket.contact_phone) == ("", "")
    assert db.session.get_one(Enterprise, town.enterprise_id).contact_phone == "–"
    for model in (Draft, Notice):
        count = select(func.count()).where(model.user_id == gone.id)
        assert db.session.scalar(count) == 0
    words = visit.get("supervisor", f"/tickets/{ticket.number}").words
    assert "王经理" not in words and erasing.GONE in words
    assert visit.get("firm", "/tickets").location.startswith("/sign-in")
    assert_nowhere("王经理", "13900002222")
    db.session.rollback()
    assert list(checking.differences(utcnow())) == []


def test_former_staff_are_forgotten_by_an_administrator_once_they_are_stopped(
    visit: Visitor, town: Town, tmp_path: Path
) -> None:
    with pytest.raises(NotAllowed), transaction():
        erasing.ask(town.admin, town.labour.id or 0, WEEK, utcnow())
    with pytest.raises(NotAllowed), transaction():
        erasing.ask(town.cadre, town.cadre.id or 0, WEEK, utcnow())
    with transaction() as session:
        session.get_one(User, town.labour.id).active = False
    tired(visit, "admin")
    asked = visit.get("admin", f"/admin/users/{town.labour.id}").submit("/erase")
    assert asked.status == 403 and db.session.scalars(select(Erasure)).all() == []
    assert asked.submit("/erase", proof=PASSWORD).status == 303
    keeping.sweep(tmp_path, utcnow() + WEEK + timedelta(minutes=1))
    db.session.rollback()
    assert db.session.get_one(User, town.labour.id).name == erasing.GONE
    assert "已注销" in visit.get("admin", f"/admin/users/{town.labour.id}").words


def test_what_is_over_its_time_goes_and_a_dry_run_takes_nothing(app: Flask, town: Town) -> None:
    folder, ticket_id = Path(app.config["UPLOAD_DIR"]), closed(town)
    other_id = file(town).ticket_id
    stored = path_of("ab" + "0" * 30, folder)
    stored.parent.mkdir(exist_ok=True)
    stored.write_bytes(b"%PDF")
    row = {"name": "合同.pdf", "media_type": "application/pdf", "size": 4, "sha256": "0" * 64}
    long_ago = MONDAY - timedelta(days=3000)
    with transaction() as session:
        session.add(
            Attachment(
                ticket_id=ticket_id, stored_name=stored.name, uploaded_by_id=town.firm.id, **row
            )
        )
        drafts.save(town.firm, {"title": "旧"}, long_ago)
        refusals.counted(Refused("query", "10.0.0.1"), long_ago)
        session.get_one(Ticket, ticket_id).closed_at = long_ago
    runner = app.test_cli_runner()
    dry = json.loads(runner.invoke(args=["retention", "run", "--dry-run", "--json"]).output)
    gone = ("contacts", "files", "drafts", "refusals")
    assert [dry[one] for one in gone] == [1, 1, 1, 1] and stored.exists()
    db.session.rollback()
    assert db.session.get_one(Ticket, ticket_id).contact_phone == "13800001111"
    keeping.run()
    keeping.run()
    noted = db.session.scalars(select(RetentionRun)).one()
    assert noted.counts == dry and not stored.exists()
    assert db.session.scalars(select(Draft)).all() == []
    assert db.session.scalars(select(Attachment.state)).all() == ["expired"]
    assert db.session.get_one(Ticket, ticket_id).contact_phone == ""
    assert db.session.get_one(Ticket, other_id).contact_phone == "13800001111"
    assert set(retention.counted(app.config, utcnow()).values()) == {0}
    said = runner.invoke(args=["retention", "run"]).output
    assert "已办结诉求的联系方式(保存 36 个月):0 已清除" in said
