"""Faults of other systems at the desk (lessons.md 24, 25 and 26), played through the verbs."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction
from portal.directory import cadre_service
from portal.directory import service as directory
from portal.directory.changes import Editor
from portal.directory.models import Category, Leave, Pairing, Skill
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import relay
from portal.routing.service import decide
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, assign, handle, triage, vacancy
from tests.factories import MONDAY, Town, make_user
from tests.service.stages import Play, assigned, file, shown, signed

DAY = date(2026, 3, 2)


def limit(town: Town, **capacity: int | None) -> None:
    """How many each of these cadres can hold."""
    for name, number in capacity.items():
        db.session.get_one(User, town.people[name].id).capacity = number
    db.session.commit()


def away(cadre: int | None, deputy: int | None = None) -> None:
    db.session.add(Leave(cadre_id=cadre, deputy_id=deputy, starts_on=DAY, ends_on=DAY))
    db.session.commit()


def full(town: Town) -> list[Play]:
    """市金融局 with both its cadres at their limit of one."""
    limit(town, cadre=1, cadre2=1)
    return [signed(town), signed(town)]


@pytest.mark.parametrize("team", [2, 3, 4, 5, 6, 7])
def test_24_every_member_of_a_team_gets_work(town: Town, team: int) -> None:
    for n in range(2, team):
        make_user(f"more{n}", Role.CADRE, "新人", department_id=town.departments["finance"])
    db.session.commit()
    for minute in range(team * 2 + 1):
        assigned(town, MONDAY + timedelta(minutes=minute))
    got = Counter(db.session.scalars(select(Ticket.assignee_id)))
    assert len(got) == team
    assert max(got.values()) - min(got.values()) <= 1


def test_25_what_is_due_first_gets_the_place_that_becomes_free(town: Town) -> None:
    held = full(town)
    late = file(town, now=MONDAY + timedelta(minutes=10)).relay()
    early = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    for play in (late, early):
        ticket = play.ticket
        assert (ticket.status, ticket.assignee_id) == ("submitted", None)
        assert ticket.waiting_department_id == town.departments["finance"]
        assert ticket.route_reasons[-2:] == [
            "未选：2 人已满 1 件",
            "市金融局在岗的承办人都已满，等待空位",
        ]
        assert play.states() == {"accept": "running"}
        assert play.events() == ["submit", "wait"]
        assert play.told("waiting") == ["dispatcher"]
    one = held[0].later(30)
    one.resolve().relay()
    assert early.ticket.assignee_id == one.ticket.assignee_id
    assert early.ticket.waiting_since is None
    assert early.event().payload["reasons"] == [
        "市金融局有了空位，先到期的先派",
        f"{early.who.name}现有 0 件未办结，在 1 名在岗人员中最少",
        "未选：1 人已满 1 件",
    ]
    assert (late.status, late.events()) == ("submitted", ["submit", "wait"])
    held[1].later(40).resolve().relay()
    assert late.ticket.assignee_id == held[1].ticket.assignee_id


def test_25_a_newer_ticket_does_not_overtake_one_that_waits(town: Town) -> None:
    held = full(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    held[0].later(30).resolve()  # the relay has not looked yet
    newer = file(town, now=MONDAY + timedelta(minutes=31))
    with transaction():
        assign.route(newer.ticket_id, newer.now)
    assert (newer.status, newer.ticket.waiting_since) == ("submitted", newer.now)
    newer.relay()
    assert (waits.status, newer.status) == ("assigned", "submitted")


def test_25_an_urgent_one_that_is_due_before_goes_first(town: Town) -> None:
    held = full(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    # The other one was submitted before, and is routed only now.
    first = file(town, now=MONDAY)
    held[0].later(30).resolve()
    with transaction():
        assign.route(first.ticket_id, held[0].now)
    assert (first.status, waits.status) == ("assigned", "submitted")


@pytest.mark.parametrize("verb", ["resolve", "return", "reassign", "withdraw", "terminate"])
def test_25_whatever_leaves_the_load_frees_a_place_once(town: Town, verb: str) -> None:
    held = full(town)[0]
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    held.later(10)
    match verb:
        case "resolve":
            held.resolve()
        case "return":
            held.do(handle.ask_return, held.who, "not_ours", "不归我们")
            held.do(triage.grant_return, town.dispatcher, "同意")
        case "reassign":
            held.do(assign.reassign, town.supervisor, town.labour.id, "统筹")
        case "withdraw":
            held.do(applicant.withdraw, town.firm, "解决了")
        case "terminate":
            held.do(triage.terminate, town.supervisor, "无法继续")
    held.relay()
    assert waits.status == "assigned"
    with transaction():
        assert vacancy.fill(town.departments["finance"], held.now) == 0
    relay.drain(lambda: held.now + timedelta(hours=1))
    assert waits.events().count("route") == 1


def test_25_a_raised_capacity_is_found_within_a_working_hour(town: Town) -> None:
    full(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    limit(town, cadre=2)
    waits.later(to="2026-03-02 09:59").relay()
    assert waits.status == "submitted"
    waits.later(to="2026-03-02 10:00").relay()
    assert waits.ticket.assignee_id == town.cadre.id


@pytest.mark.parametrize("change", ["capacity", "skill", "back"])
def test_25_who_can_take_more_is_found_at_once(town: Town, change: str) -> None:
    cadre, loans = town.cadre.id or 0, town.categories["融资"]
    full(town)
    if change == "skill":
        limit(town, cadre=2)
        db.session.add(Skill(cadre_id=cadre, category_id=town.categories["税费"]))
        db.session.commit()
    if change == "back":
        away(cadre)
        limit(town, cadre=2)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    assert waits.status == "submitted"
    with transaction():
        editor = Editor(town.admin.id, waits.now)
        if change == "back":
            leave = db.session.scalars(select(Leave)).one()
            directory.remove_leave(editor, cadre, leave.id, DAY)
        else:
            cadre_service.set_abilities(editor, cadre, [loans] if change == "skill" else [], 2)
    waits.relay()
    assert waits.ticket.assignee_id == cadre


def test_25_leave_that_ends_is_found_at_the_next_opening(town: Town) -> None:
    away(town.cadre.id)
    limit(town, cadre2=1)
    signed(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    assert waits.ticket.route_reasons[-2] == "未选：1 人请假，1 人已满 1 件"
    waits.later(to="2026-03-02 17:00").relay()
    assert waits.status == "submitted"
    waits.later(to="2026-03-03 08:30").relay()
    assert waits.ticket.assignee_id == town.cadre.id


def test_the_dispatcher_overrules_the_wait_by_naming_somebody(town: Town) -> None:
    full(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    finance = town.departments["finance"]
    with pytest.raises(Invalid, match="都已满"), transaction():
        assign.dispatch(waits.ask(town.dispatcher), finance, None, "急")
    waits.do(assign.dispatch, town.dispatcher, finance, town.cadre.id, "急")
    ticket = waits.ticket
    assert (ticket.status, ticket.waiting_department_id) == ("assigned", None)
    assert waits.states()["accept"] == "stopped"
    assert shown(waits.clock("accept").stopped_at) == "2026-03-02 09:05"


def test_what_waits_can_be_asked_about_and_comes_back_to_its_turn(town: Town) -> None:
    held = full(town)
    waits = file(town, now=MONDAY + timedelta(minutes=5)).relay()
    waits.do(handle.ask_info, town.dispatcher, "请补充合同")
    assert waits.ticket.waiting_since is None
    held[0].later(20).resolve().relay()
    waits.later(30).do(applicant.supply_info, town.firm, "见附件").relay()
    assert waits.status == "assigned"


def test_26_the_absent_get_nothing_and_their_whole_unit_is_stood_in_for(town: Town) -> None:
    away(town.cadre.id, town.cadre2.id)
    assert {assigned(town).ticket.assignee_id for _ in range(3)} == {town.cadre2.id}
    away(town.cadre2.id, town.labour.id)
    play = assigned(town)
    assert play.ticket.assignee_id == town.labour.id
    assert play.ticket.department_id == town.departments["labour"]
    assert play.ticket.route_reasons[-1] == "市金融局的承办人都不在岗，由周敏代理"


def test_26_a_loop_of_deputies_ends_with_the_dispatcher(town: Town) -> None:
    away(town.cadre.id, town.cadre2.id)
    away(town.cadre2.id, town.cadre.id)
    play = assigned(town)
    assert (play.status, play.ticket.waiting_since) == ("triage", None)
    assert play.ticket.route_reasons[-2:] == ["未选：2 人请假", "市金融局今天没有在岗的承办人"]


def test_only_who_knows_the_category_gets_it(town: Town) -> None:
    finance = town.categories["融资"]
    with transaction() as session:
        kind = Category(name="贷款展期", parent_id=finance)
        session.add(kind)
        session.flush()
        other = town.categories["税费"]
        session.add_all(
            [
                Skill(cadre_id=town.cadre.id, category_id=other),
                Skill(cadre_id=town.cadre2.id, category_id=kind.id),
            ]
        )
    try:
        play = assigned(town)
        assert play.ticket.assignee_id == town.cadre2.id
        assert play.ticket.route_reasons[-1] == "未选：1 人不熟悉本类别"
    finally:
        with transaction() as session:
            session.query(Skill).delete()
            session.query(Category).filter_by(name="贷款展期").delete()


def test_a_full_owner_gives_way_to_the_deputy_and_then_to_the_rules(town: Town) -> None:
    db.session.add(
        Pairing(
            enterprise_id=town.enterprise_id,
            owner_id=town.labour.id,
            deputy_id=town.cadre.id,
            starts_on=DAY,
        )
    )
    db.session.commit()
    limit(town, labour=1, cadre=1)
    assert assigned(town).ticket.assignee_id == town.labour.id
    second = assigned(town).ticket
    assert second.assignee_id == town.cadre.id
    assert second.route_reasons == ["包联干部周敏已满 1 件，由李明代理"]
    third = assigned(town).ticket
    assert third.assignee_id == town.cadre2.id
    assert third.route_reasons[:3] == [
        "包联干部周敏已满 1 件",
        "包联干部李明已满 1 件",
        "类别“融资” → 市金融局",
    ]


def test_the_unit_a_sealed_complaint_is_about_is_never_picked(town: Town) -> None:
    db.session.add(Pairing(enterprise_id=town.enterprise_id, owner_id=town.cadre.id, starts_on=DAY))
    db.session.commit()
    play = file(town, urgency=Urgency.URGENT)
    with transaction():
        finance = town.departments["finance"]
        decision = decide(play.ticket, play.now, frozenset({finance}))
    assert (decision.cadre_id, decision.waits_for) == (None, None)
    assert decision.reasons == [
        "包联干部李明所在单位须回避",
        "类别“融资” → 市金融局，该单位须回避",
    ]
