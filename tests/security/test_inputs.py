"""What a browser never sends and an attacker does: each is refused in words, never a 500."""

from contextvars import Context
from io import BytesIO

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.tickets.file_models import Attachment
from portal.tickets.models import Ticket, TicketEvent
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.web.filing import PDF, file_ticket, status_of

HUGE = "9" * 20  # more than a column of ids holds
LISTS = {
    "firm": "/tickets",
    "cadre": "/desk",
    "reviewer": "/review",
    "dispatcher": "/returns",
    "supervisor": "/overdue",
    "admin": "/admin/users",
}
PLACES = (
    "after=-~²",
    "after=-~٣",
    "before=2026-01-01T00:00:00%2B00:00~²",
    "after=2026-01-01~3",
    f"after=-~{HUGE}",
    "before=%00~%00",
    "after=0001-01-01T00:00:00%2B14:00~1",
    "before=9999-12-31T23:59:59-14:00~1",
    "view=%00&light=x&status=%00&role=%00&q=%00",
)


@pytest.mark.parametrize("who", LISTS)
def test_a_place_in_a_list_that_makes_no_sense_is_the_first_page(visit: Visitor, who: str) -> None:
    for place in PLACES:
        assert visit.get(who, f"{LISTS[who]}?{place}").status == 200, place


@pytest.mark.parametrize("name", ["department", "category"])
@pytest.mark.parametrize("value", ["abc", "%00", "-1", "１"])
def test_a_filter_that_makes_no_sense_filters_nothing_or_everything(
    visit: Visitor, name: str, value: str
) -> None:
    assert visit.get("supervisor", f"/overdue?{name}={value}").status == 200


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("supervisor", f"/overdue?department={HUGE}"),
        ("supervisor", f"/overdue?category={HUGE}"),
        ("firm", f"/tickets/new/write?category={HUGE}"),
        ("firm", f"/inbox/{HUGE}"),
        ("firm", "/tickets/%00"),
        ("firm", "/tickets/SQ20260302-000001%00/receipt"),
        ("admin", f"/admin/users/{HUGE}"),
        ("admin", f"/admin/departments/{HUGE}"),
        ("admin", f"/admin/categories/{HUGE}"),
    ],
)
def test_what_no_column_can_hold_does_not_exist(visit: Visitor, who: str, address: str) -> None:
    assert _status(visit, who, address) == 404
    assert visit.get(who, "/inbox").status == 200  # the connection goes on


@pytest.mark.parametrize("name", ["endpoint", "_method", "_scheme", "_external", "_anchor"])
def test_an_argument_of_the_address_is_none_of_the_program(visit: Visitor, name: str) -> None:
    page = visit.get("supervisor", f"/figures?{name}=http://evil.example&department=0")
    assert page.status == 200
    assert not [link for link in page.soup.select("a[href]") if "http" in str(link["href"])]


@pytest.mark.parametrize(
    "period", ["from=0001-01-01", "to=9999-12-31", "month=0000-00", "from=%00"]
)
def test_a_day_out_of_all_reason_is_refused(visit: Visitor, period: str) -> None:
    assert _status(visit, "supervisor", f"/figures?{period}") == 422


def _status(visit: Visitor, who: str, address: str) -> int:
    """Without a look at the HTML, which repeats the address with whatever is in it."""
    return Context().run(visit.client(who).get, address).status_code


def _comment(visit: Visitor, number: str, **values: object) -> Page:
    address = f"/tickets/{number}/comment"
    return visit.get("firm", address).submit(address, **values)


