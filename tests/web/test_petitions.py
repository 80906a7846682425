"""Petitions through their pages: asked, shown, ruled one by one and many in one go."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.service import extension
from portal.tickets.service.move import Ask
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.web.filing import file_ticket, status_of
from tests.web.test_actions import act, handled
from tests.web.test_costs import counted


def asked(visit: Visitor, town: Town, days: int = 3) -> str:
    """A ticket whose cadre waits for an extension."""
    number = file_ticket(visit, town)
    who = handled_by(number)
    act(visit, who, number, "sign")
    words = {"days": str(days), "reason_code": "approval", "text": "等待省厅批复"}
    act(visit, who, number, "ask_extension", **words)
    return number


def handled_by(number: str) -> str:
    db.session.rollback()
    ticket = db.session.scalars(select(Ticket).where(Ticket.number == number)).one()
    return "cadre" if ticket.assignee and ticket.assignee.name == "李明" else "cadre2"


def ids(state: str = "asked") -> list[str]:
    db.session.rollback()
    query = select(Petition.id).where(Petition.state == state).order_by(Petition.id)
    return [str(one) for one in db.session.scalars(query)]


def confirm_page(visit: Visitor, who: str, decision: str, chosen: list[str]) -> Page:
    query = "&".join(f"id={one}" for one in chosen)
    return visit.get(who, f"/petitions/rule?decision={decision}&{query}")


def send(visit: Visitor, who: str, page: Page, chosen: list[str], text: str) -> Page:
    """Sends the confirmation with all its rows, as a browser does."""
    form = page.form("/petitions/rule")
    data = {str(field["name"]): field.get("value", "") for field in form.select("input[name]")}
    return visit.post(who, "/petitions/rule", {**data, "id": chosen, "text": text})


def test_an_extension_is_asked_shown_and_granted(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    page = visit.get("cadre", f"/tickets/{number}/ask_extension")
    assert "最多还能延长 15 个工作日" in page.words
    refused = page.submit(days="99", reason_code="approval", text="等待批复")
    assert (refused.status, "请减少天数" in refused.words) == (422, True)
    assert "请填写要延长的工作日数" in page.submit(days="很多", text="等待批复").words
    act(
        *(visit, "cadre", number, "ask_extension"),
        days="3",
        reason_code="approval",
        text="等待省厅批复",
    )
    story = visit.get("supervisor", f"/tickets/{number}")
    assert "申请与裁定" in story.words
    assert "等待上级批复或审批" in story.words
    assert "3 个工作日" in story.words
    assert "申请与裁定" not in visit.get("firm", f"/tickets/{number}").words
    ruling = visit.get("supervisor", f"/tickets/{number}/grant_extension")
    assert "等待省厅批复" in ruling.words
    assert ruling.submit(text="").status == 422
    assert ruling.submit(text="情况属实").status == 303
    firm = visit.get("firm", f"/tickets/{number}").words
    assert "等待省厅批复" in firm
    assert "延长 3 个工作日" in firm
    assert "情况属实" not in firm
    assert "情况属实" in visit.get("cadre", f"/tickets/{number}").words


def test_many_are_ruled_in_one_go_and_each_says_what_became_of_it(
    visit: Visitor, town: Town
) -> None:
    numbers = [asked(visit, town) for _ in range(3)]
    inbox = visit.get("supervisor", "/petitions")
    assert all(number in inbox.words for number in numbers)
    assert "延期 3" in inbox.words
    place = inbox.soup.select_one('nav.places a[href="/petitions"] .count')
    assert place is not None
    assert place.get_text() == "3"
    assert len(inbox.soup.select("input[name=id][checked]")) == 0
    ticked = visit.get("supervisor", "/petitions?ticked=1")
    assert len(ticked.soup.select("input[name=id][checked]")) == 3
    chosen = ids()
    page = confirm_page(visit, "supervisor", "grant", chosen)
    assert page.title == "同意 3 件申请"
    empty = send(visit, "supervisor", page, chosen, "")
    assert (empty.status, "请写明裁定的理由" in empty.words) == (422, True)
    act(visit, "leader", numbers[1], "refuse_extension", text="抓紧办")
    done = send(visit, "supervisor", page, chosen, "情况属实")
    assert done.status == 200
    assert "2 件已裁定，1 件没有执行" in done.words
    assert "没有执行：" in done.words
    assert "高市长" in done.words
    assert (len(ids("granted")), len(ids("refused"))) == (2, 1)
    again = send(visit, "supervisor", page, chosen, "情况属实")
    assert "2 件已裁定，1 件没有执行" in again.words
    assert len(ids("granted")) == 2
    assert "现在没有要裁定的申请" in visit.get("supervisor", "/petitions").words


def test_nothing_ticked_or_all_decided_is_said_kindly(visit: Visitor, town: Town) -> None:
    assert "返回勾选至少一件" in visit.get("supervisor", "/petitions/rule?decision=grant").words
    number = asked(visit, town)
    act(visit, "supervisor", number, "grant_extension", text="同意")
    page = confirm_page(visit, "supervisor", "refuse", ids("granted"))
    assert "已经有了结果" in page.words
    assert "没有这一类申请" in visit.get("supervisor", "/petitions?kind=hold").words


def test_a_leader_sees_second_extensions_and_a_supervisor_does_not(
    visit: Visitor, town: Town
) -> None:
    number = asked(visit, town)
    act(visit, "supervisor", number, "grant_extension", text="同意")
    act(
        *(visit, handled_by(number), number, "ask_extension"),
        days="2",
        reason_code="survey",
        text="还要复测",
    )
    assert number not in visit.get("supervisor", "/petitions").words
    assert number in visit.get("leader", "/petitions").words
    assert visit.get("supervisor", f"/tickets/{number}/grant_extension").status == 409
    page = confirm_page(visit, "supervisor", "grant", ids())
    assert "没有勾选" in page.words


def test_an_exclusion_is_ruled_by_another_and_both_are_named(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(
        *(visit, "supervisor", number, "ask_exclusion"),
        reason_code="in_court",
        text="法院已立案",
    )
    own = visit.get("supervisor", "/petitions")
    assert "须由另一人裁定" in own.words
    assert own.soup.select("input[name=id]") == []
    assert "逐件裁定" in confirm_page(visit, "supervisor", "grant", ids()).words
    assert "同意剔除" not in visit.get("supervisor", f"/tickets/{number}").words
    page = confirm_page(visit, "leader", "grant", ids())
    assert "1 件已裁定" in send(visit, "leader", page, ids(), "已核实").words
    names = "郑督 提出，高市长 批准"
    listed = visit.get("supervisor", "/figures/resolution_net/excluded")
    assert names in listed.words
    words = visit.get("leader", f"/tickets/{number}").words
    assert "郑督" in words
    assert "高市长" in words


def test_a_hold_is_asked_granted_and_taken_up_again(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    calendar = current_calendar()
    promised = calendar.add_days(utcnow(), 20).astimezone(calendar.zone).date()
    report = promised - timedelta(days=3)
    page = visit.get("cadre", f"/tickets/{number}/ask_hold")
    wrong = page.submit(reason_code="funds", promised_on="明天", report_on="", text="预算未到")
    assert "请选择承诺恢复办理的日期" in wrong.words
    assert "请选择下次报告进展的日期" in wrong.words
    words = {"reason_code": "funds", "promised_on": str(promised), "text": "预算未到"}
    act(visit, "cadre", number, "ask_hold", **words, report_on=str(report))
    page = confirm_page(visit, "supervisor", "grant", ids())
    assert "挂账到" in page.words
    assert "1 件已裁定" in send(visit, "supervisor", page, ids(), "同意").words
    assert status_of(number) == "on_hold"
    firm = visit.get("firm", f"/tickets/{number}").words
    assert "承诺" in firm
    assert "预算未到" in firm
    act(visit, "cadre", number, "resume", text="预算已到")
    assert status_of(number) == "in_progress"


def test_a_second_return_is_ruled_on_its_own_page(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    act(visit, "cadre", number, "ask_return", reason_code="not_ours", text="属人社职责")
    act(visit, "dispatcher", number, "return", text="同意")
    labour, finance = town.departments["labour"], town.departments["finance"]
    act(visit, "dispatcher", number, "dispatch", department_id=str(labour), text="归口")
    act(visit, "labour", number, "ask_return", reason_code="not_ours", text="仍属金融职责")
    assert number not in visit.get("dispatcher", "/returns").words
    assert "第二次退单" in visit.get("supervisor", "/petitions?kind=return").words
    page = confirm_page(visit, "supervisor", "grant", ids())
    assert "逐件裁定" in page.words
    page = visit.get("supervisor", f"/tickets/{number}/redirect")
    assert "仍属金融职责" in page.words
    assert page.submit(department_id="0", text="").status == 422
    act(visit, "supervisor", number, "redirect", department_id=str(finance), text="归口金融局")
    assert status_of(number) == "assigned"


@pytest.mark.parametrize("who", ["supervisor", "leader"])
def test_the_inbox_costs_the_same_for_few_and_for_many(
    visit: Visitor, town: Town, who: str
) -> None:
    asked(visit, town)
    visit.get(who, "/petitions")
    with counted(db.engine) as few:
        visit.get(who, "/petitions")
    for _ in range(3):
        asked(visit, town)
    with counted(db.engine) as many:
        assert visit.get(who, "/petitions").status == 200
    assert len(many) == len(few) <= 9, many


def test_the_inbox_is_paged_by_deadline(visit: Visitor, town: Town) -> None:
    number = asked(visit, town)
    one = db.session.scalars(select(Petition)).one()
    with transaction():
        ask = Ask(town.supervisor, one.ticket_id, utcnow())
        extension.refuse_extension(ask, "先放一放")
    fields = {c.name for c in Petition.__table__.columns} - {"id", "state", "ticket_id"}
    ticket = db.session.scalars(select(Ticket).where(Ticket.number == number)).one()
    with transaction() as session:
        for place in range(30):
            values = {name: getattr(one, name) for name in fields}
            session.add(copied(ticket, place, values, session))
    first = visit.get("supervisor", "/petitions")
    assert len(first.soup.select("ul.petitions > li")) == 25
    following = first.soup.select_one('a[rel="next"]')
    assert following is not None
    second = visit.get("supervisor", str(following["href"]))
    assert len(second.soup.select("ul.petitions > li")) == 5


def copied(ticket: Ticket, place: int, values: dict, session) -> Petition:
    """Another ticket's petition, the later the higher `place`."""
    skip = ("id", "number")
    other = Ticket(
        number=f"V{place}",
        **{
            c.name: getattr(ticket, c.name)
            for c in Ticket.__table__.columns
            if c.name not in skip and c.name != "submit_key"
        },
    )
    session.add(other)
    session.flush()
    late = values["decide_by"] + timedelta(minutes=place)
    open_ones = {"decided_by_id": None, "decided_at": None, "answer": None}
    return Petition(
        **{**values, **open_ones, "decide_by": late, "act_at": late},
        state="asked",
        ticket_id=other.id,
    )


def test_who_has_only_own_petitions_is_offered_no_ruling(visit: Visitor, town: Town) -> None:
    number = handled(visit, town)
    words = {"reason_code": "in_court", "text": "已立案"}
    act(visit, "supervisor", number, "ask_exclusion", **words)
    own = visit.get("supervisor", "/petitions")
    assert "须由另一人裁定" in own.words
    assert not own.soup.select("button[name=decision]")
    assert visit.get("leader", "/petitions").soup.select("button[name=decision]")


def test_what_cannot_be_extended_says_so_and_shows_no_form(visit: Visitor, town: Town) -> None:
    number = asked(visit, town, 15)
    act(visit, "supervisor", number, "grant_extension", text="同意")
    page = visit.get(handled_by(number), f"/tickets/{number}/ask_extension")
    assert "已到延期上限" in page.words
    assert not page.soup.select("main form")
