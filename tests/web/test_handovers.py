"""The pages of leave, hand-over and load: what each reader sees and can do, and what they cost."""

from datetime import timedelta

from sqlalchemy import select

from portal.auth.models import User
from portal.db import transaction, utcnow
from portal.directory.models import Leave
from portal.extensions import db
from portal.kpi.periods import local_day
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.models import Ticket
from portal.tickets.service import handle, handover
from portal.tickets.service.move import Ask
from tests.factories import Town
from tests.pages import Visitor
from tests.web.test_costs import counted, file_many


def offered(town: Town, number: int = 4) -> Handover:
    """李明 is away from today on; 孙强 is offered half of the tickets that were given out."""
    ids = file_many(town, number)
    today = local_day(utcnow())
    with transaction() as session:
        leave = Leave(
            cadre_id=town.cadre.id,
            deputy_id=town.cadre2.id,
            starts_on=today,
            ends_on=today + timedelta(days=3),
            give_back=True,
        )
        session.add(leave)
        session.flush()
        mine = session.scalars(
            select(Ticket.id).where(Ticket.id.in_(ids), Ticket.assignee_id == town.cadre.id)
        ).first()
        handle.note(Ask(town.cadre, mine or 0, utcnow()), "银行王经理周四回话。")
        handover.offer(leave.id, utcnow())
    return db.session.scalars(select(Handover)).one()


def taken() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(HandoverItem.state)))


def test_the_deputy_sees_the_list_with_notes_and_takes_all(visit: Visitor, town: Town) -> None:
    row = offered(town)
    index = visit.get("cadre2", "/leave")
    assert "李明交给您的诉求" in index.words and "2 件待接手" in index.words
    page = visit.get("cadre2", f"/handovers/{row.id}")
    assert "请您接手 2 件" in page.words
    assert "银行王经理周四回话。" in page.words
    assert "销假后，还没办结的交还给 李明" in page.words
    number = db.session.scalars(select(Ticket.number).where(Ticket.assignee_id == town.cadre.id))
    assert visit.get("cadre2", f"/tickets/{number.first()}").status == 200
    both = [str(one["value"]) for one in page.soup.select("input[name=all]")]
    answer = page.submit("", do="all", all=both)
    assert (answer.status, answer.location) == (303, f"/handovers/{row.id}")
    assert taken() == ["taken", "taken"]
    assert "没有要您接手的了" in visit.get("cadre2", f"/handovers/{row.id}").words


def test_some_are_ticked_and_nothing_ticked_says_so(visit: Visitor, town: Town) -> None:
    row = offered(town)
    page = visit.get("cadre2", f"/handovers/{row.id}")
    refused = page.submit("", do="chosen")
    assert refused.status == 422 and "请至少勾选一件" in refused.words
    first = str(page.soup.select("input[name=id]")[0]["value"])
    assert page.submit("", do="chosen", id=first).status == 303
    assert taken() == ["offered", "taken"]


def test_who_is_not_concerned_finds_no_list(visit: Visitor, town: Town) -> None:
    row = offered(town)
    for who in ("cadre", "reviewer", "dispatcher"):
        assert visit.get(who, f"/handovers/{row.id}").status == 200
    assert visit.get("labour", f"/handovers/{row.id}").status == 404
    assert "交接清单" in visit.get("labour", "/leave").words


def test_a_reviewer_notes_leave_and_takes_it_back(visit: Visitor, town: Town) -> None:
    page = visit.get("reviewer", "/leave/new")
    names = page.soup.select_one("select[name=cadre_id]")
    assert names is not None and "周敏" not in names.get_text()
    first, last = local_day(utcnow()) + timedelta(days=1), local_day(utcnow()) + timedelta(days=2)
    filled = {
        "cadre_id": town.cadre.id,
        "starts_on": first.isoformat(),
        "ends_on": last.isoformat(),
        "deputy_id": town.labour.id,
        "give_back": "y",
    }
    assert page.submit("", **{**filled, "ends_on": "2020-01-01"}).status == 422
    assert page.submit("", **filled).status == 303
    leave = db.session.scalars(select(Leave)).one()
    assert (leave.give_back, leave.noted_by, leave.deputy_id) == (True, "陈局", town.labour.id)
    index = visit.get("reviewer", "/leave")
    assert "陈局登记于" in index.words
    assert index.submit(f"/leave/{leave.id}/remove").status == 303
    assert db.session.scalars(select(Leave)).all() == []


def test_a_reviewer_takes_back_leave_of_the_own_unit_only(visit: Visitor, town: Town) -> None:
    today = local_day(utcnow())
    with transaction() as session:
        session.add(Leave(cadre_id=town.labour.id, starts_on=today, ends_on=today))
    page = visit.get("reviewer", "/query")
    token = page.soup.select_one("main input[name=csrf_token]")
    assert token is not None
    leave_id = db.session.scalars(select(Leave.id)).one()
    sent = {"csrf_token": token["value"]}
    assert visit.post("reviewer", f"/leave/{leave_id}/remove", sent).status == 404


def test_the_load_is_shown_by_unit_and_the_reviewer_sees_the_own(
    visit: Visitor, town: Town
) -> None:
    db.session.get_one(User, town.cadre.id).capacity = 2
    db.session.commit()
    offered(town)
    # What 李明 got this morning is no choice between those who are there today.
    page = visit.get("dispatcher", "/load")
    assert "系统选派 2 件，其中 2 件派得均匀（100.0%）" in page.words
    assert "市人社局" in page.words
    assert "请假至" in page.words and "已满" in page.words
    own = visit.get("reviewer", "/load")
    assert "市金融局" in own.words and "市人社局" not in own.words
    assert visit.get("reviewer", "/load?month=1999-01").status == 200


def test_a_waiting_ticket_says_so_to_the_dispatcher_and_to_the_firm(
    visit: Visitor, town: Town
) -> None:
    for name in ("cadre", "cadre2"):
        db.session.get_one(User, town.people[name].id).capacity = 1
    db.session.commit()
    last = file_many(town, 3)[-1]
    number = db.session.get_one(Ticket, last).number
    assert "等待空位" in visit.get("dispatcher", "/triage?view=submitted").words
    page = visit.get("dispatcher", f"/tickets/{number}")
    assert "等待市金融局的空位" in page.words
    assert "未选：2 人已满 1 件" in page.words
    assert "市金融局 一有人空出来就受理" in visit.get("firm", f"/tickets/{number}").words
    assert "1 件等待空位" in visit.get("dispatcher", "/load").words


def test_the_pages_cost_the_same_for_few_and_for_many(visit: Visitor, town: Town) -> None:
    row = offered(town, 2)
    pages = (("cadre2", f"/handovers/{row.id}"), ("cadre2", "/leave"), ("dispatcher", "/load"))

    def costs() -> list[int]:
        found = []
        for who, address in pages:
            visit.get(who, address)
            with counted(db.engine) as statements:
                assert visit.get(who, address).status == 200
            found.append(len(statements))
        return found

    few = costs()
    file_many(town, 24)
    with transaction() as session:
        tickets = select(Ticket.id).where(Ticket.assignee_id == town.cadre2.id)
        for ticket_id in list(session.scalars(tickets)):
            ticket = session.get_one(Ticket, ticket_id)
            ticket.assignee_id = town.cadre.id
            session.add(HandoverItem(handover_id=row.id, ticket_id=ticket_id))
    assert costs() == few
    assert max(few) <= 12, few
