"""The administrator and dead messages, and what no page of theirs shows."""

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.outbox.models import Message
from portal.tickets.lifecycle import Urgency
from portal.tickets.service import submit
from portal.tickets.service.submit import Wording
from tests.factories import Town
from tests.pages import Visitor


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
        "queue",
    )
    people = (f"/admin/users/{town.cadre.id}", f"/admin/users/{town.firm.id}")
    for name in (*(f"/admin/{one}" for one in pages), *people, "/rules", "/rules/returns"):
        page = visit.get("admin", name)
        assert page.status == 200, name
        assert not any(
            word in page.text for word in ("流动资金不足", "续贷", "联系人甲", "13700007777")
        )


def test_what_does_not_exist_is_not_found(visit: Visitor) -> None:
    for name in ("users/999", "regions/999", "categories/999", "pairings/999/end"):
        assert visit.get("admin", f"/admin/{name}").status == 404
