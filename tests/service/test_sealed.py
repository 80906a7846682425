"""Sealed tickets 密件: never to the unit complained about, nor to its line (domain.md §4, §6.5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.auth import service as accounts
from portal.auth.models import User
from portal.db import transaction
from portal.directory import place_service
from portal.directory.changes import Editor
from portal.directory.models import Category, Department, Pairing
from portal.errors import Invalid, NotFound
from portal.extensions import db
from portal.outbox import relay
from portal.problems.models import TicketFingerprint, TicketLink
from portal.problems.service import linking
from portal.routing.models import DispatchRule
from portal.tickets import queries, sealed_showing
from portal.tickets.service import assign, confirmation, handle, hold, seal
from tests.factories import MONDAY, Town, make_rule
from tests.service.stages import Play, assigned, in_triage, sealed, signed

pytestmark = pytest.mark.usefixtures("ctx")


def unit(town: Town, name: str, parent: int | None = None) -> int:
    """Another unit, below `parent`; committed."""
    row = Department(name=name, parent_id=parent)
    db.session.add(row)
    db.session.commit()
    return row.id


def seen_by(play: Play, *people: str) -> list[str]:
    """Who of these can open the ticket."""
    number, found = play.ticket.number, []
    for name in people:
        try:
            queries.get_visible(play.town.people[name], number)
        except NotFound:
            continue
        found.append(name)
    return found


def test_a_rule_that_leads_to_the_unit_complained_about_leads_to_triage(town: Town) -> None:
    play = sealed(town, town.departments["finance"])
    assert play.status == "triage"
    assert "市金融局，该单位须回避" in play.ticket.route_reasons[-1]
    assert seen_by(play, "cadre", "cadre2", "reviewer", "labour") == []
    assert seen_by(play, "firm", "dispatcher", "supervisor", "leader") == [
        *("firm", "dispatcher", "supervisor", "leader")
    ]


def test_a_rule_that_leads_elsewhere_is_followed(town: Town) -> None:
    play = sealed(town, town.departments["labour"])
    assert (play.status, play.who.department_id) == ("assigned", town.departments["finance"])


def test_a_seal_without_a_unit_hides_the_firm_only(town: Town) -> None:
    play = sealed(town, None)
    assert play.status == "assigned"
    assert seen_by(play, "reviewer") == ["reviewer"]


@pytest.mark.parametrize("about", ["above", "below"])
def test_the_line_of_the_unit_is_kept_away_too(about: str, town: Town) -> None:
    finance = town.departments["finance"]
    other = unit(town, "市金融局执法大队", finance) if about == "below" else unit(town, "市政府办")
    if about == "above":
        db.session.get_one(Department, finance).parent_id = other
        db.session.commit()
    play = sealed(town, other)
    assert play.status == "triage"
    assert seen_by(play, "cadre", "reviewer") == []


def test_the_paired_cadre_of_the_unit_is_passed_over(town: Town) -> None:
    db.session.get_one(Category, town.categories["用工社保"]).by_pairing = True
    pairing = Pairing(
        enterprise_id=town.enterprise_id, owner_id=town.cadre.id, starts_on=MONDAY.date()
    )
    db.session.add(pairing)
    make_rule(town.departments["labour"], category_id=town.categories["用工社保"])
    db.session.commit()
    play = sealed(town, town.departments["finance"], "用工社保")
    assert play.who.name == "周敏"
    stored = play.ticket.route_reasons
    assert "包联干部李明所在单位须回避" in stored
    told = sealed_showing.why(play.ticket, stored)  # it would say whose the ticket is, or nearly
    assert told == stored[1:] and not any("包联" in one for one in told)


def test_nobody_can_give_it_to_the_unit_by_hand(town: Town) -> None:
    finance, labour = town.departments["finance"], town.departments["labour"]
    play = sealed(town, finance)
    for cadre in (town.cadre.id, None):
        with pytest.raises(Invalid, match="须回避"):
            play.do(assign.dispatch, town.dispatcher, finance, cadre, "请办")
    play.do(assign.dispatch, town.dispatcher, labour, None, "请办")
    with pytest.raises(Invalid, match="须回避"):
        play.do(assign.reassign, town.supervisor, town.cadre.id, "换人")
    assert play.who.name == "周敏"


@pytest.mark.parametrize("stage", ["assigned", "in_progress", "needs_info", "in_review", "on_hold"])
def test_sealed_afterwards_it_leaves_the_unit_at_once(stage: str, town: Town) -> None:
    play = at(stage, town)
    play.later(10).do(seal.seal, town.firm, town.departments["finance"])
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.department_id) == ("triage", None, None)
    assert seen_by(play, "cadre", "cadre2", "reviewer") == []
    assert play.relay().told("recused") == ["dispatcher"]
    assert {"sign", "supply"}.isdisjoint(
        kind for kind, state in play.states().items() if state in ("running", "paused")
    )
    play.do(assign.dispatch, town.dispatcher, town.departments["labour"], None, "请办")
    assert play.status == "assigned"


def at(stage: str, town: Town) -> Play:
    """A ticket of 金融局 in that status."""
    if stage == "assigned":
        return assigned(town)
    play = signed(town)
    if stage == "needs_info":
        play.do(handle.ask_info, play.who, "请补充合同。")
    if stage == "in_review":
        play.resolve()
    if stage == "on_hold":
        promised, report = (MONDAY + timedelta(days=n) for n in (28, 14))
        asked = promised.date(), report.date(), town.cadre.id
        play.do(hold.ask_hold, play.who, "policy_pending", "等财政拨款。", *asked)
        play.do(hold.hold, town.supervisor, "同意")
    assert play.status == stage
    return play


def test_where_the_unit_waits_for_the_firms_yes_the_firm_answers_first(town: Town) -> None:
    play = signed(town).resolve().approve()
    with pytest.raises(Invalid, match="请先确认"):
        play.do(seal.seal, town.firm, town.departments["finance"])
    assert not play.ticket.sealed
    play.do(confirmation.dispute, town.firm, 1, "没有解决").relay()
    play.do(seal.seal, town.firm, town.departments["finance"])
    assert play.status == "triage"


def test_a_cadre_who_comes_to_the_unit_loses_it(town: Town) -> None:
    finance, labour = town.departments["finance"], town.departments["labour"]
    play = sealed(town, labour)
    cadre = play.who
    with transaction():
        accounts.update_user(Editor(town.admin.id, MONDAY), cadre.id or 0, cadre.name, None, labour)
    moved = db.session.get_one(User, cadre.id).actor
    assert moved.department_id == labour != finance
    with pytest.raises(NotFound):
        queries.get_visible(moved, play.ticket.number)
    assert play.relay().status == "triage"


def test_a_unit_that_comes_below_the_other_loses_it(town: Town) -> None:
    finance, labour = town.departments["finance"], town.departments["labour"]
    play = sealed(town, labour)
    fields = place_service.PlaceFields("市金融局", 0, parent_id=labour)
    with transaction():
        place_service.save_place(Editor(town.admin.id, MONDAY), "departments", finance, fields)
    assert seen_by(play, "reviewer") == []
    assert play.relay().status == "triage"


def test_it_is_like_no_other_and_linked_with_none(town: Town) -> None:
    first, second = in_triage(town), in_triage(town)
    with transaction():
        linking.link(first.ask(town.dispatcher), second.ticket.number, "同一件事")
    first.do(seal.seal, town.firm, None).relay()
    assert db.session.scalar(select(TicketLink.id)) is None
    marked = db.session.scalars(select(TicketFingerprint.ticket_id)).all()
    assert marked == [second.ticket_id]
    with transaction():
        seal.unseal(first.ask(town.firm), "")
    relay.drain(lambda: MONDAY)
    assert len(db.session.scalars(select(TicketFingerprint.ticket_id)).all()) == 2


def test_the_rules_stay_as_they_are(town: Town) -> None:
    """What is passed over is passed over for this ticket alone."""
    sealed(town, town.departments["finance"])
    assert db.session.scalar(select(DispatchRule.department_id)) == town.departments["finance"]
    assert assigned(town).who.department_id == town.departments["finance"]
