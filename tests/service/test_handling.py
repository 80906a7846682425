"""The cadre's, the firm's and the reviewer's verbs on an open ticket: status, clocks, notices."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from portal.auth.roles import Role
from portal.errors import Invalid, InvalidTransition, NotAllowed
from portal.extensions import db
from portal.tickets.lifecycle import Outcome
from portal.tickets.order_models import Order
from portal.tickets.service import applicant, assign, confirmation, handle, review, triage
from tests.factories import Town
from tests.service.stages import assigned, file, in_triage, local, shown, signed


def test_sign_ends_the_sign_clock(town: Town) -> None:
    play = assigned(town).later(30).sign()
    assert (play.status, play.states()["sign"]) == ("in_progress", "stopped")
    assert play.clock("sign").stopped_at == play.now
    assert play.states()["contact"] == "running"


def test_nobody_signs_for_somebody_else(town: Town) -> None:
    play = assigned(town)
    for who in (town.cadre2, town.reviewer, town.supervisor, town.firm):
        with pytest.raises(NotAllowed):
            play.do(handle.sign, who)
    assert play.status == "assigned"


def test_a_contact_ends_contact_and_verify(town: Town) -> None:
    play = assigned(town).later(20)
    with pytest.raises(Invalid):
        play.do(handle.record_contact, town.cadre, "pigeon", "已联系")
    play.do(handle.record_contact, town.cadre, "phone", "已联系")
    states = play.states()
    assert (states["contact"], states["verify"]) == ("stopped", "stopped")
    assert (states["reply"], states["sign"]) == ("running", "running")
    assert play.status == "assigned"
    assert (play.event().public, play.event().payload["method"]) == (True, "phone")


def test_the_first_reply_ends_three_clocks_and_tells_the_firm(town: Town) -> None:
    play = signed(town).later(20)
    play.do(handle.reply, town.cadre, "正在协调银行。")
    states = play.states()
    assert {states[kind] for kind in ("contact", "verify", "reply")} == {"stopped"}
    assert states["resolve"] == "running"
    assert play.told("reply") == ["firm"]
    first = play.clock("reply").stopped_at
    play.later(20).do(handle.reply, town.cadre, "已有进展。")
    assert play.clock("reply").stopped_at == first


def test_a_note_of_the_cadre_ends_verify_and_stays_inside(town: Town) -> None:
    play = signed(town)
    play.do(handle.note, town.reviewer, "请抓紧")
    assert play.states()["verify"] == "running"
    play.do(handle.note, town.cadre, "已核实")
    assert play.states()["verify"] == "stopped"
    assert play.event().public is False
    assert play.status == "in_progress"


def test_asking_stops_every_clock_but_the_one_for_the_answer(town: Town) -> None:
    play = signed(town).later(30)
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    states = play.states()
    assert play.status == "needs_info"
    assert {states[kind] for kind in ("contact", "verify", "reply", "resolve")} == {"paused"}
    assert (states["sign"], states["supply"]) == ("stopped", "running")
    assert (play.ticket.next_clock, shown(play.ticket.next_due_at)) == (
        "supply",
        "2026-03-09 17:30",
    )
    assert play.told("ask_info") == ["firm"]


def test_the_answer_brings_the_ticket_back_to_where_it_was(town: Town) -> None:
    play = signed(town).do(handle.ask_info, town.cadre, "请补充贷款合同").later(30)
    play.do(applicant.supply_info, town.firm, "合同见附件")
    states = play.states()
    assert (play.status, states["supply"]) == ("in_progress", "stopped")
    assert {states[kind] for kind in ("contact", "verify", "reply", "resolve")} == {"running"}
    assert (play.ticket.paused_at, play.ticket.status_before_info) == (None, None)
    assert play.told("supplied") == ["cadre"]


def test_a_dispatcher_asks_before_dispatch_only(town: Town) -> None:
    play = in_triage(town)
    play.do(handle.ask_info, town.dispatcher, "请写明地点")
    assert play.states() == {"accept": "paused", "supply": "running"}
    play.later(60).do(applicant.supply_info, town.firm, "在东昌府区")
    assert (play.status, play.told("supplied")) == ("triage", ["dispatcher"])
    assert shown(play.clock("accept").due_at) == "2026-03-02 15:30"
    later = signed(town)
    with pytest.raises(InvalidTransition):
        later.do(handle.ask_info, town.dispatcher, "请写明地点")


def test_a_ticket_asked_before_its_routing_is_routed_after_the_answer(town: Town) -> None:
    play = file(town).do(handle.ask_info, town.dispatcher, "请写明地点").relay()
    assert play.status == "needs_info"
    play.later(60).do(applicant.supply_info, town.firm, "在东昌府区")
    assert play.status == "submitted"
    assert play.relay().status == "assigned"
    accept = play.clock("accept")
    assert (shown(accept.due_at), accept.state) == ("2026-03-02 15:30", "stopped")


def test_no_answer_in_five_days_goes_back_to_the_dispatcher(town: Town) -> None:
    play = signed(town)
    play.do(handle.ask_return, town.cadre, "not_ours", "不归我们管")
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-09 17:31")
    applicant.lapse_info(play.ticket_id, play.now)
    db.session.commit()
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.return_pending) == ("triage", None, False)
    assert play.states()["supply"] == "cancelled"
    assert play.told("info_lapsed") == ["dispatcher", "firm"]
    play.do(assign.dispatch, town.dispatcher, town.departments["labour"], None, "改派")
    assert (play.status, play.ticket.return_pending) == ("assigned", False)


def test_the_firm_urges_once_in_each_status(town: Town) -> None:
    play = assigned(town)
    play.do(applicant.urge, town.firm)
    with pytest.raises(InvalidTransition):
        play.do(applicant.urge, town.firm)
    play.sign().do(applicant.urge, town.firm)
    with pytest.raises(InvalidTransition):
        play.do(applicant.urge, town.firm)
    assert play.told("urged") == ["cadre", "cadre"]


def test_what_nobody_has_yet_is_urged_at_the_dispatcher(town: Town) -> None:
    assert in_triage(town).do(applicant.urge, town.firm).told("urged") == ["dispatcher"]


def test_a_comment_is_for_the_cadre(town: Town) -> None:
    play = signed(town).do(applicant.comment, town.firm, "银行又打电话了")
    assert (play.told("comment"), play.status) == (["cadre"], "in_progress")
    with pytest.raises(NotAllowed):
        play.do(applicant.comment, town.other, "看看别人的")


def test_a_solved_ticket_goes_to_review_where_the_category_wants_it(town: Town) -> None:
    play = signed(town).resolve()
    ticket = play.ticket
    assert (ticket.status, ticket.proposed_outcome, ticket.author_id) == (
        "in_review",
        "solved",
        town.cadre.id,
    )
    assert play.event().public is False
    assert play.states()["resolve"] == "running"
    assert play.told("review") == ["reviewer"]


def to_labour(town: Town):
    play = in_triage(town)
    play.do(assign.dispatch, town.dispatcher, town.departments["finance"], town.cadre.id, "归口")
    return play.sign()


def test_without_review_the_firm_is_asked_at_once(town: Town) -> None:
    play = to_labour(town).resolve()
    assert play.status == "awaiting_confirmation"
    assert play.events()[-2:] == ["resolve", "note"]
    assert play.told("confirm") == ["firm"]
    assert play.states()["resolve"] == "stopped"


def test_an_explanation_always_takes_a_second_person(town: Town) -> None:
    play = to_labour(town).resolve(Outcome.EXPLAINED)
    assert play.status == "in_review"


def test_no_other_outcome_can_be_proposed(town: Town) -> None:
    play = signed(town)
    for outcome in set(Outcome) - {Outcome.SOLVED, Outcome.EXPLAINED}:
        with pytest.raises(Invalid):
            play.resolve(outcome)
    assert play.status == "in_progress"


def test_approval_makes_the_reply_public_and_asks_the_firm(town: Town) -> None:
    play = signed(town).resolve().later(60).approve()
    assert play.status == "awaiting_confirmation"
    assert (play.event().public, play.event().payload["text"]) == (True, "已协调银行续贷。")
    states = play.states()
    assert {states[kind] for kind in ("contact", "verify", "reply", "resolve")} == {"stopped"}
    assert shown(play.clock("confirm").due_at) == "2026-03-09 17:30"
    assert play.told("confirm") == ["firm"]


def test_nobody_approves_what_they_wrote(town: Town) -> None:
    play = signed(town).resolve()
    promoted = replace(town.cadre, role=Role.REVIEWER)
    with pytest.raises(InvalidTransition, match="本人"):
        play.do(review.approve, promoted)
    play.do(review.send_back, promoted, "重写")
    assert play.status == "in_progress"


def test_sent_back_is_as_if_never_resolved(town: Town) -> None:
    play = signed(town).resolve().do(review.send_back, town.reviewer, "缺少依据")
    ticket = play.ticket
    assert (ticket.status, ticket.proposed_outcome, ticket.author_id) == ("in_progress", None, None)
    assert play.states()["resolve"] == "running"
    assert play.told("sent_back") == ["cadre"]


def test_an_order_waits_for_its_answer(town: Town) -> None:
    play = signed(town).do(triage.supervise, town.supervisor, "请说明进展")
    assert play.ticket.order_pending
    assert play.told("supervised") == ["cadre"]
    order = db.session.scalars(select(Order)).one()
    assert order.due_at == local("2026-03-04 17:30")
    with pytest.raises(InvalidTransition):
        play.do(triage.supervise, town.leader, "再催一次")
    play.later(60).do(handle.answer_order, town.cadre, "本周办结")
    db.session.refresh(order)
    assert (order.answered_at, order.answer) == (play.now, "本周办结")
    assert not play.ticket.order_pending
    assert play.told("order_answered") == ["supervisor"]
    with pytest.raises(InvalidTransition):
        play.do(handle.answer_order, town.cadre, "再答一次")


def test_confirmation_closes_with_the_proposed_outcome_and_a_rating(town: Town) -> None:
    play = assigned(town).to_confirmation().later(60)
    for rating in (0, 6):
        with pytest.raises(Invalid):
            play.do(confirmation.confirm, town.firm, rating)
    ticket = play.confirm().ticket
    assert (ticket.status, ticket.outcome, ticket.confirmation, ticket.rating) == (
        "closed",
        "solved",
        "confirmed",
        5,
    )
    assert (ticket.next_clock, ticket.next_due_at, ticket.closed_at) == (None, None, play.now)
    assert play.states()["confirm"] == "stopped"
    assert play.told("confirmed") == ["cadre"]


def test_a_dispute_opens_a_second_round_and_leaves_the_first_as_it_was(town: Town) -> None:
    play = assigned(town).to_confirmation()
    first = {kind: rows(play, kind) for kind in ("contact", "reply", "resolve", "sign", "accept")}
    play.later(to="2026-03-05 09:00").do(confirmation.dispute, town.firm, 2, "银行没有续贷")
    ticket = play.ticket
    assert (ticket.status, ticket.round, ticket.assignee_id) == ("in_progress", 2, town.cadre.id)
    assert (ticket.proposed_outcome, ticket.author_id) == (None, None)
    assert play.states(2) == {"contact": "running", "reply": "running", "resolve": "running"}
    assert shown(play.clock("resolve", 2).due_at) == "2026-03-26 17:30"
    assert {kind: rows(play, kind) for kind in first} == first
    assert play.states()["confirm"] == "stopped"
    assert play.told("disputed") == ["cadre"]
    play.resolve().approve().confirm()
    assert {kind: rows(play, kind) for kind in first} == first


def rows(play, kind: str) -> tuple:
    clock = play.clock(kind)
    return (clock.id, clock.state, clock.due_at, clock.original_due_at, clock.stopped_at)
