"""Contacts are masked for who does not handle the ticket; shown for a reason, which is noted."""

from sqlalchemy import select

from portal.audit.models import TicketAccess
from portal.auth.models import User
from portal.directory.models import DirectoryChange
from portal.extensions import db
from portal.tickets.models import TicketEvent
from tests.factories import Town
from tests.pages import Visitor
from tests.web.filing import file_ticket
from tests.web.test_exports import rows_of, take

PHONE, MASKED = "13800001111", "138****1111"


def test_who_handles_a_ticket_sees_its_contact_and_nobody_else(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    page = f"/tickets/{number}"
    seen = {who: visit.get(who, page).words for who in ("firm", "cadre")}
    assert all(PHONE in words for words in seen.values())
    for who in ("reviewer", "dispatcher", "supervisor", "leader"):
        words = visit.get(who, page).words
        assert PHONE not in words and MASKED in words, who
        assert "显示联系方式" in words
    for who in ("cadre2", "admin", "auditor", "security", "other"):
        assert visit.get(who, f"{page}/contact").status in (403, 404)
    assert visit.get("cadre", f"{page}/contact").status == 404  # nothing is hidden from them


def test_showing_it_takes_a_reason_which_is_noted(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    ask = visit.get("supervisor", f"/tickets/{number}/contact")
    assert PHONE not in ask.text
    refused = ask.submit("/contact", reason="other", text="")
    assert refused.status == 422 and PHONE not in refused.text
    look = select(TicketAccess).where(TicketAccess.what == "reveal")
    assert db.session.scalars(look).all() == []
    shown = ask.submit("/contact", reason="other", text="协调会前联系")
    assert PHONE in shown.words and shown.response.headers["Cache-Control"] == "no-store"
    noted = db.session.scalars(look).one()
    assert (noted.user_id, noted.reason) == (town.supervisor.id, "其他工作需要：协调会前联系")
    assert PHONE not in visit.get("supervisor", f"/tickets/{number}").text


def test_files_follow_the_same_rule_row_by_row(visit: Visitor, town: Town) -> None:
    number = file_ticket(visit, town)
    file_ticket(visit, town, "其他")  # that one waits for the dispatcher
    phones = {row[0]: row[10] for row in rows_of(take(visit, "dispatcher", "search"))[1:]}
    assert phones.pop(number) == MASKED and list(phones.values()) == [PHONE]
    assert rows_of(take(visit, "cadre", "search"))[1][10] == PHONE


def test_the_log_of_the_directory_and_of_events_keeps_no_firms_people(
    visit: Visitor, town: Town
) -> None:
    number = file_ticket(visit, town)
    address = f"/admin/enterprises/{town.enterprise_id}/contacts/new"
    assert (
        visit.get("admin", address).submit("/new", name="钱会计", phone="13800003333").status == 303
    )
    edit = visit.get("firm", "/enterprise/edit")
    assert edit.submit("/edit", contact_name="赵厂长", contact_phone="13800004444").status == 303
    kept = db.session.execute(select(DirectoryChange.old, DirectoryChange.new)).all()
    said = str(kept)
    assert "138****3333" in said and "138****4444" in said and "赵**" in said
    for word in ("13800003333", "13800004444", "13800001111", "钱会计", "赵厂长", "王经理"):
        assert word not in said
    event = select(TicketEvent).where(TicketEvent.actor_id == town.firm.id)
    assert {one.actor_name for one in db.session.scalars(event)} == {"王**"}
    assert "王经理" in visit.get("cadre", f"/tickets/{number}").words
    page = visit.get("admin", f"/admin/enterprises/{town.enterprise_id}").words
    assert "13800003333" not in page and "138****3333" in page
    users = visit.get("admin", "/admin/users?q=13900002222").words
    assert "139****2222" in users and "13900002222" not in users and "李明" in users


def test_an_administrator_changes_a_row_without_its_number_and_sees_it_for_a_purpose(
    visit: Visitor, town: Town
) -> None:
    address = f"/admin/users/{town.cadre.id}"
    page = visit.get("admin", address)
    assert "13900002222" not in page.text and "139****2222" in page.text
    assert page.submit(address, name="李明明").status == 303  # the mask comes back
    db.session.rollback()
    assert db.session.get_one(User, town.cadre.id).phone == "13900002222"
    refused = page.submit(address, phone="139****2223")
    assert refused.status == 422 and "11 位手机号" in refused.words
    firm = f"/admin/enterprises/{town.enterprise_id}"
    edit = visit.get("admin", f"{firm}/edit")
    assert "13800001111" not in edit.text and edit.submit("/edit", industry="轴承").status == 303
    ask = visit.get("admin", f"{firm}/show")
    assert ask.submit("/show").status == 422 and "13800001111" not in ask.text
    shown = ask.submit("/show", purpose="核对注册信息")
    assert "13800001111" in shown.words and shown.response.headers["Cache-Control"] == "no-store"
    history = visit.get("admin", firm).words
    assert "查看完整号码： 核对注册信息" in history and "13800001111" not in history
    assert "13900002222" in visit.get("admin", f"{address}/show").submit("/show", purpose="x").words
