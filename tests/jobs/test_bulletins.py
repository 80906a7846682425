"""Bulletins: due by the calendar, made once, safe to run twice; two pages; for whom they are."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import load_workbook
from pypdf import PageObject, PdfReader
from sqlalchemy import func, select

from portal.db import transaction
from portal.extensions import db
from portal.kpi.periods import Period
from portal.notify.models import Notice
from portal.outbox import relay
from portal.supervision import archive, making
from portal.supervision.models import Bulletin
from portal.tickets.service import triage
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.plays import HOUR, Play

HOSTILE = "=HYPERLINK(“http://x”)"
# The first working day after March 2026 opens on 1 April at 08:30 in Shanghai.
OPENING = datetime.fromisoformat("2026-04-01T08:30:00+08:00")


@pytest.fixture
def folder(app: Flask) -> Path:
    return Path(app.config["UPLOAD_DIR"])


def bulletins() -> list[Bulletin]:
    db.session.expire_all()
    return list(db.session.scalars(select(Bulletin).order_by(Bulletin.kind, Bulletin.first)))


def played(town: Town) -> None:
    """Three solved, one open and late under an order; one has a hostile title."""
    play = Play(town)
    for title in ("贷款到期", HOSTILE, "利率偏高"):
        play.done(MONDAY, title=title)
    late = play.file(MONDAY, title="过桥资金不足")
    play.contact(late, MONDAY + HOUR)
    with transaction():
        triage.supervise(Ask(town.supervisor, late, MONDAY + 2 * HOUR), "请说明原因。")


def test_a_bulletin_is_made_once_whoever_looks_and_however_often(town: Town, folder: Path) -> None:
    played(town)
    with transaction():
        assert archive.ask_due(OPENING - timedelta(minutes=1)) == 1  # the week before
        assert archive.ask_due(OPENING) == 1
        assert archive.ask_due(OPENING + HOUR) == 0
        # After a stop of weeks: the last week's and the month's, no more.
        assert archive.ask_due(OPENING + timedelta(days=20)) == 1
    found = bulletins()
    assert [(one.kind, one.first) for one in found] == [
        ("month", date(2026, 3, 1)),
        ("week", date(2026, 3, 23)),
        ("week", date(2026, 4, 13)),
    ]
    making.path_of(found[0], "pdf", folder).unlink(missing_ok=True)
    clock = lambda: OPENING  # noqa: E731
    assert making.work(folder, clock=clock) == 3
    assert making.work(folder, clock=clock) == 0
    month = bulletins()[0]
    assert month.state == "made" and (month.pdf_size or 0) > 10_000
    files = {path.name for path in (folder / "bulletins").iterdir()}
    assert {f"{month.stored_name}.pdf", f"{month.stored_name}.xlsx"} <= files
    assert not [name for name in files if name.startswith("part-")]
    relay.drain(lambda: OPENING + timedelta(days=1))
    query = select(func.count()).where(Notice.kind == "bulletin_month")
    assert db.session.scalar(query) == 3  # supervisor, leader, reviewer


def test_a_job_that_died_is_made_good_and_one_that_always_dies_is_given_up(
    town: Town, folder: Path
) -> None:
    with transaction():
        archive.ask("month", Period.of_month(2026, 3), OPENING)
        assert archive.next_waiting() is not None  # the job that claimed it is killed here
    [row] = bulletins()
    assert (row.state, row.attempts) == ("waiting", 1)
    assert making.work(folder, font="/nowhere/font.ttf", clock=lambda: OPENING) == 1
    [row] = bulletins()
    assert row.state == "made" and row.pdf_size is None and row.xlsx_size
    assert "fonts-noto-cjk" in (row.problem or "")
    with transaction():
        assert archive.again(row)
        row.attempts = archive.MAX_ATTEMPTS
    assert making.work(folder, clock=lambda: OPENING) == 0
    assert bulletins()[0].state == "failed"
    with transaction():
        assert archive.again(bulletins()[0])
    assert making.work(folder, clock=lambda: OPENING) == 1
    assert bulletins()[0].pdf_size and not archive.again(bulletins()[0])


def whole(sheet: PageObject) -> None:
    """The faces are in the file, but every reader's own of the line that says who took it."""
    for font in sheet["/Resources"]["/Font"].values():  # pyright: ignore
        if font["/BaseFont"] != "/Helvetica":
            assert "/FontDescriptor" in font["/DescendantFonts"][0].get_object()
    assert re.search(r"reviewer 20\d\d-\d\d-\d\d \d\d:\d\d", sheet.extract_text())


