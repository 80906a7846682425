"""The search page: what is found and marked, filters in the address, views that a person keeps."""

import pytest

from portal.db import transaction
from portal.extensions import db
from portal.tickets.models import Ticket
from portal.tickets.service import handle
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor
from tests.plays import HOUR, Play

HEADER = 'form[role=search][action="/search"]'


@pytest.fixture
def play(town: Town) -> Play:
    """Three tickets: one with the finance unit, one in triage, one closed."""
    play = Play(town)
    play.done(MONDAY, title="续贷已经解决")
    play.file(MONDAY + HOUR, category="税费", title="留抵退税 <b>未到账</b>")
    play.file(MONDAY + 2 * HOUR, title="担保费率偏高")
    return play


def found(visit: Visitor, who: str, query: str) -> list[str]:
    page = visit.get(who, f"/search?{query}")
    assert page.status == 200, page.words
    return [link.get_text() for link in page.soup.select(".queue .title a")]


def test_every_ticket_is_there_the_newest_first(visit: Visitor, play: Play) -> None:
    everything = ["担保费率偏高", "留抵退税 <b>未到账</b>", "续贷已经解决"]
    assert found(visit, "dispatcher", "") == everything
    assert found(visit, "firm", "") == everything
    assert found(visit, "other", "") == []


def test_hits_are_marked_and_what_was_typed_is_no_html(visit: Visitor, play: Play) -> None:
    page = visit.get("dispatcher", "/search?q=<b>未 退税")
    marks = {mark.get_text() for mark in page.soup.select("mark")}
    assert marks == {"<b>未", "退税"}
    assert "<b>" not in page.text
    page = visit.get("dispatcher", "/search?q=过桥资金")
    assert [m.get_text() for m in page.soup.select(".excerpt mark")] == ["过桥资金"] * 3


def test_a_reply_is_found_and_shown(visit: Visitor, town: Town, play: Play) -> None:
    ticket = play.file(MONDAY + 3 * HOUR, title="新的一件")
    play.contact(ticket, MONDAY + 4 * HOUR)
    with transaction():
        handle.reply(play.as_cadre(ticket, MONDAY + 5 * HOUR), "已约见行长，三天内答复。")
    page = visit.get("firm", "/search?q=约见行长")
    assert [m.get_text() for m in page.soup.select(".excerpt mark")] == ["约见行长"]


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("status=closed", ["续贷已经解决"]),
        ("status=open&category={税费}", ["留抵退税 <b>未到账</b>"]),
        ("department={finance}", ["担保费率偏高", "续贷已经解决"]),
        ("from=2026-03-02&to=2026-03-02&q=担保", ["担保费率偏高"]),
        ("from=2026-03-03", []),
        ("rounds=2", []),
        ("urgency=normal&channel=web&q=续贷 解决", ["续贷已经解决"]),
    ],
)
def test_filters_narrow(
    visit: Visitor, town: Town, play: Play, query: str, titles: list[str]
) -> None:
    address = query.format(**town.categories, **town.departments)
    assert found(visit, "supervisor", address) == titles


def test_a_filter_of_a_parent_holds_for_its_children(
    visit: Visitor, town: Town, play: Play
) -> None:
    db.session.execute(
        db.text("UPDATE department SET parent_id = :top WHERE id = :below"),
        {"top": town.departments["labour"], "below": town.departments["finance"]},
    )
    db.session.commit()
    department = town.departments["labour"]
    assert len(found(visit, "supervisor", f"department={department}")) == 2


def test_a_parent_category_holds_for_its_kinds_even_out_of_use(
    visit: Visitor, town: Town, play: Play, seeded_categories: None
) -> None:
    parent, kind = town.categories["融资"], town.categories["税费"]
    db.session.execute(
        db.text("UPDATE category SET parent_id = :parent, active = false WHERE id = :kind"),
        {"parent": parent, "kind": kind},
    )
    db.session.commit()
    assert len(found(visit, "supervisor", f"category={parent}")) == 3
    assert len(found(visit, "firm", f"category={parent}")) == 3
    assert kind not in offered_categories(visit.get("supervisor", "/search"))
    overdue = visit.get("supervisor", f"/overdue?category={parent}").words
    assert "留抵退税" in overdue and "担保费率偏高" in overdue


def offered_categories(page: Page) -> set[int]:
    boxes = page.soup.select("#category option[value]")
    return {int(str(one["value"])) for one in boxes if one["value"]}


