"""Similar tickets on the pages: the firm's own while it types, the others' for staff."""

import re

from bs4 import Tag
from flask import Flask

from portal.db import transaction, utcnow
from portal.outbox import relay
from portal.problems.service import suggesting
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.service.test_problems_gathered import firms
from tests.service.test_problems_similar import AGAIN, BOTH, SMOKE, say

DRAFT = {
    "title": AGAIN[0],
    "urgency": "normal",
    "description": AGAIN[1],
    "contact_name": "王经理",
    "contact_phone": "13800001111",
}
OFFER = "要不要改为跟进它"


def test_a_firm_is_offered_to_follow_its_own_similar_ticket(visit: Visitor, town: Town) -> None:
    own, other = say(town, SMOKE), say(town, SMOKE, town.other)
    number = own.ticket.number
    page = visit.get("firm", f"/tickets/new/write?category={town.categories['用工社保']}")
    box = page.soup.select_one("#own-similar")
    assert box is not None
    token = page.form("write?category=" + str(town.categories["用工社保"]))
    fields = {"csrf_token": token.select_one("[name=csrf_token]")["value"]}  # type: ignore
    piece = visit.post("firm", str(box["hx-post"]), fields | DRAFT)
    assert piece.status == 200
    assert number in piece.text
    assert other.ticket.number not in piece.text
    assert piece.soup.select_one("mark") is not None
    assert OFFER not in visit.post("firm", str(box["hx-post"]), fields | {"title": ""}).text
    # Without script the last step says the same, and going on is one press away.
    assert page.submit(f"category={town.categories['用工社保']}", **DRAFT).status == 303
    check = visit.get("firm", "/tickets/new/check")
    assert OFFER in check.words
    follow = check.soup.select_one(f"a[href='/tickets/{number}/comment']")
    assert follow is not None
    assert visit.get("firm", str(follow["href"])).status == 200
    assert check.submit("/check").status == 303  # lessons.md 34: a duplicate is never dropped


def test_a_dispatcher_sees_similar_ones_and_links_in_two_steps(visit: Visitor, town: Town) -> None:
    one, other = say(town, SMOKE), say(town, AGAIN, town.other)
    mine, theirs = one.ticket.number, other.ticket.number
    page = visit.get("dispatcher", f"/tickets/{mine}/similar")
    assert theirs in page.words
    assert page.soup.select("mark")
    button = page.soup.select_one(f"a[href='/tickets/{mine}/link?other={theirs}']")
    assert button is not None
    form = visit.get("dispatcher", str(button["href"]))
    assert form.submit("", text="同一家饭店").status == 303
    assert theirs in visit.get("dispatcher", f"/tickets/{mine}").words
    assert theirs not in visit.get("firm", f"/tickets/{mine}").words  # lessons.md 33
    form = visit.get("dispatcher", f"/tickets/{theirs}/unlink?other={mine}")
    assert form.submit("", other_number=mine, text="不是一家").status == 303
    refused = visit.get("dispatcher", f"/tickets/{mine}/unlink")
    assert "没有与其他诉求关联" in refused.words


def test_similar_ones_are_for_those_who_may_see_them(visit: Visitor, town: Town) -> None:
    """lessons.md 33: a cadre looks among what they may see; a firm has no such page."""
    number = say(town, SMOKE, category="融资").ticket.number
    say(town, AGAIN, town.other)
    who = next(
        name for name in ("cadre", "cadre2") if visit.get(name, f"/tickets/{number}").status == 200
    )
    page = visit.get(who, f"/tickets/{number}/similar")
    assert page.status == 200
    assert AGAIN[0] not in page.words
    assert visit.get("firm", f"/tickets/{number}/similar").status == 403
    assert visit.get("labour", f"/tickets/{number}/similar").status == 404


def test_a_dispatcher_splits_and_the_firm_sees_both(visit: Visitor, town: Town) -> None:
    number = say(town, ("油烟和路灯", BOTH)).ticket.number
    form = visit.get("dispatcher", f"/tickets/{number}/split")
    assert BOTH.splitlines()[1] in form.words
    category = str(town.categories["基础设施配套"])
    wrong = form.submit("", title="路灯不亮", category_id=category, part="都修好了。", text="分开")
    assert wrong.status == 422
    assert "不能改写" in wrong.words
    part = BOTH.splitlines()[1]
    done = wrong.submit("", title="北门没有路灯", category_id=category, part=part, text="分开")
    assert done.status == 303
    page = visit.get("firm", f"/tickets/{number}")
    link = page.soup.select_one(".similar a")
    assert link is not None
    assert "北门没有路灯" in link.text
    assert visit.get("firm", str(link["href"])).status == 200
    assert visit.get("other", str(link["href"])).status == 404


