"""Acts on many tickets: said beforehand, done once, each ticket alone, and only by whom may."""

from typing import Any

import pytest
from bs4 import Tag
from sqlalchemy import func, select

from portal.db import transaction
from portal.extensions import db
from portal.search.models import Bulk
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.order_models import Order
from portal.tickets.service import handle, triage
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.pages import Page, Visitor, form_values
from tests.plays import HOUR, Play


@pytest.fixture
def play(town: Town) -> Play:
    return Play(town)


def number(ticket_id: int) -> str:
    return stored(ticket_id).number


def stored(ticket_id: int) -> Ticket:
    db.session.rollback()
    return db.session.get_one(Ticket, ticket_id, populate_existing=True)


def confirm(visit: Visitor, who: str, action: str, *ids: int) -> Page:
    query = "".join(f"&ticket={number(one)}" for one in ids)
    return visit.get(who, f"/search/act?action={action}{query}")


def send(visit: Visitor, who: str, page: Page, **values: Any) -> Page:
    """Sends the confirmation as a browser would, with all the tickets it names."""
    form: Tag = page.form("/search/act")
    data = form_values(form) | values
    data["seen"] = [str(field["value"]) for field in form.select("[name=seen]")]
    return visit.post(who, "/search/act", data)


def test_the_list_offers_what_the_role_may_do(visit: Visitor, play: Play) -> None:
    play.file()
    for who, words in (
        ("dispatcher", ["派单", "改派"]),
        ("supervisor", ["督办", "改派"]),
        ("reviewer", ["改派"]),
    ):
        page = visit.get(who, "/search")
        assert [b.get_text() for b in page.soup.select(".bulk-bar button")] == words
        assert len(page.soup.select("[name=ticket]")) == 1
        ticked = visit.get(who, "/search?ticked=1")
        assert len(ticked.soup.select("[name=ticket][checked]")) == 1
    assert not visit.get("firm", "/search").soup.select("[name=ticket]")


def test_dispatch_of_many_says_what_will_happen_and_does_it_once(
    visit: Visitor, town: Town, play: Play
) -> None:
    loose = [play.file(MONDAY, "税费"), play.file(MONDAY, "税费")]
    closed = play.done(MONDAY)
    page = confirm(visit, "dispatcher", "dispatch", *loose, closed)
    assert page.title == "派单：2 件"
    assert "不能派单的 1 件，不受影响" in page.words
    unit = town.departments["labour"]
    first = send(visit, "dispatcher", page, department_id=unit, cadre_id=0, text="归口办理")
    again = send(visit, "dispatcher", page, department_id=unit, cadre_id=0, text="归口办理")
    assert first.status == again.status == 303 and first.location == again.location
    for one in loose:
        assert stored(one).department_id == unit
        query = db.select(db.func.count()).where(
            TicketEvent.ticket_id == one, TicketEvent.action == "dispatch"
        )
        assert db.session.scalar(query) == 1
    assert db.session.scalar(db.select(db.func.count(Bulk.id))) == 1
    done = visit.get("dispatcher", first.location)
    assert "已办 2 件，未办 0 件。" in done.words


def test_what_changed_meanwhile_is_refused_and_the_rest_is_done(
    visit: Visitor, town: Town, play: Play
) -> None:
    changed, same = play.file(), play.file()
    page = confirm(visit, "supervisor", "reassign", changed, same)
    with transaction():
        handle.sign(play.as_cadre(changed, MONDAY + HOUR))
    answer = send(visit, "supervisor", page, cadre_id=town.labour.id, text="统筹安排")
    done = visit.get("supervisor", answer.location)
    assert "已办 1 件，未办 1 件。" in done.words
    assert "您打开页面之后，诉求有了变化" in done.words
    assert stored(same).assignee_id == town.labour.id
    assert stored(changed).assignee_id != town.labour.id


def test_orders_for_many(visit: Visitor, town: Town, play: Play) -> None:
    two = [play.file(), play.file()]
    page = confirm(visit, "supervisor", "supervise", *two)
    assert send(visit, "supervisor", page, text="请说明进展。").status == 303
    assert all(stored(one).order_pending for one in two)
    page = confirm(visit, "supervisor", "supervise", *two)
    assert "上一张督办单尚未回复。" in page.words
    assert not page.soup.select("main form[method=post]")


