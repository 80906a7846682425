"""Who looked at a ticket: each look of staff is a row, and the firm sees whose it was."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import ProgrammingError

from portal.audit.models import TicketAccess
from portal.audit.service import Look, looked
from portal.db import transaction
from portal.extensions import db
from portal.tickets.file_models import Attachment
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.pages import Visitor, form_values
from tests.plays import Play
from tests.web.test_exports import take


@pytest.fixture
def number(town: Town) -> str:
    """The number of a ticket that is in the hands of its cadre."""
    return db.session.get_one(Ticket, Play(town).file()).number


def rows() -> list[tuple[str, str]]:
    db.session.rollback()
    query = select(TicketAccess.user_name, TicketAccess.what).order_by(TicketAccess.id)
    return [(name, what) for name, what in db.session.execute(query)]


def holder(town: Town, number: str) -> str:
    """The town's word for the cadre who holds the ticket."""
    assignee = db.session.scalar(select(Ticket.assignee_id).where(Ticket.number == number))
    return next(name for name, actor in town.people.items() if actor.id == assignee)


def test_a_look_of_staff_is_a_row_and_the_firm_sees_it(
    visit: Visitor, town: Town, number: str
) -> None:
    cadre = holder(town, number)
    visit.get("firm", f"/tickets/{number}")
    for _again in range(2):
        visit.get(cadre, f"/tickets/{number}")
    visit.get("supervisor", f"/tickets/{number}/explain")
    visit.get("other", f"/tickets/{number}")
    name = town.people[cadre].name
    assert rows() == [(name, "view"), ("郑督", "view")]
    page = visit.get("firm", f"/tickets/{number}/looks")
    assert name in page.words and "市金融局 · 助企干部" in page.words and "郑督" in page.words
    assert visit.get("firm", f"/tickets/{number}").soup.select_one(f"a[href$='{number}/looks']")
    assert visit.get("other", f"/tickets/{number}/looks").status == 404
    assert visit.get(cadre, f"/tickets/{number}/looks").status == 403


def test_what_is_taken_away_is_a_row_each_time(
    visit: Visitor, town: Town, number: str, app: Flask
) -> None:
    cadre = holder(town, number)
    page = visit.get(cadre, f"/tickets/{number}")
    mark = page.soup.select_one("[data-printed]")
    token = form_values(visit.get(cadre, "/query").form("/query"))["csrf_token"]
    assert mark is not None
    for _again in range(2):
        assert visit.post(cadre, str(mark["data-printed"]), {"csrf_token": token}).status == 204
        assert take(visit, cadre, "search").status_code == 200
    assert take(visit, "firm", "search").status_code == 200
    name = town.people[cadre].name
    assert rows() == [(name, "view"), *[(name, "print"), (name, "export")] * 2]
    assert "导出：CSV" in visit.get("firm", f"/tickets/{number}/looks").words


def test_a_file_that_is_fetched_is_a_row_without_its_name(
    visit: Visitor, town: Town, number: str, tmp_path, app: Flask
) -> None:
    ticket_id = db.session.scalars(select(Ticket.id)).one()
    folder = tmp_path / "ab"
    folder.mkdir()
    (folder / "abcd").write_bytes(b"%PDF-")
    file = Attachment(
        ticket_id=ticket_id,
        stored_name="abcd",
        name="内部底单.pdf",
        public=False,
        media_type="application/pdf",
        size=5,
        sha256="0" * 64,
        uploaded_by_id=town.cadre.id,
    )
    db.session.add(file)
    db.session.commit()
    file_id, uploads = file.id, app.config["UPLOAD_DIR"]
    app.config["UPLOAD_DIR"] = str(tmp_path)
    answer = visit.get("supervisor", f"/tickets/{number}/files/{file_id}")
    app.config["UPLOAD_DIR"] = uploads
    assert answer.status == 200
    assert rows() == [("郑督", "download")]
    assert "底单" not in visit.get("firm", f"/tickets/{number}/looks").words


def test_views_are_one_row_for_five_minutes_and_an_address(town: Town, number: str) -> None:
    ticket_id = db.session.scalars(select(Ticket.id)).one()
    five = timedelta(minutes=5)
    for at, address in ((MONDAY, "a"), (MONDAY, "a"), (MONDAY, "b"), (MONDAY + five, "a")):
        with transaction():
            looked(town.supervisor, [ticket_id], Look("view", address), at)
    assert len(rows()) == 3


@pytest.fixture
def no_accesses(owner: Engine) -> Iterator[None]:
    """The table of looks is away, as a database is that has just gone."""
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE ticket_access RENAME TO gone"))
    yield
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO ticket_access"))


def test_a_look_that_cannot_be_noted_is_told_to_the_log(
    visit: Visitor, number: str, no_accesses: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert visit.get("supervisor", f"/tickets/{number}").status == 200
    assert "a look was not noted" in caplog.text


@pytest.mark.parametrize("change", ["UPDATE {} SET user_name = 'x'", "DELETE FROM {}"])
def test_looks_are_written_once(town: Town, number: str, change: str) -> None:
    ticket_id = db.session.scalars(select(Ticket.id)).one()
    with transaction():
        looked(town.supervisor, [ticket_id], Look("print"), MONDAY)
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.session.execute(text(change.format("ticket_access")))
    db.session.rollback()
