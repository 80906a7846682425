"""The main job through the pages: a firm files, the cadre handles, the firm confirms."""

import io

from sqlalchemy import select

from portal.db import utcnow
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.models import Ticket
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import PDF, file_ticket, status_of, write_words


def test_the_main_job_through_the_pages(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    receipt = visit.get("firm", f"/tickets/{number}/receipt")
    assert number in receipt.words
    assert receipt.title == "诉求已提交"
    page = visit.get("firm", f"/tickets/{number}")
    assert "市金融局 李明" in page.words
    queue = visit.get("cadre", "/desk")
    assert number in queue.words
    assert "鲁西轴承有限公司" in queue.words
    visit.get("cadre", f"/tickets/{number}").submit(f"/{number}/sign")
    contact = visit.get("cadre", f"/tickets/{number}/record_contact")
    assert contact.submit(method="phone", text="已联系王经理").status == 303
    resolve = visit.get("cadre", f"/tickets/{number}/resolve")
    assert resolve.submit(outcome="solved", text="银行已续贷", internal="内部情况").status == 303
    assert status_of(number) == "in_review"
    assert "银行已续贷" not in visit.get("firm", f"/tickets/{number}").words
    assert number in visit.get("reviewer", "/review").words
    assert visit.get("reviewer", f"/tickets/{number}/approve").submit().status == 303
    firm_page = visit.get("firm", f"/tickets/{number}")
    assert "银行已续贷" in firm_page.words
    assert "内部情况" not in firm_page.words
    assert visit.get("firm", f"/tickets/{number}/confirm").submit(rating="5").status == 303
    assert status_of(number) == "closed"
    assert "已办结" in visit.get("firm", f"/tickets/{number}").words


def test_every_field_says_what_is_missing_and_keeps_what_was_typed(
    visit: Visitor, town: Town
) -> None:
    address = f"/tickets/new/write?category={town.categories['融资']}"
    page = visit.get("firm", address).submit(
        address, title="", description="贷款三月到期，银行不再续贷。", contact_phone="123"
    )
    assert page.status == 422
    assert "请用一句话写明问题" in page.words
    assert "请填写 11 位手机号" in page.words
    assert "银行不再续贷" in str(page.soup.select_one("#description"))
    # What was typed is a draft already.
    assert "银行不再续贷" in db.session.scalars(select(Draft)).one().fields["description"]


def test_submitting_twice_makes_one_ticket(visit: Visitor, town: Town) -> None:
    write_words(visit, town)
    check = visit.get("firm", "/tickets/new/check")
    first, second = check.submit("/tickets/new/check"), check.submit("/tickets/new/check")
    assert first.status == second.status == 303
    assert first.location == second.location
    assert len(db.session.scalars(select(Ticket)).all()) == 1


def test_attachments_follow_the_draft_into_the_ticket(visit: Visitor, town: Town) -> None:
    address = f"/tickets/new/write?category={town.categories['融资']}"
    page = visit.get("firm", address)
    page.submit(
        address,
        title="贷款到期无法续贷",
        description="贷款三月到期，银行不再续贷，影响备料。",
        files=[(io.BytesIO(PDF), "合同.pdf"), (io.BytesIO(PDF), "../../etc/passwd.pdf")],
    )
    assert "合同.pdf" in visit.get("firm", "/tickets/new/check").words
    visit.get("firm", "/tickets/new/check").submit("/tickets/new/check")
    relay.drain(utcnow)
    ticket = db.session.scalars(select(Ticket)).one()
    names = db.session.scalars(select(Attachment.name).order_by(Attachment.id)).all()
    assert names == ["合同.pdf", "passwd.pdf"]
    link = f"/tickets/{ticket.number}/files/1"
    answer = visit.get("cadre", link).response
    assert answer.status_code == 200
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert visit.get("other", link).status == 404


def test_a_disguised_file_is_refused_by_its_content(visit: Visitor, town: Town) -> None:
    address = f"/tickets/new/write?category={town.categories['融资']}"
    page = visit.get("firm", address).submit(
        address,
        title="贷款到期无法续贷",
        description="贷款三月到期，银行不再续贷，影响备料。",
        files=[(io.BytesIO(b"<script>alert(1)</script>"), "合同.pdf")],
    )
    assert page.status == 422
    assert "“合同.pdf”的内容与文件类型不符" in page.words
    assert db.session.scalars(select(Attachment)).all() == []


def test_the_second_of_two_tabs_gets_a_page_that_says_what_changed(
    visit: Visitor, town: Town
) -> None:
    number = file_ticket(visit, town)
    visit.get("cadre", f"/tickets/{number}").submit(f"/{number}/sign")
    first = visit.get("cadre", f"/tickets/{number}/resolve")
    second = visit.get("cadre", f"/tickets/{number}/ask_info")
    assert first.submit(outcome="solved", text="银行已续贷").status == 303
    answer = second.submit(text="请补充合同")
    assert answer.status == 409
    assert "办结 · 已解决" in answer.words
    assert "请补充合同" in str(answer.soup)
    assert status_of(number) == "in_review"


def test_a_double_click_on_an_action_is_harmless(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    page = visit.get("cadre", f"/tickets/{number}/reply")
    assert page.submit(text="正在协调银行").status == 303
    assert page.submit(text="正在协调银行").status == 303
    assert visit.get("firm", f"/tickets/{number}").words.count("正在协调银行") == 1


def test_other_firms_and_other_cadres_find_nothing(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    for who in ("other", "cadre2", "labour"):
        assert visit.get(who, f"/tickets/{number}").status == 404
        assert number not in visit.get(who, "/tickets" if who == "other" else "/desk").words
    assert visit.get("admin", f"/tickets/{number}").status == 403


def test_an_unknown_number_is_a_404_page_in_chinese(visit: Visitor) -> None:
    page = visit.get("firm", "/tickets/SQ20260101-999999")
    assert page.status == 404
    assert "没有找到" in page.words
