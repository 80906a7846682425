"""The link and the page by which a firm says whether a filed ticket is its own."""

from sqlalchemy import update

from portal.db import transaction, utcnow
from portal.visits.models import VouchLink
from tests.factories import Town
from tests.pages import Visitor
from tests.visiting import HEARD, pair
from tests.web.visiting import addresses, filed, tickets


def test_the_firm_answers_by_link_without_an_account(visit: Visitor, town: Town) -> None:
    pair(town)
    address, second = addresses(filed(visit, town))[:2]
    page = visit.get(None, address)
    assert HEARD[0].text in page.words
    assert "李明" in page.words
    assert page.submit(address).status == 422  # no answer chosen
    answer = page.submit(address, answer="true")
    assert answer.title == "答复已登记"
    assert tickets()[0].query_code in answer.words
    assert page.submit(address, answer="not_ours").title == "答复已登记"
    assert [one.vouch_pending for one in tickets()] == [False, True]
    assert tickets()[0].status != "closed"
    words = visit.get(None, second).submit(second, answer="not_ours", text="没有这事。")
    assert "已经撤回" in words.words
    assert (tickets()[1].status, tickets()[1].outcome) == ("closed", "withdrawn")
    assert HEARD[0].text not in visit.get(None, address).words  # used: no text any more


def test_the_link_is_the_firms_alone_and_ends(visit: Visitor, town: Town) -> None:
    pair(town)
    address = addresses(filed(visit, town))[0]
    for who in ("cadre", "other", "supervisor"):
        assert visit.get(who, address).status == 404
    assert visit.get("firm", address).status == 200
    wrong = visit.get(None, address[:-2])
    with transaction() as session:
        session.execute(update(VouchLink).values(expires_at=utcnow()))
    ended = visit.get(None, address)
    assert (ended.status, wrong.status) == (404, 404)
    assert ended.words == wrong.words


def test_another_link_ends_the_first(visit: Visitor, town: Town) -> None:
    pair(town)
    page = filed(visit, town)
    old = addresses(page)[0]
    number = tickets()[0].number
    back = visit.get("cadre", page.response.request.path.removesuffix("/links"))
    renewed = back.submit(f"/links/{number}")
    [new] = set(addresses(visit.get("cadre", renewed.location)))
    assert (visit.get(None, old).status, visit.get(None, new).status) == (404, 200)


def test_tokens_are_not_guessed_by_trying(limited: Visitor, town: Town) -> None:
    statuses = [limited.get(None, f"/vouch/guess-{n}").status for n in range(31)]
    assert statuses == [404] * 30 + [429]


def test_the_firm_answers_with_its_account(visit: Visitor, town: Town) -> None:
    pair(town)
    filed(visit, town)
    number = tickets()[0].number
    page = visit.get("firm", f"/tickets/{number}/vouch")
    assert HEARD[0].text in page.words
    new = "贷款四月到期，共五百万元，请协调续贷。"
    assert page.submit("/vouch", answer="corrected", description=new).status == 303
    assert (tickets()[0].description, tickets()[0].applicant_id) == (new, town.firm.id)
    shown = visit.get("firm", f"/tickets/{number}").words
    assert HEARD[0].text in shown
    assert new in shown
    assert visit.get("firm", f"/tickets/{number}/vouch").status == 409