def test_each_chip_takes_one_filter_away(visit: Visitor, play: Play) -> None:
    page = visit.get("supervisor", "/search?q=担保&status=open&urgency=normal")
    chips = {a.get_text(" ", strip=True): str(a["href"]) for a in page.soup.select(".chips-off a")}
    assert chips["紧急程度：一般 × 去掉"] == "/search?q=%E6%8B%85%E4%BF%9D&status=open"
    assert chips["全部清除"] == "/search"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("q=税", "“税”只有一个字，请至少写两个字再搜索。"),
        ("status=nonsense", "没有这个选项，请重新选择。"),
        ("department=x", "没有这个选项，请重新选择。"),
        ("from=yesterday", "请按“2023-05-01”的样子填写日期。"),
        ("from=2026-03-02&to=2026-03-01", "结束日期不能早于开始日期。"),
        ("rounds=0", "办理轮次请填 1 到 99 的整数。"),
        ("q=" + "长" * 201, "搜索内容请控制在 200 个字以内。"),
    ],
)
def test_a_wrong_value_is_said_beside_its_field(
    visit: Visitor, play: Play, query: str, sentence: str
) -> None:
    page = visit.get("supervisor", f"/search?{query}")
    assert page.status == 422
    assert sentence in page.soup.select_one(".error-summary").get_text()  # type: ignore[union-attr]
    assert page.soup.select(".field-error")


def test_pages_follow_in_both_orders(visit: Visitor, town: Town) -> None:
    play = Play(town)
    for number in range(30):
        play.file(MONDAY, title=f"欠薪 {number}")
    for sort in ("", "&sort=relevant"):
        page = visit.get("dispatcher", f"/search?q=欠薪{sort}")
        assert "共 30 件。" in page.words
        link = page.soup.select_one("a[rel=next]")
        assert link is not None
        second = visit.get("dispatcher", str(link["href"]))
        assert len(second.soup.select(".queue tbody tr")) == 5
        back = second.soup.select_one("a[rel=prev]")
        assert back is not None
        again = visit.get("dispatcher", str(back["href"]))
        first = [a.get_text() for a in page.soup.select(".queue .title a")]
        assert [a.get_text() for a in again.soup.select(".queue .title a")] == first


def test_the_field_is_on_every_page_of_those_who_have_tickets(visit: Visitor) -> None:
    for who in ("firm", "cadre", "reviewer", "dispatcher", "supervisor"):
        assert visit.get(who, "/inbox").soup.select(f"header {HEADER}"), who
    for who in ("admin", "auditor"):
        assert not visit.get(who, "/inbox").soup.select(HEADER), who


@pytest.mark.parametrize(
    ("who", "address"),
    [
        ("dispatcher", "/all?status=closed"),
        ("supervisor", "/oversee/all?status=closed"),
        ("cadre", "/desk/done?status=closed"),
        ("reviewer", "/review/department?status=closed"),
    ],
)
def test_the_lists_of_old_lead_here(visit: Visitor, who: str, address: str) -> None:
    assert visit.get(who, address).location == "/search?status=closed"


def test_a_person_keeps_a_search_and_drops_it(visit: Visitor, play: Play) -> None:
    page = visit.get("dispatcher", "/search?q=担保&status=open")
    kept = page.submit("/search/views", name="担保的")
    assert kept.location == "/search?q=%E6%8B%85%E4%BF%9D&status=open"
    page = visit.get("dispatcher", "/search")
    chip = page.soup.select_one('nav[aria-label="我保存的筛选"] a')
    assert chip is not None and chip.get_text() == "担保的"
    assert chip["href"] == kept.location
    assert not visit.get("supervisor", "/search").soup.select('nav[aria-label="我保存的筛选"]')
    here = visit.get("dispatcher", kept.location)
    address = str(here.form("/drop")["action"])
    other = visit.get("supervisor", "/search?status=open").form("/search/views")
    token = other.select_one("[name=csrf_token]")
    assert token is not None
    assert visit.post("supervisor", address, {"csrf_token": token["value"]}).status == 404
    assert here.submit("/drop").status == 303
    assert not visit.get("dispatcher", "/search").soup.select('nav[aria-label="我保存的筛选"]')


def test_only_what_the_form_knows_is_kept(visit: Visitor, play: Play) -> None:
    page = visit.get("dispatcher", "/search?status=open&next=http://evil.example&after=1~1")
    answer = page.submit("/search/views", name="在办", next="//evil.example", status="nonsense")
    assert answer.location == "/search"
    assert "请先搜索或筛选" in visit.get("dispatcher", "/search").words


def test_a_ticket_is_reached_by_its_number(visit: Visitor, play: Play) -> None:
    number = db.session.scalar(db.select(Ticket.number).where(Ticket.title == "担保费率偏高"))
    assert found(visit, "firm", f"q={number}") == ["担保费率偏高"]
    assert found(visit, "dispatcher", "q=鲁西轴承") == found(visit, "dispatcher", "")