def test_its_files_say_the_figures_and_go_to_whom_they_are_for(
    town: Town, folder: Path, visit: Visitor
) -> None:
    played(town)
    with transaction():
        archive.ask("month", Period.of_month(2026, 3), OPENING)
    making.work(folder, clock=lambda: OPENING)
    page = visit.get("reviewer", "/bulletins/")
    link = page.soup.select_one("main .entries a[href]")
    assert link is not None
    address = str(link["href"])
    said = visit.get("reviewer", address).words
    assert "受理企业诉求4件" in said and "75.0%（3/4）" in said and "附表 XLSX" not in said
    response = visit.get("reviewer", f"{address}/bulletin.pdf").response
    assert response.mimetype == "application/pdf" and len(response.data) < 1_000_000
    reader = PdfReader(BytesIO(response.data))
    assert len(reader.pages) == 2
    for sheet in reader.pages:
        whole(sheet)
    text = "".join(sheet.extract_text() for sheet in reader.pages)
    text = "".join(text.replace("\x00", "").split())
    assert "仍在办理1件" in text and "办结后才能与上月比较" in text
    for words in (
        "75.0%（3/4）",
        "市金融局",
        "期内发出督办单1件",
        "不作排名",
        "其余类别4件",
    ):
        assert words in text, text
    assert visit.get("reviewer", f"{address}/bulletin.xlsx").status == 403
    assert visit.get("cadre", "/bulletins/").status == 403
    data = visit.get("leader", f"{address}/bulletin.xlsx").response.data
    book = load_workbook(BytesIO(data))
    assert [row[0].value for row in book["超期"].iter_rows(min_row=2)]
    listed = {row[2].value: row[2].data_type for row in book["全部受理"].iter_rows(min_row=2)}
    assert listed[HOSTILE] == "s" and len(listed) == 4
    assert book["督办单"]["D2"].value == "请说明原因。"
    assert "通报附表" in visit.get("admin", "/admin/sheets/exports").words


def test_the_archive_is_in_the_order_of_its_periods(town: Town, visit: Visitor) -> None:
    weeks = [date(2026, 1, 5) + timedelta(weeks=place) for place in range(30)]
    with transaction() as session:
        for place, first in enumerate(weeks[::2] + weeks[1::2]):  # asked for in another order
            known = {"kind": "week", "last": first + timedelta(days=6), "stored_name": f"b{place}"}
            session.add(Bulletin(first=first, asked_at=MONDAY + place * HOUR, **known))
    page = visit.get("reviewer", "/bulletins/")
    links = [a["href"] for a in page.soup.select("main .entries a")]
    following = page.soup.select_one("a[rel=next]")
    assert following is not None
    rest = visit.get("reviewer", str(following["href"]))
    links += [a["href"] for a in rest.soup.select("main .entries a")]
    ids = [int(str(one).rsplit("/", 1)[1]) for one in links]
    db.session.expire_all()
    shown = [db.session.get_one(Bulletin, one).first for one in ids]
    assert shown == sorted(weeks, reverse=True)
    back = rest.soup.select_one("a[rel=prev]")
    assert back is not None
    again = visit.get("reviewer", str(back["href"]))
    assert [a["href"] for a in again.soup.select("main .entries a")] == links[:25]


def test_a_period_in_which_no_ticket_was_open_has_no_bulletin(town: Town) -> None:
    Play(town).done(MONDAY)  # closed within two working days
    with transaction():
        assert archive.ask_due(OPENING + timedelta(days=35)) == 0  # neither April nor its last week
        assert archive.ask_due(OPENING) == 1  # March