def test_text_is_kept_without_what_is_no_text(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    text = "一\x00二\x08\r\n　三👨‍👩‍👧{{7*7}}<b>\u202e'; --"
    assert _comment(visit, number, text=text).status == 303
    said = db.session.scalar(select(TicketEvent.payload).where(TicketEvent.action == "comment"))
    assert said is not None
    assert said["text"] == "一二\n　三👨‍👩‍👧{{7*7}}<b>'; --"
    page = visit.get("cadre", f"/tickets/{number}")
    page = page if page.status == 200 else visit.get("cadre2", f"/tickets/{number}")
    assert "{{7*7}}<b>" in page.words  # as text, neither run nor marked up


@pytest.mark.parametrize("text", ["\x00", " \r\n\t　", "\u202e", "字" * 4001])
def test_no_text_and_too_much_text_are_refused_in_words(
    visit: Visitor, town: Town, text: str
) -> None:
    assert _comment(visit, file_ticket(visit, town), text=text).status == 422


def test_four_thousand_characters_on_many_lines_are_not_too_many(
    visit: Visitor, town: Town
) -> None:
    text = "\r\n".join(["九" * 9] * 400)  # a browser counts 3,999 and sends 4,398
    assert _comment(visit, file_ticket(visit, town), text=text).status == 303


@pytest.mark.parametrize("version", ["²", "-1", HUGE, "\x00", "１"])
def test_a_hidden_version_that_is_none_is_not_believed(
    visit: Visitor, town: Town, version: str
) -> None:
    assert _comment(visit, file_ticket(visit, town), text="补充", version=version).status == 303


def test_a_hidden_key_that_nothing_can_hold_is_a_bad_request(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    assert _comment(visit, number, text="补充", key="a\x00b").status == 400
    assert _comment(visit, number, text="补充").status == 303


def test_a_draft_with_a_nul_in_each_field_is_kept_without(visit: Visitor, town: Town) -> None:
    address = f"/tickets/new/write?category={town.categories['融资']}"
    answer = visit.get("firm", address).submit(
        address,
        title="贷款\x00到期无法续贷",
        description="贷款三月到期，\x00银行不再续贷，影响备料。",
        contact_name="王\x00经理",
        contact_phone="138\x0000001111",
    )
    assert answer.location == "/tickets/new/check"
    assert "贷款到期无法续贷" in visit.get("firm", answer.location).words


def test_more_fields_than_the_form_has_change_nothing(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    before = db.session.scalars(select(Ticket)).one()
    kept = {name: getattr(before, name) for name in ("enterprise_id", "status", "assignee_id")}
    more = {"status": "closed", "enterprise_id": town.other_enterprise_id, "assignee_id": 1}
    answer = _comment(visit, number, text="补充", outcome="solved", rating="5", **more)
    assert answer.status == 303
    assert status_of(number) == kept["status"]
    after = db.session.scalars(select(Ticket)).one()
    assert {name: getattr(after, name) for name in kept} == kept
    assert after.rating is None


def test_a_stranger_cannot_register_as_staff_or_into_another_firm(
    visit: Visitor, town: Town
) -> None:
    page = visit.get(None, "/register").submit("/register", role="admin", enterprise_id="1")
    assert page.status == 422


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/合同.pdf", "合同.pdf"),
        ("C:/用户/合同.pdf", "合同.pdf"),
        ("合\u202e同\x00\x1bX-Evil: 1.pdf", "合同X-Evil: 1.pdf"),
        ("很" * 300 + ".pdf", "很" * 96 + ".pdf"),
        ("a%22;b=%0D%0Ac.pdf", 'a";b=%0D%0Ac.pdf'),
    ],
)
def test_a_file_is_kept_under_a_plain_name(
    visit: Visitor, town: Town, name: str, kept: str
) -> None:
    number = file_ticket(visit, town)
    assert _comment(visit, number, text="附上", files=(BytesIO(PDF), name)).status == 303
    attachment = db.session.scalars(select(Attachment)).one()
    assert attachment.name == kept
    answer = visit.get("firm", f"/tickets/{number}/files/{attachment.id}").response
    assert answer.status_code == 200 and answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "X-Evil" not in answer.headers
    assert visit.get("other", f"/tickets/{number}/files/{attachment.id}").status == 404


def test_a_text_under_the_name_of_a_file_is_none(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    assert _comment(visit, number, text="附上", files="合同.pdf").status == 303
    assert db.session.scalars(select(Attachment)).all() == []


@pytest.mark.parametrize(
    "upload", [(b"", "空.pdf"), (b"MZ" + PDF, "假.pdf"), (PDF, "脚本.html"), (PDF, "x.pdf.exe")]
)
def test_a_file_that_is_none_is_refused(
    visit: Visitor, town: Town, upload: tuple[bytes, str]
) -> None:
    number = file_ticket(visit, town)
    content, name = upload
    assert _comment(visit, number, text="附上", files=(BytesIO(content), name)).status == 422
    assert db.session.scalars(select(Attachment)).all() == []


def test_the_limit_of_a_file_is_exact_and_eleven_are_too_many(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    most = visit.app.config["MAX_FILE_BYTES"]
    whole = PDF + bytes(most - len(PDF))
    assert _comment(visit, number, text="大", files=(BytesIO(whole), "大.pdf")).status == 303
    over = (BytesIO(whole + b"x"), "太大.pdf")
    assert _comment(visit, number, text="大", files=over).status == 422
    eleven = [(BytesIO(PDF), f"{n}.pdf") for n in range(11)]
    assert _comment(visit, number, text="多", files=eleven).status == 422
    assert len(db.session.scalars(select(Attachment)).all()) == 1
