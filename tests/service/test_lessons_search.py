"""lessons.md 30, 32, 33, 34: Chinese terms are found, by whom may see them, at a fixed cost."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from portal.auth.roles import Actor
from portal.db import transaction
from portal.extensions import db
from portal.paging import cursor_from
from portal.search.queries import At, Bounds, Found, Search, find
from portal.search.terms import SHORTEST, normalise, parse
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket
from portal.tickets.queries import Filter
from portal.tickets.service import handle, submit
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, signed

LETTERS = st.text(alphabet="资金链不足税Ａb1，㎡ ", min_size=2, max_size=12)


def filed(town: Town, title: str, description: str = "请帮助解决。", who: str = "firm") -> Ticket:
    """One ticket of a firm with these words, committed."""
    wording = Wording(
        title, town.categories["融资"], Urgency.NORMAL, description, "王经理", "13800001111"
    )
    with transaction():
        return submit.submit(town.people[who], wording, MONDAY)


def look(
    actor: Actor,
    query: str,
    at: At | None = None,
    *,
    relevant: bool = False,
    bounds: Bounds = Bounds(),  # noqa: B008 – frozen
) -> Found:
    """The search of a query with no filters; neighbours' addresses as query strings."""
    search = Search(parse(query).terms, Filter(), relevant)
    return find(actor, search, MONDAY, at, lambda **p: urlencode(p), bounds)


def titles(actor: Actor, query: str, *, relevant: bool = False) -> list[str]:
    """What is found, by its titles."""
    return [ticket.title for ticket in look(actor, query, relevant=relevant).page.items]


@pytest.mark.parametrize(
    "query",
    [
        "续贷",
        "银行不",
        "过桥资金",
        "流动 过桥",
        "鲁西轴承",
        "“贷款到期 后”",
        "000001",
        "ＳＱ2026",
        "9100000",
    ],
)
def test_32_terms_of_two_and_more_characters_are_found(town: Town, query: str) -> None:
    filed(town, "流动资金不足", "贷款到期 后银行不再续贷，急需过桥资金。")
    assert titles(town.dispatcher, query) == ["流动资金不足"]


@pytest.mark.parametrize("query", ["续资", "资金链", "流动 税费", "13800001111", "王经理"])
def test_32_what_is_not_there_is_not_found(town: Town, query: str) -> None:
    filed(town, "流动资金不足", "银行不再续贷，急需过桥资金链外。链条")
    assert titles(town.dispatcher, query) == ([] if query != "资金链" else ["流动资金不足"])


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.lists(LETTERS, min_size=1, max_size=4), term=LETTERS)
def test_32_search_finds_exactly_what_a_substring_is(
    town: Town, texts: list[str], term: str
) -> None:
    asked = normalise(term)
    if len(asked) < SHORTEST:
        return
    made = [filed_within(town, text) for text in texts]
    search = Search((asked,), Filter())
    found = find(town.dispatcher, search, MONDAY, None, lambda **_: "").page.items
    expected = [one for one, text in zip(made, texts, strict=True) if asked in normalise(text)]
    shown = {ticket.id for ticket in found}
    db.session.rollback()  # the next example starts from nothing
    assert shown == set(expected)


def filed_within(town: Town, text: str) -> int:
    """One ticket with the text as its description, not committed."""
    words = Wording("无题", town.categories["融资"], Urgency.NORMAL, text, "–", "–")
    return submit.submit(town.firm, words, MONDAY).id


def test_32_a_firm_finds_its_own_and_never_what_is_internal(town: Town) -> None:
    filed(town, "另一家的续贷", who="other")
    play = signed(town)
    play.do(handle.note, play.who, "内部研判情况").do(handle.reply, play.who, "已约见行长")
    play.resolve()
    assert titles(town.firm, "续贷") == ["流动资金不足"]
    assert titles(town.firm, "约见行长") == ["流动资金不足"]
    assert titles(town.firm, "内部研判") == titles(town.firm, "研判") == []
    assert titles(town.firm, "协调银行") == titles(town.firm, "行长已签批") == []
    assert titles(play.who, "内部研判") == titles(play.who, "协调银行") == ["流动资金不足"]
    play.approve()
    assert titles(town.firm, "协调银行") == ["流动资金不足"]


