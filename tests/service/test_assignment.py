"""Submit, route, dispatch, reassign and returns: where a ticket goes and what it starts."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.auth.models import User
from portal.db import transaction
from portal.directory.models import Leave, Pairing
from portal.errors import Invalid, InvalidTransition, NotAllowed, NotFound
from portal.extensions import db
from portal.outbox.models import Message
from portal.tickets.lifecycle import Urgency
from portal.tickets.petition_models import Petition
from portal.tickets.service import assign, handle, submit, triage
from tests.factories import MONDAY, Town, make_rule, make_user
from tests.service.stages import assigned, file, in_triage, shown, signed, wording


def test_submit_writes_ticket_event_clock_and_message(town: Town) -> None:
    play = file(town)
    ticket = play.ticket
    assert (ticket.status, ticket.number) == ("submitted", "SQ20260302-000001")
    assert (ticket.region_id, ticket.chain_id) == (town.region_id, town.chain_id)
    assert len(ticket.query_code) == 8
    assert ticket.accepted_at is None
    assert play.events() == ["submit"]
    assert shown(play.clock("accept").due_at) == "2026-03-02 14:30"
    assert (ticket.next_clock, shown(ticket.next_due_at)) == ("accept", "2026-03-02 14:30")
    messages = db.session.scalars(select(Message)).all()
    assert [(m.kind, m.state) for m in messages] == [("route", "pending")]


def test_who_may_not_submit_leaves_nothing_behind(town: Town) -> None:
    with pytest.raises(NotAllowed), transaction():
        submit.submit(town.reviewer, wording(town), MONDAY)
    with pytest.raises(NotFound), transaction():  # a cadre files for the firms paired with them
        submit.submit(town.cadre, wording(town), MONDAY)
    with pytest.raises(NotFound), transaction():
        submit.submit(town.firm, wording(town), MONDAY, enterprise_id=999)
    assert db.session.scalar(select(Message.id)) is None


def test_route_assigns_by_the_rule_and_starts_the_promises(town: Town) -> None:
    play = assigned(town)
    ticket = play.ticket
    assert ticket.status == "assigned"
    assert ticket.accepted_at == ticket.assigned_at == MONDAY
    assert ticket.route_reasons == [
        "企业没有包联干部",
        "类别“融资” → 市金融局",
        "李明现有 0 件未办结，在 2 名在岗人员中最少",
    ]
    assert play.event().payload["reasons"] == ticket.route_reasons
    dues = {kind: shown(play.clock(kind).due_at) for kind in play.states()}
    assert dues == {
        "accept": "2026-03-02 14:30",
        "sign": "2026-03-02 11:00",
        "contact": "2026-03-02 11:00",
        "verify": "2026-03-03 17:30",
        "reply": "2026-03-05 17:30",
        "resolve": "2026-03-23 17:30",
    }
    assert play.states()["accept"] == "stopped"
    assert play.told("assigned") == ["cadre"]
    assert play.told("accepted") == ["firm"]


def test_an_urgent_ticket_has_one_hour_to_the_first_contact(town: Town) -> None:
    play = assigned(town, urgency=Urgency.URGENT)
    assert shown(play.clock("contact").due_at) == "2026-03-02 10:00"


def test_a_complex_category_has_thirty_days(town: Town) -> None:
    play = in_triage(town, category="用地用房")
    play.do(assign.dispatch, town.dispatcher, town.departments["finance"], None, "归口")
    assert (play.clock("resolve").target, shown(play.clock("resolve").due_at)) == (
        "30wd",
        "2026-04-14 17:30",
    )


def test_route_twice_is_once(town: Town) -> None:
    play = assigned(town)
    with transaction():
        assign.route(play.ticket_id, play.now)
    assert play.events() == ["submit", "route"]


def test_what_no_rule_decides_waits_for_the_dispatcher(town: Town) -> None:
    play = in_triage(town)
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.accepted_at) == ("triage", None, None)
    assert ticket.route_reasons == ["企业没有包联干部", "没有适用的派单规则"]
    assert play.states() == {"accept": "running"}
    assert play.told("triage") == ["dispatcher"]


def test_a_conflict_of_rules_is_shown_and_goes_to_triage(town: Town) -> None:
    make_rule(town.departments["labour"], region_id=town.region_id)
    db.session.commit()
    play = assigned(town)
    assert play.status == "triage"
    assert "同样具体" in play.ticket.route_reasons[-1]


def pair(town: Town, owner: int | None, deputy: int | None = None) -> None:
    db.session.add(
        Pairing(
            enterprise_id=town.enterprise_id,
            owner_id=owner,
            deputy_id=deputy,
            starts_on=date(2026, 1, 1),
        )
    )
    db.session.commit()


def leave(cadre: int | None, deputy: int | None = None) -> None:
    row = Leave(
        cadre_id=cadre, deputy_id=deputy, starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 6)
    )
    db.session.add(row)
    db.session.commit()


def test_the_paired_cadre_comes_first(town: Town) -> None:
    pair(town, town.labour.id)
    play = assigned(town)
    assert play.ticket.assignee_id == town.labour.id
    assert play.ticket.department_id == town.departments["labour"]
    assert play.ticket.route_reasons == ["包联干部：周敏"]


def test_deputies_stand_in_to_the_end_of_the_chain(town: Town) -> None:
    pair(town, town.labour.id)
    leave(town.labour.id, town.cadre2.id)
    leave(town.cadre2.id, town.cadre.id)
    play = assigned(town)
    assert play.ticket.assignee_id == town.cadre.id
    assert play.ticket.route_reasons == ["包联干部周敏不在岗，由李明代理"]


def test_a_pairing_whose_owner_has_left_goes_to_its_deputy(town: Town) -> None:
    pair(town, town.labour.id, town.cadre2.id)
    db.session.get_one(User, town.labour.id).active = False
    db.session.commit()
    assert assigned(town).ticket.assignee_id == town.cadre2.id


def test_a_loop_of_deputies_falls_back_to_the_rule(town: Town) -> None:
    pair(town, town.labour.id)
    leave(town.labour.id, town.cadre2.id)
    leave(town.cadre2.id, town.labour.id)
    play = assigned(town)
    assert play.ticket.assignee_id == town.cadre.id
    assert play.ticket.route_reasons[0] == "包联干部周敏不在岗且无人代理"


def test_the_absent_receive_nothing(town: Town) -> None:
    leave(town.cadre.id)
    assert {assigned(town).ticket.assignee_id for _ in range(3)} == {town.cadre2.id}
    leave(town.cadre2.id)
    play = assigned(town)
    assert play.status == "triage"
    assert play.ticket.route_reasons[-1] == "市金融局今天没有在岗的承办人"


@pytest.mark.parametrize("team", [2, 4, 6])
def test_even_teams_share_evenly(town: Town, team: int) -> None:
    for n in range(2, team):
        make_user(f"more{n}", town.cadre.role, "新人", department_id=town.departments["finance"])
    db.session.commit()
    for _ in range(team * 3):
        file(town)
    last = assigned(town)
    got = db.session.scalars(select(type(last.ticket).assignee_id)).all()
    counts = sorted(got.count(one) for one in set(got))
    assert len(counts) == team
    assert counts[-1] - counts[0] <= 1


def test_dispatch_to_a_unit_takes_its_least_loaded_cadre(town: Town) -> None:
    assigned(town)
    play = in_triage(town).later(10)
    play.do(assign.dispatch, town.dispatcher, town.departments["finance"], None, "归口")
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id) == ("assigned", town.cadre2.id)
    assert ticket.route_reasons[0] == "派单员刘派指定：归口"
    assert play.states()["accept"] == "stopped"
    assert shown(play.clock("sign").due_at) == "2026-03-02 11:10"


def test_dispatch_to_a_person_must_name_one_of_the_unit(town: Town) -> None:
    play = in_triage(town)
    finance = town.departments["finance"]
    for wrong in (town.labour.id, town.reviewer.id, 999):
        with pytest.raises(Invalid):
            play.do(assign.dispatch, town.dispatcher, finance, wrong, "归口")
    assert play.status == "triage"
    play.do(assign.dispatch, town.dispatcher, finance, town.cadre2.id, "归口")
    assert play.ticket.assignee_id == town.cadre2.id


def test_reassign_starts_the_sign_clock_anew_and_no_other(town: Town) -> None:
    play = signed(town).later(60)
    before = {kind: play.clock(kind).id for kind in ("contact", "verify", "reply", "resolve")}
    play.do(assign.reassign, town.reviewer, town.cadre2.id, "分工调整")
    assert (play.status, play.ticket.assignee_id) == ("assigned", town.cadre2.id)
    assert (play.clock("sign").attempt, play.states()["sign"]) == (2, "running")
    assert {kind: play.clock(kind).id for kind in before} == before
    assert play.told("assigned") == ["cadre", "cadre2"]
    assert play.ticket.accepted_at == MONDAY


def test_a_reviewer_reassigns_inside_the_unit_only(town: Town) -> None:
    play = signed(town)
    for wrong in (town.labour.id, town.cadre.id):
        with pytest.raises(Invalid):
            play.do(assign.reassign, town.reviewer, wrong, "分工调整")
    play.do(assign.reassign, town.supervisor, town.labour.id, "统筹")
    assert play.ticket.department_id == town.departments["labour"]


def ask_return(play, who) -> None:
    play.do(handle.ask_return, who, "not_ours", "不归我们管")


def test_a_granted_return_takes_the_ticket_back_and_keeps_the_clocks(town: Town) -> None:
    play = assigned(town)
    ask_return(play, town.cadre)
    assert play.told("return_asked") == ["dispatcher"]
    play.later(30).do(triage.grant_return, town.dispatcher, "同意")
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.department_id) == ("triage", None, None)
    states = play.states()
    assert states.pop("sign") == "cancelled"
    assert {states[kind] for kind in ("contact", "verify", "reply", "resolve")} == {"running"}
    assert play.told("return_granted") == ["cadre"]
    play.do(assign.dispatch, town.dispatcher, town.departments["labour"], None, "改派")
    assert shown(play.clock("resolve").due_at) == "2026-03-23 17:30"
    assert play.clock("sign").attempt == 2


def test_a_refused_return_leaves_the_ticket_where_it_is(town: Town) -> None:
    play = signed(town)
    ask_return(play, town.cadre)
    play.do(triage.refuse_return, town.dispatcher, "属于你单位")
    assert (play.status, play.ticket.return_pending) == ("in_progress", False)
    assert play.told("return_refused") == ["cadre"]


def test_a_unit_asks_once_for_each_ticket(town: Town) -> None:
    play = signed(town)
    ask_return(play, town.cadre)
    with pytest.raises(InvalidTransition):
        ask_return(play, town.cadre)
    play.do(triage.refuse_return, town.dispatcher, "属于你单位")
    with pytest.raises(Invalid):
        ask_return(play, town.cadre)
    play.do(assign.reassign, town.supervisor, town.labour.id, "统筹")
    ask_return(play, town.labour)


def petitions() -> list[str]:
    return list(db.session.scalars(select(Petition.state).order_by(Petition.id)))


def test_a_reassignment_ends_the_question_of_the_return(town: Town) -> None:
    play = signed(town)
    ask_return(play, town.cadre)
    play.do(assign.reassign, town.supervisor, town.labour.id, "统筹")
    assert (petitions(), play.ticket.return_pending) == (["expired"], False)
    ask_return(play, town.labour)
    assert petitions() == ["expired", "asked"]


def test_a_resolution_ends_the_question_of_the_return(town: Town) -> None:
    play = signed(town)
    ask_return(play, town.cadre)
    play.resolve()
    assert (petitions(), play.ticket.return_pending) == (["expired"], False)
