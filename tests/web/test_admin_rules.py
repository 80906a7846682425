"""The administrator and dispatch rules, dead messages, and what no page of theirs shows."""

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.outbox.models import Message
from portal.routing.models import DispatchRule
from portal.tickets.lifecycle import Urgency
from portal.tickets.service import submit
from portal.tickets.service.submit import Wording
from tests.factories import Town
from tests.pages import Page, Visitor


def press(visit: Visitor, address: str, action: str) -> Page:
    """Presses a button on a page."""
    return visit.get("admin", address).submit(action)


def rule(visit: Visitor, town: Town, department: str, **conditions: str) -> Page:
    return visit.get("admin", "/admin/rules/new").submit(
        department_id=str(town.departments[department]), **conditions
    )


def test_a_rule_is_listed_in_words(visit: Visitor, town: Town) -> None:
    made = rule(visit, town, "labour", region_id=str(town.region_id), urgency="urgent")
    assert made.status == 303
    words = visit.get("admin", "/admin/rules").words
    assert "类别“融资”" in words
    assert "县市区“东昌府区”、紧急诉求" in words


def test_the_same_conditions_twice_are_refused(visit: Visitor, town: Town) -> None:
    page = rule(visit, town, "finance", category_id=str(town.categories["融资"]))
    assert page.status == 422
    assert "已有一条条件完全相同的规则，请先停用那一条。" in page.words
    assert len(db.session.scalars(select(DispatchRule.id)).all()) == 1


def test_a_tie_is_refused_before_it_is_saved(visit: Visitor, town: Town) -> None:
    page = rule(visit, town, "labour", region_id=str(town.region_id))
    assert page.status == 422
    assert "与第 1 条规则冲突：两条同样具体，却派往不同单位。" in page.words
    # One more condition makes it the more specific rule.
    settled = rule(
        visit,
        town,
        "labour",
        region_id=str(town.region_id),
        category_id=str(town.categories["融资"]),
    )
    assert settled.status == 303
    assert rule(visit, town, "labour", region_id=str(town.region_id)).status == 303


def test_taking_out_the_deciding_rule_says_what_ties(visit: Visitor, town: Town) -> None:
    finance, region = str(town.categories["融资"]), str(town.region_id)
    rule(visit, town, "labour", region_id=region, category_id=finance)
    rule(visit, town, "labour", region_id=region)
    deciding = db.session.scalar(select(DispatchRule.id).order_by(DispatchRule.id).offset(1))
    assert press(visit, f"/admin/rules/{deciding}/deactivate", "/deactivate").status == 303
    words = visit.get("admin", "/admin/rules").words
    assert "停用后，第 1 条与第 3 条规则冲突，请修正。" in words
    assert "第 1 条与第 3 条规则冲突：同样具体，却派往不同单位。" in words


def test_dead_messages_are_shown_without_their_content_and_revived(
    visit: Visitor, town: Town
) -> None:
    with transaction():
        db.session.add(
            Message(
                kind="notify",
                payload={"text": "机密内容"},
                state="dead",
                attempts=8,
                last_error="DataError: 机密内容",
            )
        )
    page = visit.get("admin", "/admin/queue")
    assert "DataError" in page.words
    assert "机密内容" not in page.text
    assert page.submit("/revive").status == 303
    db.session.expire_all()
    message = db.session.scalar(select(Message))
    assert message is not None and (message.state, message.attempts) == ("pending", 0)
    assert "没有失败的消息" in visit.get("admin", "/admin/queue").words


def test_no_page_of_the_administrator_shows_a_ticket(visit: Visitor, town: Town) -> None:
    wording = Wording(
        title="流动资金不足",
        category_id=town.categories["融资"],
        urgency=Urgency.NORMAL,
        description="银行不再续贷。",
        contact_name="联系人甲",
        contact_phone="13700007777",
    )
    with transaction():
        submit.submit(town.firm, wording, utcnow())
    pages = (
        "users",
        "departments",
        "regions",
        "chains",
        "categories",
        "pairings",
        "rules",
        "queue",
    )
    for name in (*pages, f"users/{town.cadre.id}", f"users/{town.firm.id}"):
        page = visit.get("admin", f"/admin/{name}")
        assert page.status == 200, name
        assert not any(
            word in page.text for word in ("流动资金不足", "续贷", "联系人甲", "13700007777")
        )


def test_what_does_not_exist_is_not_found(visit: Visitor) -> None:
    for name in ("users/999", "regions/999", "categories/999", "pairings/999/end"):
        assert visit.get("admin", f"/admin/{name}").status == 404
