"""The rulebook's pages: sentences, the editor of a draft, its effect, and what a return teaches."""

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.directory.models import Department
from portal.extensions import db
from portal.routing import queries, rulebook
from portal.routing.models import Rulebook
from portal.tickets.models import Ticket
from portal.tickets.service import assign, handle, submit
from portal.tickets.service.move import Ask
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.service.stages import wording


def new_draft(visit: Visitor, who: str = "admin") -> int:
    """A draft made by the button; its id."""
    made = visit.get(who, "/rules").submit("/rules/drafts")
    assert made.status == 303
    return int(made.location.rsplit("/", 1)[1])


def add(visit: Visitor, draft: int, town: Town, unit: str, who: str = "admin", **when: str) -> Page:
    page = visit.get(who, f"/rules/{draft}/add")
    return page.submit("/add", department_id=str(town.departments[unit]), **when)


def enact(visit: Visitor, draft: int, who: str = "admin", note: str = "按分工调整") -> Page:
    return visit.get(who, f"/rules/{draft}/enact").submit("/enact", note=note)


def in_hand(town: Town) -> Ticket:
    """A ticket that the rule for 融资 sent to the finance bureau."""
    with transaction():
        ticket = submit.submit(town.firm, wording(town), utcnow())
        assign.route(ticket.id, utcnow())
    return ticket


def test_rules_are_sentences_the_most_specific_first(visit: Visitor, town: Town) -> None:
    draft, finance = new_draft(visit), str(town.categories["融资"])
    added = add(visit, draft, town, "labour", category_id=finance, region_id=str(town.region_id))
    assert added.status == 303
    page = visit.get("admin", f"/rules/{draft}")
    assert "类别“融资” 且 县市区“东昌府区”" in page.words
    assert "新增：类别“融资” 且 县市区“东昌府区” → 市人社局" in page.words
    headings = [one.get_text(strip=True) for one in page.soup.select("section h2")]
    assert headings == ["两个条件", "一个条件"]
    assert "市人社局" not in visit.get("admin", "/rules").words  # it is only a draft
    assert enact(visit, draft).status == 303
    words = visit.get("dispatcher", "/rules").words
    assert "市人社局" in words and "按分工调整" in words and "吴管 启用" in words


def test_a_tie_is_shown_with_a_ticket_and_not_put_in_force(visit: Visitor, town: Town) -> None:
    draft = new_draft(visit)
    add(visit, draft, town, "labour", region_id=str(town.region_id))
    for address in (f"/rules/{draft}", f"/rules/{draft}/enact"):
        words = visit.get("admin", address).words
        assert "第 1 条派往市金融局，第 2 条派往市人社局" in words
        assert "例如“融资、东昌府区、无产业链、一般”的诉求" in words
    page = visit.get("admin", f"/rules/{draft}/enact")
    assert not page.soup.select("main form input[name=note]")
    token = visit.get("admin", f"/rules/{draft}").form("/drop").select_one("[name=csrf_token]")
    assert token is not None
    forced = {"note": "硬来", "seen": "1", "csrf_token": str(token["value"])}
    refused = visit.post("admin", f"/rules/{draft}/enact", forced)
    assert refused.status == 422 and "草稿中还有冲突" in refused.words
    # One more condition makes it the more specific rule.
    finance = str(town.categories["融资"])
    add(visit, draft, town, "labour", category_id=finance, region_id=str(town.region_id))
    assert enact(visit, draft).status == 303


def test_a_dead_rule_and_a_unit_without_people_are_said(visit: Visitor, town: Town) -> None:
    with transaction() as session:
        session.add(Department(name="市空局"))
    empty = db.session.scalars(select(Department.id).where(Department.name == "市空局")).one()
    draft, finance = new_draft(visit), str(town.categories["融资"])
    for urgency in ("normal", "urgent", "critical"):
        add(visit, draft, town, "labour", category_id=finance, urgency=urgency)
    page = visit.get("admin", f"/rules/{draft}/add")
    page.submit("/add", department_id=str(empty), category_id=str(town.categories["税费"]))
    words = visit.get("admin", f"/rules/{draft}").words
    assert "第 1 条永远用不上：它的情形都由更具体的第 2 条、第 3 条、第 4 条决定。" in words
    assert "第 5 条派往市空局，那里没有在用的承办人" in words
    assert "“其他”没有规则，全部转派单员。" in words
    assert enact(visit, draft).status == 303  # warnings stop nobody


def test_the_effect_is_replayed_before_it_is_put_in_force(visit: Visitor, town: Town) -> None:
    for _ in range(3):
        in_hand(town)
    draft = new_draft(visit)
    [rule] = queries.rules_of(draft)
    db.session.rollback()
    change = visit.get("admin", f"/rules/{draft}/rules/{rule.id}")
    assert change.submit(department_id=str(town.departments["labour"])).status == 303
    page = visit.get("admin", f"/rules/{draft}/enact")
    assert "最近 90 天的 3 件诉求重派一遍：3 件会改派，0 件没有规则可循" in page.words
    assert "市金融局 → 市人社局：3 件" in page.words
    assert "改派：类别“融资”，由市金融局改为市人社局" in page.words
    assert page.submit("/enact", note="").status == 422
    [remaining] = [one.department_id for one in queries.active_rules()]
    assert remaining == town.departments["finance"]  # looking has changed nothing


def test_an_edit_on_an_old_page_shows_what_changed_and_keeps_what_was_typed(
    visit: Visitor, town: Town
) -> None:
    draft = new_draft(visit)
    old = visit.get("admin", f"/rules/{draft}/add")
    theirs = {"category_id": str(town.categories["税费"])}
    assert add(visit, draft, town, "finance", who="dispatcher", **theirs).status == 303
    mine = {
        "department_id": str(town.departments["labour"]),
        "category_id": str(town.categories["用工社保"]),
    }
    answer = old.submit("/add", **mine)
    assert answer.status == 409
    assert "刘派：新增：类别“税费” → 市金融局" in answer.words
    assert answer.submit("/add").status == 303  # sent again, now that it was seen
    assert len(queries.rules_of(draft)) == 3


