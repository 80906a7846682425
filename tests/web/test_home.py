"""The landing page, the inbox, the query page, the settings and the health page."""

from datetime import timedelta

import pytest
from rq import Worker
from sqlalchemy import Engine, func, select, text

from portal.db import transaction, utcnow
from portal.extensions import db, rq
from portal.notify.models import Notice
from portal.outbox import relay
from portal.queue import TIMER_LOCK
from portal.sla import calendar_alarm
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import handle, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import Town
from tests.pages import Visitor
from tests.service.stages import local


@pytest.fixture
def ticket(town: Town) -> Ticket:
    """A ticket that is with the cadre."""
    now = utcnow()
    wording = Wording(
        title="流动资金不足",
        category_id=town.categories["融资"],
        urgency=Urgency.NORMAL,
        description="贷款到期后银行不再续贷，急需过桥资金。",
        contact_name="王经理",
        contact_phone="13800001111",
    )
    with transaction():
        ticket_id = submit.submit(town.firm, wording, now).id
    relay.drain(lambda: now)
    return db.session.get_one(Ticket, ticket_id)


def add_notices(user_id: int, ticket: Ticket, count: int) -> None:
    """Notices that are one minute apart."""
    now = utcnow()
    with transaction():
        for number in range(count):
            db.session.add(
                Notice(
                    user_id=user_id,
                    ticket_id=ticket.id,
                    kind="urged",
                    params={},
                    key=f"test:{user_id}:{number}",
                    created_at=now + timedelta(minutes=number),
                )
            )


def test_a_stranger_sees_the_landing_page(visit: Visitor) -> None:
    page = visit.get(None, "/")
    assert page.status == 200
    assert page.title == "企业有难处，这里有人办"


@pytest.mark.parametrize(
    ("who", "place"),
    [("firm", "/tickets"), ("cadre", "/desk"), ("admin", "/admin/users")],
)
def test_the_start_page_leads_to_the_first_place(visit: Visitor, who: str, place: str) -> None:
    page = visit.get(who, "/")
    assert (page.status, page.location) == (303, place)


@pytest.mark.parametrize(
    ("who", "address", "place", "word"),
    [
        ("firm", "/tickets", "我的诉求", "page"),
        ("firm", "/tickets/new/write?category={category}", "提交诉求", "true"),
        ("cadre", "/visits/calendar", "包联企业", "true"),
        ("cadre", "/problems", "共性问题", "page"),
        ("reviewer", "/problems", "共性问题", "page"),
        ("reviewer", "/leave/new", "请假和交接", "true"),
        ("dispatcher", "/problems/suggestions", "共性问题", "true"),
        ("dispatcher", "/rules/returns", "派单规则", "true"),
        ("admin", "/admin/pairings", "企业与包联", "true"),
        ("admin", "/admin/sheets/enterprises", "承办单位", "true"),
        ("admin", "/admin/policy", "日历与时限", "true"),
        ("supervisor", "/figures", "指标", "true"),
        ("admin", "/inbox", None, None),
    ],
)
def test_the_place_is_marked_that_a_page_is_of(
    visit: Visitor, town: Town, who: str, address: str, place: str | None, word: str | None
) -> None:
    page = visit.get(who, address.format(category=town.categories["融资"]))
    marked = page.soup.select(".places a[aria-current]")
    assert [(one.get_text(strip=True), one["aria-current"]) for one in marked] == (
        [(place, word)] if place else []
    )


def test_a_notice_opens_its_ticket_and_is_read(visit: Visitor, town: Town, ticket: Ticket) -> None:
    page = visit.get("cadre", "/inbox")
    assert "请签收新派来的诉求“流动资金不足”。" in page.words
    link = page.soup.select_one(".notices a")
    assert link is not None
    opened = visit.get("cadre", str(link["href"]))
    assert (opened.status, opened.location) == (303, f"/tickets/{ticket.number}")
    assert not visit.get("cadre", "/inbox").soup.select(".notices .unread")


def test_nobody_opens_the_notice_of_another(visit: Visitor, ticket: Ticket) -> None:
    notice_id = db.session.scalar(select(func.max(Notice.id)))
    assert visit.get("labour", f"/inbox/{notice_id}").status == 404


def test_the_inbox_turns_its_pages_by_key(visit: Visitor, town: Town, ticket: Ticket) -> None:
    user_id = town.labour.id
    assert user_id is not None
    add_notices(user_id, ticket, 60)
    seen: list[str] = []
    address: str | None = "/inbox"
    pages = 0
    while address:
        page = visit.get("labour", address)
        pages += 1
        seen += [str(link["href"]) for link in page.soup.select(".notices a")]
        forward = page.soup.select_one("a[rel=next]")
        address = str(forward["href"]) if forward else None
    assert (pages, len(seen), len(set(seen))) == (3, 60, 60)