def test_33_one_predicate_decides_what_a_search_shows(town: Town) -> None:
    play = assigned(town)
    holder = play.ticket.assignee_id
    for name, actor in town.people.items():
        sees = name in ("firm", "reviewer", "dispatcher", "supervisor", "leader")
        sees = sees or actor.id == holder
        found = look(actor, "续贷")
        assert (found.total == 1) == sees, name
        assert bool(found.page.items) == sees, name


def test_34_two_tickets_with_the_same_words_are_both_found(town: Town) -> None:
    for _ in range(2):
        filed(town, "同一件事")
    assert look(town.firm, "同一件事").total == 2


def test_the_most_relevant_come_first(town: Town) -> None:
    by_reply = Play(town, filed(town, "丙").id, MONDAY).relay()
    by_reply.sign().do(handle.reply, by_reply.who, "关于欠薪")
    filed(town, "甲说欠薪")
    filed(town, "乙", "涉及欠薪问题")
    filed(town, "丁", "与此无关的事")
    assert titles(town.dispatcher, "欠薪", relevant=True) == ["甲说欠薪", "乙", "丙"]
    assert titles(town.dispatcher, "欠薪") == ["乙", "甲说欠薪", "丙"]


def place(address: str) -> At:
    """The place that a neighbour's address names."""
    args = dict(parse_qsl(address))
    cursor = cursor_from(args)
    assert cursor is not None and isinstance(cursor.key, datetime)
    return At(int(args.get("tier", 0)), cursor.key, cursor.id, cursor.backwards)


def _of_the_unit(town: Town, relevant: bool, bounds: Bounds) -> list[int]:
    """The ids that the reviewer of the unit that has them all finds, page after page."""
    with transaction() as session:
        session.execute(update(Ticket).values(department_id=town.reviewer.department_id))
    found, ids = look(town.reviewer, "欠薪", relevant=relevant, bounds=bounds), list[int]()
    while True:
        ids += [ticket.id for ticket in found.page.items]
        if not found.page.next_url:
            return ids
        at = place(found.page.next_url)
        found = look(town.reviewer, "欠薪", at, relevant=relevant, bounds=bounds)


@pytest.mark.parametrize("relevant", [False, True])
@pytest.mark.parametrize("bounds", [Bounds(), Bounds(5, 40), Bounds(5, 1000)])
def test_30_pages_meet_without_gap_or_double_both_ways(
    town: Town, relevant: bool, bounds: Bounds
) -> None:
    with transaction():
        for number in range(80):
            title = f"欠薪 {number}" if number % 3 == 0 else f"第 {number} 件"
            text = "一般情况" if number % 3 == 1 else "涉及欠薪"
            words = Wording(title, town.categories["融资"], Urgency.NORMAL, text, "–", "–")
            submit.submit(town.firm, words, MONDAY)
    found = look(town.dispatcher, "欠薪", relevant=relevant, bounds=bounds)
    pages = [found]
    while found.page.next_url:
        found = look(
            town.dispatcher, "欠薪", place(found.page.next_url), relevant=relevant, bounds=bounds
        )
        pages.append(found)
    forwards = [ticket.id for one in pages for ticket in one.page.items]
    assert len(forwards) == len(set(forwards)) == 53
    assert _of_the_unit(town, relevant, bounds) == forwards
    backwards = list(found.page.items)
    while found.page.prev_url:
        found = look(
            town.dispatcher, "欠薪", place(found.page.prev_url), relevant=relevant, bounds=bounds
        )
        backwards = [*found.page.items, *backwards]
    assert [ticket.id for ticket in backwards] == forwards
    if relevant:
        in_title = ["欠薪" in ticket.title for one in pages for ticket in one.page.items]
        assert in_title == sorted(in_title, reverse=True)