def test_removing_or_enacting_from_an_old_page_does_nothing(visit: Visitor, town: Town) -> None:
    draft = new_draft(visit)
    add(visit, draft, town, "labour", category_id=str(town.categories["用工社保"]))
    version, effect = (visit.get("admin", f"/rules/{draft}{end}") for end in ("", "/enact"))
    [rule] = [one for one in queries.rules_of(draft) if one.number == 1]
    assert version.submit(f"/rules/{rule.id}/remove").status == 303
    for page, action in ((version, f"/rules/{rule.id}/remove"), (effect, "/enact")):
        answer = page.submit(action, **({"note": "旧页面"} if action == "/enact" else {}))
        assert answer.status == 409
        assert "删除：类别“融资” → 市金融局" in answer.words
    db.session.rollback()
    assert db.session.get_one(Rulebook, draft).state == "draft"


def test_a_draft_behind_the_version_in_force_is_carried_over(visit: Visitor, town: Town) -> None:
    mine, theirs = new_draft(visit), new_draft(visit)
    add(visit, mine, town, "labour", category_id=str(town.categories["用工社保"]))
    add(visit, theirs, town, "finance", category_id=str(town.categories["税费"]))
    effect = visit.get("admin", f"/rules/{mine}/enact")
    enact(visit, theirs)
    refused = effect.submit("/enact", note="晚了一步")
    assert refused.status == 409
    page = visit.get("admin", f"/rules/{mine}")
    assert "第 3 版已经启用" in page.words
    assert page.submit("/carry").status == 303
    assert enact(visit, mine).status == 303
    assert len(queries.active_rules()) == 3


def test_a_dispatcher_proposes_and_leaves_it_to_the_administrator(
    visit: Visitor, town: Town
) -> None:
    draft = new_draft(visit, "dispatcher")
    add(visit, draft, town, "labour", "dispatcher", category_id=str(town.categories["用工社保"]))
    page = visit.get("dispatcher", f"/rules/{draft}/enact")
    assert "这份草稿要由系统管理员启用" in page.words
    assert visit.get("admin", "/rules").words.count("刘派") == 1
    assert visit.get("admin", f"/rules/{draft}").submit("/drop").status == 303
    assert visit.get("dispatcher", f"/rules/{draft}").status == 404


def test_a_granted_return_corrects_the_rule_that_caused_it(visit: Visitor, town: Town) -> None:
    ticket, now = in_hand(town), utcnow()
    holder = next(one for one in town.people.values() if one.id == ticket.assignee_id)
    number = ticket.number
    with transaction():
        handle.ask_return(Ask(holder, ticket.id, now), "not_ours", "应由人社局办理")
    page = visit.get("dispatcher", f"/tickets/{number}/return")
    assert "按第 1 条规则“类别“融资” → 市金融局”派出" in page.words
    answer = page.submit(
        "/return", text="同意", unit_id=str(town.departments["labour"]), by_region="y"
    )
    assert answer.status == 303 and answer.location.endswith("/enact")
    effect = visit.get("dispatcher", answer.location)
    assert "1 件会改派" in effect.words
    assert f"{number} 退单后修正" in str(effect.soup.select_one("input[name=note]"))
    assert effect.soup.select(f"main a[href='/tickets/{number}']")  # it has to be dispatched anew
    assert effect.submit("/enact").location == f"/tickets/{number}"
    rules = {one.conditions: one.department_id for one in queries.active_rules()}
    conditions = (town.categories["融资"], town.region_id, None, None)
    assert rules[conditions] == town.departments["labour"]
    listed = visit.get("dispatcher", "/rules/returns")
    assert "1 / 1" in listed.words and "=" not in listed.words.split("退单率", 3)[3]
    assert number in visit.get("dispatcher", "/rules/returns/1").words
    assert visit.get("supervisor", "/rules/returns/1?all=1").words.count(number) == 1


def test_a_return_without_a_wish_or_without_a_rule_goes_back_to_the_ticket(
    visit: Visitor, town: Town
) -> None:
    ruled, by_hand = in_hand(town), in_hand(town)
    numbers = [ruled.number, by_hand.number]
    with transaction():
        for ticket in (ruled, by_hand):
            holder = next(one for one in town.people.values() if one.id == ticket.assignee_id)
            if ticket is by_hand:
                again = Ask(town.dispatcher, ticket.id, utcnow())
                assign.reassign(again, town.labour.id or 0, "换人")
                holder = town.labour
            handle.ask_return(Ask(holder, ticket.id, utcnow()), "not_ours", "不归我们管")
    pages = [visit.get("dispatcher", f"/tickets/{number}/return") for number in numbers]
    assert [bool(page.soup.select("select[name=unit_id]")) for page in pages] == [True, False]
    for page, number in zip(pages, numbers, strict=True):
        assert page.submit("/return", text="同意").location == f"/tickets/{number}"
    assert queries.drafts() == []


def test_old_addresses_of_a_version_in_force_lead_to_its_page(visit: Visitor, town: Town) -> None:
    force = queries.in_force()
    assert force is not None
    for end in ("add", "enact"):
        answer = visit.get("admin", f"/rules/{force.id}/{end}")
        assert (answer.status, answer.location) == (303, f"/rules/{force.id}")
    assert visit.get("admin", "/rules/99").status == 404
    assert visit.get("admin", f"/rules/{force.id}/rules/99").status == 404
    assert rulebook.examined(force.id).sound