def test_all_notices_are_read_at_once(visit: Visitor, ticket: Ticket) -> None:
    answer = visit.get("cadre", "/inbox").submit("/inbox/read")
    assert (answer.status, answer.location) == (303, "/inbox")
    assert not visit.get("cadre", "/inbox").soup.select(".notices .unread")


def test_progress_by_number_and_code_shows_nothing_personal(
    visit: Visitor, town: Town, ticket: Ticket
) -> None:
    ask = Ask(town.cadre, ticket.id, utcnow())
    with transaction():
        handle.sign(ask)
        handle.record_contact(ask, "phone", "已电话了解情况")
        handle.resolve(ask, Outcome.SOLVED, "已协调银行续贷。", "行长已签批")
    code = ticket.query_code.lower()
    page = visit.get(None, "/query").submit(number=f" {ticket.number.lower()} ", query_code=code)
    assert page.status == 200
    assert ticket.number in page.words
    assert "市金融局已提交办理结果，正在审核。" in page.words
    assert "签收" in page.words
    secrets = ("流动资金", "王经理", "13800001111", "李明", "鲁西", "续贷", "签批", "电话了解")
    assert [word for word in secrets if word in page.text] == []


def test_a_wrong_code_and_an_unknown_number_get_the_same_answer(
    visit: Visitor, ticket: Ticket
) -> None:
    form = visit.get(None, "/query")
    wrong = form.submit(number=ticket.number, query_code="AAAAAAAA")
    unknown = form.submit(number="SQ20200101-000001", query_code=ticket.query_code)
    sentence = "编号或查询码不正确，请对照提交成功页面上的内容核对。"
    for page in (wrong, unknown):
        assert page.status == 422
        assert sentence in page.words


def test_odd_characters_in_a_query_are_only_wrong(visit: Visitor) -> None:
    page = visit.get(None, "/query").submit(number="SQ\x00' OR 1=1", query_code="码\x00")
    assert page.status == 422


def test_guessing_codes_is_slowed_down(limited: Visitor, ticket: Ticket) -> None:
    form = limited.get(None, "/query")
    answers = [
        form.submit(number=ticket.number, query_code=f"AAAAAA{n:02}").status for n in range(11)
    ]
    assert answers == [422] * 10 + [429]


def test_larger_type_and_english_are_kept_in_cookies(visit: Visitor) -> None:
    page = visit.get(None, "/query")
    answer = page.submit("/query", number="", query_code="")
    token = page.soup.select_one("input[name=csrf_token]")
    assert token is not None and answer.status == 422
    sent = {"csrf_token": str(token["value"]), "care": "1", "next": "/query"}
    answer = visit.post(None, "/care", sent)
    assert (answer.status, answer.location) == (303, "/query")
    sent |= {"language": "en", "next": "//elsewhere.example/"}
    answer = visit.post(None, "/language", sent)
    assert (answer.status, answer.location) == (303, "/")
    html = visit.get(None, "/query").soup.find("html")
    assert html is not None
    assert html["class"] == ["care"] or html["class"] == "care"
    assert html["lang"] == "en"


def test_health_says_that_no_worker_and_no_timer_run(visit: Visitor) -> None:
    response = visit.get(None, "/health").response
    assert response.status_code == 503
    assert response.get_json() == {
        "web": "ok",
        "database": "ok",
        "queue": "away",
        "timer": "away",
    }


def test_health_is_well_with_a_worker_and_the_timer(visit: Visitor, owner: Engine) -> None:
    worker = Worker([rq.queue], connection=rq.queue.connection)
    worker.register_birth()
    try:
        with owner.connect() as lock:
            lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": TIMER_LOCK})
            response = visit.get(None, "/health").response
    finally:
        worker.register_death()
    assert response.status_code == 200
    assert set(response.get_json().values()) == {"ok"}


def test_a_notice_about_the_calendar_leads_to_where_its_reader_sees_it(
    visit: Visitor, town: Town
) -> None:
    assert calendar_alarm.ring(local("2026-11-23 09:00"))
    relay.drain(lambda: local("2026-11-23 09:00"))
    for who, place in (("admin", "/admin/calendar"), ("supervisor", "/overdue")):
        [link] = visit.get(who, "/inbox").soup.select(".notices .text a")
        assert "工作日历只确认到 2026 年底" in link.get_text()
        opened = visit.get(who, str(link["href"]))
        assert (opened.status, opened.location) == (303, place)
        assert visit.get(who, place).status == 200


def test_each_chip_of_the_firm_has_its_count(visit: Visitor, town: Town, ticket: Ticket) -> None:
    chips = [
        chip.get_text(" ", strip=True)
        for chip in visit.get("firm", "/tickets").soup.select(".chips a")
    ]
    assert chips == ["全部 1", "需要我处理 0", "办理中 1", "已办结 0"]
