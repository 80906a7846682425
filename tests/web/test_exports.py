"""Exports through their doors: what goes out, to whom, in which words, and what the log says."""

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select, text

from portal.db import transaction, utcnow
from portal.exports import job, spool, views
from portal.exports.models import ExportRun
from portal.exports.tables import CHUNK
from portal.extensions import db
from portal.sheets.models import ExportLog
from portal.sheets.reading import MARK_HEADING
from portal.tickets.models import Ticket
from portal.tickets.service import triage
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.pages import Visitor, form_values
from tests.plays import Play

HOSTILE = ("=1+1", "+1", "-1", "@x", "\t=1", '=HYPERLINK("//x")', "＝1", "行一\n=行二", "<b>&\x01")


def many(town: Town, number: int, **changes: str) -> None:
    """Copies of one routed ticket, in one statement; contacts are sealed for one row only."""
    changes = {"contact_name": "''", "contact_phone": "''", **changes}
    ticket_id = Play(town).file()
    names = [
        column.name
        for column in Ticket.__table__.columns
        if column.name not in {"id", "number", "submit_key"}
    ]
    picked = ", ".join(changes.get(name, f'"{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    db.session.execute(
        text(
            f"INSERT INTO ticket (id, number, {columns}) SELECT nextval('ticket_id_seq'),"
            f" 'C' || n, {picked} FROM ticket, generate_series(1, :most) n WHERE ticket.id = :id"
        ),
        {"most": number, "id": ticket_id},
    )
    db.session.commit()


def take(visit: Visitor, who: str, source: str, form: str = "csv", **asked: str) -> Any:
    """The answer to the button of a list."""
    token = form_values(visit.get(who, "/query").form("/query"))["csrf_token"]
    data = {"csrf_token": token, "format": form, **asked}
    return visit.post(who, f"/exports/{source}", data).response


def rows_of(answer: Any) -> list[list[str]]:
    assert answer.status_code == 200, answer.headers
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def said(words: str | None) -> bool:
    """Whether a mark names the dispatcher and the minute."""
    return re.fullmatch(r"刘派 dispatcher 20\d\d-\d\d-\d\d \d\d:\d\d", words or "") is not None


def header_of(workbook: bytes) -> str:
    """What stands at the right of each printed page."""
    header = load_workbook(io.BytesIO(workbook)).worksheets[0].oddHeader
    return (header.right.text if header else None) or ""


def marked(workbook: bytes) -> bool:
    """Whether name and minute are behind the cells, on each printed page and in the properties."""
    book = load_workbook(io.BytesIO(workbook))
    known = book.properties
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        behind = parts.read("xl/media/image1.png").startswith(b"\x89PNG")
        shown = b"<picture r:id=" in parts.read("xl/worksheets/sheet1.xml")
    written = said(header_of(workbook)) and said(known.description)
    return behind and shown and written and known.creator == "刘派"


def logged() -> list[tuple[str, str, int, str, bool]]:
    db.session.rollback()
    query = select(ExportLog.kind, ExportLog.format, ExportLog.rows, ExportLog.by_name)
    query = query.add_columns(ExportLog.personal)
    return [tuple(row) for row in db.session.execute(query.order_by(ExportLog.id))]


def work(app: Flask) -> None:
    while job.work(Path(app.config["UPLOAD_DIR"])):
        pass
    db.session.rollback()


def test_a_list_goes_out_with_its_log_and_without_formulas(visit: Visitor, town: Town) -> None:
    play = Play(town)
    for title in HOSTILE:
        play.file(title=title)
    rows = rows_of(take(visit, "dispatcher", "search"))
    titles = {row[6] for row in rows[1:]}
    assert titles == {f"'{one}" if one[0] in "=+-@\t＝" else one for one in HOSTILE}
    assert all(one[0] not in "=+-@\t\r" for row in rows for one in row if one)
    workbook = take(visit, "dispatcher", "search", "xlsx").get_data()
    assert all(said(row[-1]) for row in rows[1:]) and rows[0][-1] == MARK_HEADING
    assert len({len(row) for row in rows}) == 1 and marked(workbook)
    book = load_workbook(io.BytesIO(workbook))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert {"=1+1", "@x", '=HYPERLINK("//x")'} <= {str(cell.value) for cell in cells}
    assert logged() == [
        ("search", "csv", len(HOSTILE), "刘派", True),
        ("search", "xlsx", len(HOSTILE), "刘派", True),
    ]
    with pytest.raises(Exception, match="written once"), transaction() as session:
        session.execute(text("DELETE FROM export_log"))


def test_everybody_takes_what_they_see_and_no_more(visit: Visitor, town: Town) -> None:
    play = Play(town)
    ids = [play.file(), play.file(), play.file(category="税费")]
    tickets = [db.session.get_one(Ticket, one) for one in ids]
    holders = {ticket.assignee_id: ticket.number for ticket in tickets}
    for who in ("cadre", "cadre2"):
        rows = rows_of(take(visit, who, "search"))
        assert [row[0] for row in rows[1:]] == [holders[town.people[who].id]]
        queue = rows_of(take(visit, who, "queue", statuses="assigned,in_progress"))
        assert [row[0] for row in queue[1:]] == [holders[town.people[who].id]]
    assert len(rows_of(take(visit, "labour", "search"))) == 1
    assert len(rows_of(take(visit, "other", "search"))) == 1
    assert {row[0] for row in rows_of(take(visit, "firm", "search"))[1:]} == {
        ticket.number for ticket in tickets
    }
    assert len(rows_of(take(visit, "reviewer", "search"))) == 3
    assert (
        len(rows_of(take(visit, "supervisor", "search", category=str(town.categories["税费"]))))
        == 2
    )
    for who in ("firm", "cadre", "dispatcher"):
        assert take(visit, who, "figures").status_code == 404
    assert take(visit, "cadre", "orders").status_code == 404
    assert take(visit, "admin", "search").status_code == 403
    assert take(visit, "auditor", "search").status_code == 403


def test_personal_columns_go_to_those_who_handle(visit: Visitor, town: Town) -> None:
    Play(town).file()
    for who, told in (("dispatcher", True), ("reviewer", True), ("supervisor", False)):
        answer = take(visit, who, "search")
        assert ("138****1111" in answer.get_data(as_text=True)) is told, who
        assert ("联系电话" in rows_of(answer)[0]) is told
        assert (MARK_HEADING in rows_of(answer)[0]) is told
    assert "承办人" not in rows_of(take(visit, "firm", "search"))[0]
    assert "13800001111" in take(visit, "cadre", "search").get_data(as_text=True)
    assert [row[-1] for row in logged()] == [True, True, False, True, True]


def test_the_buttons_of_the_pages_take_what_the_pages_list(visit: Visitor, town: Town) -> None:
    play = Play(town)
    one = db.session.get_one(Ticket, play.done(utcnow()))
    two = db.session.get_one(Ticket, play.file(utcnow(), title="担保费率偏高"))
    with transaction():
        triage.supervise(Ask(town.supervisor, two.id, utcnow()), "=请说明")
    found = visit.get("supervisor", "/search?q=担保").form("/exports/search")
    answer = visit.post(
        "supervisor", "/exports/search", {**form_values(found), "format": "csv"}
    ).response
    assert [row[0] for row in rows_of(answer)[1:]] == [two.number]
    listed = visit.get("supervisor", "/figures/close_rate/d").form("/exports/figure")
    asked = {**form_values(listed), "format": "csv"}
    rows = rows_of(visit.post("supervisor", "/exports/figure", asked).response)
    assert [row[0] for row in rows[1:]] == [two.number, one.number]
    assert [row[-2] for row in rows[1:]] == ["否", "是"]
    everything = visit.get("supervisor", "/figures").form("/exports/figures")
    asked = {**form_values(everything), "format": "csv"}
    rows = rows_of(visit.post("supervisor", "/exports/figures", asked).response)
    gross = next(row for row in rows if row[2] == "解决率（毛）")
    assert gross[:6] == ["全部", "", "解决率（毛）", "1", "2", "50.0"]
    orders = rows_of(take(visit, "leader", "orders"))
    assert [row[5] for row in orders[1:]] == ["'=请说明"]
    assert len(rows_of(take(visit, "supervisor", "problems"))) == 1
    for source, wrong in (
        ("search", {"category": "x"}),
        ("queue", {"statuses": "x"}),
        ("queue", {"department": "²"}),
        ("figures", {"from": "x"}),
        ("problems", {"state": "x"}),
    ):
        assert take(visit, "supervisor", source, **wrong).status_code == 303, source
    assert take(visit, "supervisor", "search", "pdf").status_code == 303
    assert take(visit, "supervisor", "figure", name="x", side="d").status_code == 404


def test_a_large_one_is_a_job_with_a_page(
    visit: Visitor, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(town, CHUNK + 20)
    monkeypatch.setattr(views, "AT_ONCE", 100)
    answer = take(visit, "dispatcher", "search", "xlsx")
    assert answer.status_code == 303
    here = answer.headers["Location"]
    assert "正在排队" in visit.get("dispatcher", here).words
    assert logged() == []
    work(app)
    page = visit.get("dispatcher", here)
    assert f"整理好了，共 {CHUNK + 21} 行" in page.words
    assert logged() == [("search", "xlsx", CHUNK + 21, "刘派", True)]
    file = visit.get("dispatcher", f"{here}/file").response
    assert marked(file.get_data())
    sheet = load_workbook(io.BytesIO(file.get_data())).worksheets[0]
    numbers = [row[0].value for row in sheet.iter_rows(min_row=2)]
    assert len(set(numbers)) == len(numbers) == CHUNK + 21
    for who in ("supervisor", "cadre", "firm"):
        assert visit.get(who, here).status == 404
        assert visit.get(who, f"{here}/file").status == 404
    [run] = db.session.scalars(select(ExportRun)).all()
    path = spool.path_of(run.stored_name or "", Path(app.config["UPLOAD_DIR"]))
    assert len(path.name) == 32 and path.stat().st_mode & 0o077 == 0
    assert not spool.path_of(run.spool_name, Path(app.config["UPLOAD_DIR"])).exists()
    with transaction() as session:
        session.execute(text("UPDATE export_run SET expires_at = now() - interval '1 minute'"))
    assert visit.get("dispatcher", f"{here}/file").status == 404
    assert job.waiting(utcnow())
    work(app)
    assert "已过期" in visit.get("dispatcher", here).words and not path.exists()


def test_a_run_is_cancelled_and_few_run_at_once(
    visit: Visitor, town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(town, 3)
    monkeypatch.setattr(views, "AT_ONCE", 1)
    places = [take(visit, "dispatcher", "search").headers["Location"] for _ in range(4)]
    assert "已有 3 个导出正在进行" in visit.get("dispatcher", places[3]).words
    visit.get("dispatcher", places[0]).submit(f"{places[0]}/cancel")
    work(app)
    assert "已取消" in visit.get("dispatcher", places[0]).words
    assert len(logged()) == 2
    assert visit.get("dispatcher", f"{places[0]}/file").status == 404
    assert visit.get("dispatcher", "/exports/").words.count("可以下载") == 2


def test_the_log_is_for_those_who_watch(visit: Visitor, town: Town) -> None:
    Play(town).file(MONDAY)
    take(visit, "dispatcher", "search", status="open")
    for who in ("supervisor", "leader", "auditor"):
        page = visit.get(who, "/exports/log")
        assert "刘派" in page.words and "状态：未办结" in page.words and "1 行" in page.words
    for who in ("dispatcher", "cadre", "firm", "admin"):
        assert visit.get(who, "/exports/log").status == 403