def test_merging_is_offered_inside_one_firm_only(visit: Visitor, town: Town, app: Flask) -> None:
    one, own, other = say(town, SMOKE), say(town, AGAIN), say(town, AGAIN, town.other)
    numbers = [play.ticket.number for play in (one, own, other)]
    page = visit.get("dispatcher", f"/tickets/{numbers[0]}/similar")
    merges = [str(a["href"]) for a in page.soup.select("a[href*='/merge']")]
    assert merges == [f"/tickets/{numbers[0]}/merge?into={numbers[1]}"]
    form = visit.get("dispatcher", merges[0])
    assert form.submit("", text="同一件事").status == 303
    assert one.status == "closed"
    assert utcnow() > one.now


def test_a_common_problem_from_a_suggestion_to_its_answer(visit: Visitor, town: Town) -> None:
    more = firms(town, 2)
    plays = [say(town, SMOKE, who, "融资") for who in (town.firm, *more)]
    with transaction():
        suggesting.suggest(MONDAY)
    page = visit.get("dispatcher", "/problems/suggestions")
    new = page.soup.select_one("a[href^='/problems/new']")
    assert new is not None
    form = visit.get("dispatcher", str(new["href"]))
    boxes = [str(box["value"]) for box in form.soup.select("[name=ticket]")]
    assert set(boxes) == {str(play.ticket_id) for play in plays}
    words = {"description": "同一家饭店。", "owner_id": str(town.cadre.id)}
    assert form.submit("", name="", ticket=boxes, **words).status == 422
    made = form.submit("", name="饭店油烟直排", ticket=boxes[:2], **words)
    address = made.location
    assert "已有 2 家企业反映" in visit.get("dispatcher", address).words
    for part in ("open", "accepted", "solved"):
        assert visit.get("supervisor", f"{address}?part={part}").status == 200
    add = visit.get("dispatcher", f"{address}/members")
    assert add.submit("", ticket=boxes[2:]).status == 303
    assert add.submit("", ticket=[]).status == 422
    assert visit.get("labour", address).status == 404  # lessons.md 33
    known_and_told(visit, address)
    assert visit.get("firm", address).status == 403
    assert "由其他承办人办理" in visit.get("cadre", address).words
    answer = visit.get("cadre", f"{address}/answer")
    assert answer.submit("", text="").status == 422
    assert answer.submit("", text="饭店已停业整改。", resolve_as="reply").status == 303
    relay.drain()
    assert "已送达 3 件" in visit.get("cadre", address).words
    assert "饭店已停业整改。" in visit.get("firm", f"/tickets/{plays[0].ticket.number}").words
    change = visit.get("dispatcher", f"{address}/change")
    assert change.submit("", name="饭店油烟").status == 303
    assert change.submit("", name="又改").status == 409
    assert visit.get("dispatcher", address).submit("/close").status == 303
    assert visit.get("dispatcher", address).submit("/reopen").status == 303
    assert "饭店油烟" in visit.get("cadre", "/problems").words
    leave_and_join(visit, plays[0].ticket.number)


def known_and_told(visit: Visitor, address: str) -> None:
    """Who handles a member knows of it; who answers for it was told, and is led there."""
    assert "饭店油烟直排" in visit.get("cadre2", "/problems").words
    assert not visit.get("cadre2", address).soup.select("a[href$='/answer']")
    relay.drain()
    told = visit.get("cadre", "/inbox").soup.find("a", string=re.compile("饭店油烟直排”作统一答复"))
    assert isinstance(told, Tag)
    assert visit.get("cadre", str(told["href"])).location == address


def leave_and_join(visit: Visitor, number: str) -> None:
    leave = visit.get("dispatcher", f"/tickets/{number}/leave_problem")
    assert leave.submit("", text="不是同一家").status == 303
    join = visit.get("dispatcher", f"/tickets/{number}/join_problem")
    choice = join.soup.select("[name=problem_id] option")[-1]
    assert join.submit("", problem_id=str(choice["value"])).status == 303


def test_a_group_that_is_no_problem_is_dismissed(visit: Visitor, town: Town) -> None:
    for who in (town.firm, *firms(town, 2)):
        say(town, SMOKE, who)
    with transaction():
        suggesting.suggest(MONDAY)
    page = visit.get("supervisor", "/problems/suggestions")
    assert page.submit("/dismiss").status == 303
    assert "现在没有可能的共性问题" in visit.get("supervisor", "/problems/suggestions").words
