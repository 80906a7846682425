"""How tickets end, and what can follow an ending: no timer survives, the history does."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.errors import Invalid, InvalidTransition
from portal.extensions import db
from portal.sla.models import Clock, Pause
from portal.tickets.order_models import Order
from portal.tickets.petition_models import Petition
from portal.tickets.service import applicant, confirmation, handle, triage
from tests.factories import Town
from tests.service.stages import Play, assigned, file, in_triage, local, shown, signed


def withdraw(play: Play) -> Play:
    return play.do(applicant.withdraw, play.town.firm, "问题已自行解决")


def terminate(play: Play) -> Play:
    return play.do(triage.terminate, play.town.supervisor, "企业已注销")


def transfer(play: Play) -> Play:
    return play.do(triage.transfer, play.town.dispatcher, "市信访局", "属信访事项")


def merge(play: Play) -> Play:
    other = file(play.town, now=play.now)
    return play.do(triage.merge, play.town.dispatcher, other.ticket.number, "同一件事")


def needs_info(town: Town) -> Play:
    return signed(town).do(handle.ask_info, town.cadre, "请补充贷款合同").later(30)


STAGES: dict[str, Callable[[Town], Play]] = {
    "submitted": file,
    "triage": in_triage,
    "assigned": assigned,
    "in_progress": signed,
    "needs_info": needs_info,
    "in_review": lambda town: signed(town).resolve(),
    "awaiting_confirmation": lambda town: assigned(town).to_confirmation(),
}
ENDINGS: dict[str, Callable[[Play], Play]] = {
    "withdrawn": withdraw,
    "terminated": terminate,
    "merged": merge,
    "transferred": transfer,
}
NOT_LISTED = {(stage, "transferred") for stage in STAGES} - {
    (stage, "transferred") for stage in ("submitted", "triage", "assigned", "in_progress")
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("outcome", ENDINGS)
def test_every_ending_cancels_every_timer_and_keeps_every_due(
    town: Town, stage: str, outcome: str
) -> None:
    play = STAGES[stage](town)
    assert play.status == stage
    if (stage, outcome) in NOT_LISTED:
        with pytest.raises(InvalidTransition):
            ENDINGS[outcome](play)
        return
    kinds = set(play.states())
    assert play.timers() > 0
    ticket = ENDINGS[outcome](play.later(10)).ticket
    assert (ticket.status, ticket.outcome, ticket.closed_at) == ("closed", outcome, play.now)
    assert (ticket.next_clock, ticket.next_due_at, ticket.paused_at) == (None, None, None)
    assert play.timers() == 0
    clocks = db.session.scalars(select(Clock).where(Clock.ticket_id == play.ticket_id)).all()
    assert {clock.kind for clock in clocks} == kinds
    assert {clock.state for clock in clocks} <= {"stopped", "cancelled"}
    assert all(clock.due_at and clock.original_due_at for clock in clocks)
    assert db.session.scalar(select(Pause.id).where(Pause.ended_at.is_(None))) is None
    told = "withdrawn" if outcome == "withdrawn" else outcome
    readers = play.told(told)
    assert ("firm" in readers) == (outcome != "withdrawn")


def test_confirmation_leaves_no_timer(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    assert play.timers() == 0
    assert shown(play.clock("resolve").due_at) == "2026-03-23 17:30"


def test_a_rejection_names_reason_and_channel_and_meets_the_accept_clock(town: Town) -> None:
    play = in_triage(town)
    args = ("court", "人民法院", "已在诉讼中")
    with pytest.raises(Invalid):
        play.do(triage.reject, town.dispatcher, "no_such_reason", "人民法院", "…")
    ticket = play.do(triage.reject, town.dispatcher, *args).ticket
    assert (ticket.status, ticket.outcome, ticket.accepted_at) == ("closed", "rejected", None)
    assert play.states() == {"accept": "stopped"}
    assert play.event().payload["right_channel"] == "人民法院"
    assert play.told("rejected") == ["firm"]
    with pytest.raises(InvalidTransition):
        signed(town).do(triage.reject, town.dispatcher, *args)


def test_a_merged_ticket_points_on(town: Town) -> None:
    play, into = assigned(town), assigned(town)
    number = into.ticket.number
    ticket = play.do(triage.merge, town.dispatcher, number, "同一件事").ticket
    assert ticket.merged_into_id == into.ticket_id
    assert play.event().payload["into"] == number
    assert into.status == "assigned"


def test_only_open_tickets_of_the_same_firm_are_merged(town: Town) -> None:
    play = assigned(town)
    other_firm = file(town, who=town.other)
    closed = withdraw(assigned(town))
    for number in (
        other_firm.ticket.number,
        closed.ticket.number,
        play.ticket.number,
        "SQ20260302-999999",
        "",
    ):
        with pytest.raises(Invalid) as error:
            play.do(triage.merge, town.dispatcher, number, "同一件事")
        assert error.value.field == "into_number"
    assert play.status == "assigned"


def test_an_ending_ends_orders_and_petitions_too(town: Town) -> None:
    play = signed(town).do(triage.supervise, town.supervisor, "请说明进展")
    play.do(handle.ask_return, town.cadre, "not_ours", "不归我们管")
    ticket = withdraw(play.later(5)).ticket
    assert (ticket.order_pending, ticket.return_pending) == (False, False)
    assert db.session.scalars(select(Order.cancelled_at)).one() == play.now
    assert db.session.scalars(select(Petition.state)).one() == "expired"


def test_silence_closes_as_unconfirmed(town: Town) -> None:
    play = lapsed(town)
    ticket = play.ticket
    assert (ticket.status, ticket.outcome, ticket.confirmation) == (
        "closed",
        "solved",
        "unconfirmed",
    )
    assert ticket.rating is None
    assert play.told("lapsed") == ["cadre", "firm"]


def lapsed(town: Town) -> Play:
    play = assigned(town).to_confirmation().later(to="2026-03-09 17:31")
    with transaction():
        confirmation.lapse_confirmation(play.ticket_id, play.now)
    return play


def test_the_firm_reopens_within_fifteen_working_days(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    play.later(to="2026-03-23 17:30").do(confirmation.reopen, town.firm, "银行又抽贷了")
    ticket = play.ticket
    assert (ticket.status, ticket.round, ticket.outcome, ticket.closed_at) == (
        "in_progress",
        2,
        None,
        None,
    )
    assert ticket.confirmation is None
    assert play.states(2) == {"contact": "running", "reply": "running", "resolve": "running"}
    assert play.told("reopened") == ["cadre"]


def test_a_day_later_it_is_too_late(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    play.later(to="2026-03-23 17:31")
    with pytest.raises(InvalidTransition, match="15 个工作日"):
        play.do(confirmation.reopen, town.firm, "银行又抽贷了")


def test_a_withdrawn_ticket_stays_withdrawn(town: Town) -> None:
    play = withdraw(assigned(town))
    with pytest.raises(InvalidTransition):
        play.do(confirmation.reopen, town.firm, "又想办了")


def test_a_call_back_with_a_yes_counts_as_solved(town: Town) -> None:
    play = lapsed(town).later(60)
    ticket = play.do(confirmation.call_back, town.supervisor, True, "电话确认已解决").ticket
    assert (ticket.status, ticket.confirmation, ticket.call_back_solved) == (
        "closed",
        "call_back",
        True,
    )
    with pytest.raises(InvalidTransition):
        play.do(confirmation.call_back, town.supervisor, True, "再打一次")


def test_a_call_back_with_a_no_opens_a_new_round(town: Town) -> None:
    play = lapsed(town).later(60)
    ticket = play.do(confirmation.call_back, town.leader, False, "没有解决").ticket
    assert (ticket.status, ticket.round, ticket.confirmation) == ("in_progress", 2, None)
    assert play.events()[-2:] == ["call_back", "reopen"]
    assert play.told("reopened") == ["cadre", "firm"]


def test_nobody_calls_back_who_has_confirmed(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    with pytest.raises(InvalidTransition):
        play.do(confirmation.call_back, town.supervisor, True, "…")


def test_a_second_closing_after_a_reopening_has_its_own_window(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    play.later(to="2026-03-20 09:00").do(confirmation.reopen, town.firm, "银行又抽贷了")
    play.resolve().approve().confirm()
    assert play.ticket.reopen_until == local("2026-04-13 17:30")