def test_a_reviewer_reassigns_inside_the_own_unit(visit: Visitor, town: Town, play: Play) -> None:
    own = play.file()
    holder = stored(own).assignee_id
    other = town.cadre2.id if holder == town.cadre.id else town.cadre.id
    page = confirm(visit, "reviewer", "reassign", own)
    assert "周敏" not in page.words
    outside = send(visit, "reviewer", page, cadre_id=town.labour.id, text="换人")
    assert outside.status == 422 and stored(own).assignee_id == holder
    assert send(visit, "reviewer", page, cadre_id=other, text="换人").status == 303
    assert stored(own).assignee_id == other


def test_nobody_acts_on_what_they_cannot_see(visit: Visitor, town: Town, play: Play) -> None:
    loose = play.file(MONDAY, "税费")
    page = confirm(visit, "reviewer", "reassign", loose)
    assert page.title == "改派：0 件" and number(loose) not in page.words
    for who, action in (("reviewer", "dispatch"), ("dispatcher", "supervise"), ("firm", "x")):
        status = visit.get(who, f"/search/act?action={action}").status
        assert status == (403 if who == "firm" else 404)


def test_the_result_is_the_persons_own(visit: Visitor, town: Town, play: Play) -> None:
    page = confirm(visit, "supervisor", "supervise", play.file())
    answer = send(visit, "supervisor", page, text="请说明进展。")
    assert visit.get("leader", answer.location).status == 404


def test_a_form_without_words_comes_back(visit: Visitor, town: Town, play: Play) -> None:
    page = confirm(visit, "supervisor", "supervise", play.file())
    answer = send(visit, "supervisor", page, text="")
    assert answer.status == 422 and answer.title == "督办：1 件"
    assert send(visit, "supervisor", answer, text="请说明进展。").status == 303


def test_orders_go_to_a_whole_list_once_and_are_followed_on_their_page(
    visit: Visitor, town: Town, play: Play
) -> None:
    """More than a page of a list: the overdue, the tickets behind a figure, and a search."""
    ids = [play.file() for _ in range(28)]
    with transaction():
        triage.supervise(Ask(town.supervisor, ids[0], MONDAY), "先办这一件。")
    lists = [
        str(link["href"])
        for address in ("/overdue", "/figures/close_rate/rest?month=2026-03", "/search?category=1")
        if (link := visit.get("supervisor", address).soup.select_one("a[href*='/orders/new']"))
    ]
    assert len(lists) == 3
    for address in lists:
        page = visit.get("supervisor", address)
        assert len(page.soup.select("[name=seen]")) == 27
        assert "不能督办的 1 件" in page.words
    assert send(visit, "supervisor", page, text="限期说明。", days="31").status == 422
    first = send(visit, "supervisor", page, text="限期说明。", days="5")
    assert first.status == 303
    assert send(visit, "supervisor", page, text="限期说明。", days="5").location == first.location
    assert "已办 27 件" in visit.get("supervisor", first.location).words
    assert db.session.scalar(select(func.count()).select_from(Order)) == 28
    assert (
        "限期说明。"
        in visit.get("cadre", f"/tickets/{number(ids[-1])}").words
        + visit.get("cadre2", f"/tickets/{number(ids[-1])}").words
    )
    with transaction():
        handle.answer_order(play.as_cadre(ids[0], MONDAY + HOUR), "已约银行面谈。")
    orders = visit.get("leader", "/supervision/orders")
    assert len(orders.soup.select("tbody tr")) == 25
    older = orders.soup.select_one("a[rel=next]")
    assert older is not None
    assert len(visit.get("leader", str(older["href"])).soup.select("tbody tr")) == 2
    replied = visit.get("leader", "/supervision/orders?view=replied").words
    assert "已约银行面谈。" in replied and "郑督" in replied
    assert visit.get("leader", "/supervision/orders?view=overdue").soup.select("tbody tr") == []
    assert visit.get("cadre", "/supervision/orders").status == 403
    assert visit.get("supervisor", "/supervision/orders/new?of=nothing").status == 404
