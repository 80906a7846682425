"""Clocks through the verbs: pauses move dues, breaches survive pauses, versions are frozen."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from portal.auth.models import User
from portal.db import transaction
from portal.directory.models import Category
from portal.extensions import db
from portal.sla.models import Clock, Pause, Policy, Timer
from portal.sla.sweep import sweep
from portal.tickets.models import TicketEvent
from portal.tickets.service import applicant, assign, handle
from tests.factories import Town
from tests.service.stages import Play, assigned, in_triage, local, shown, signed


def pause(play: Play, start: str, end: str) -> Play:
    """The cadre asks at `start`, the firm answers at `end`."""
    play.later(to=start).do(handle.ask_info, play.who, "请补充贷款合同")
    return play.later(to=end).do(applicant.supply_info, play.town.firm, "合同见附件")


def dues(play: Play) -> dict[str, str | None]:
    return {kind: shown(play.clock(kind).due_at) for kind in ("contact", "reply", "resolve")}


def test_day_targets_move_by_the_closes_of_business_in_the_pause(town: Town) -> None:
    play = signed(town)
    assert dues(play) == {
        "contact": "2026-03-02 11:00",
        "reply": "2026-03-05 17:30",
        "resolve": "2026-03-23 17:30",
    }
    pause(play, "2026-03-03 10:00", "2026-03-05 10:00")  # Tuesday's close and Wednesday's
    assert dues(play) == {
        "contact": "2026-03-04 11:00",  # 900 working minutes later, still in the past
        "reply": "2026-03-09 17:30",
        "resolve": "2026-03-25 17:30",
    }


def test_a_pause_within_one_day_moves_minutes_only(town: Town) -> None:
    play = pause(signed(town), "2026-03-02 09:30", "2026-03-02 14:30")
    # 09:30–12:00 and 13:30–14:30 are 210 working minutes.
    assert dues(play) == {
        "contact": "2026-03-02 16:00",
        "reply": "2026-03-05 17:30",
        "resolve": "2026-03-23 17:30",
    }


def test_a_pause_over_a_weekend_counts_the_friday_only(town: Town) -> None:
    play = pause(signed(town), "2026-03-06 16:30", "2026-03-09 08:30")
    assert shown(play.clock("resolve").due_at) == "2026-03-24 17:30"
    assert shown(play.clock("reply").due_at) == "2026-03-06 17:30"


def test_a_pause_over_the_national_day_counts_working_days_only(town: Town) -> None:
    play = signed(town, local("2025-09-29 10:00"))
    assert dues(play)["reply"] == "2025-10-10 17:30"
    assert dues(play)["resolve"] == "2025-10-27 17:30"
    pause(play, "2025-09-30 10:00", "2025-10-09 10:00")  # one close: 30 September
    assert dues(play)["reply"] == "2025-10-11 17:30"  # a Saturday that works
    assert dues(play)["resolve"] == "2025-10-28 17:30"


def test_two_pauses_add_up_and_the_original_due_moves_with_them(town: Town) -> None:
    play = pause(signed(town), "2026-03-03 10:00", "2026-03-04 10:00")
    pause(play, "2026-03-04 14:00", "2026-03-06 09:00")
    clock = play.clock("resolve")
    assert shown(clock.due_at) == "2026-03-26 17:30"
    assert clock.original_due_at == clock.due_at
    spans = db.session.execute(select(Pause.started_at, Pause.ended_at).order_by(Pause.id)).all()
    assert [(shown(a), shown(b)) for a, b in spans] == [
        ("2026-03-03 10:00", "2026-03-04 10:00"),
        ("2026-03-04 14:00", "2026-03-06 09:00"),
    ]


@pytest.fixture
def jiangmen() -> Iterator[None]:
    """The profile of plain hours and days is in force."""
    choose("jiangmen")
    yield
    db.session.rollback()
    choose("default")


def choose(profile: str) -> None:
    with transaction() as session:
        session.execute(update(Policy).values(current=False))
        session.execute(update(Policy).where(Policy.profile == profile).values(current=True))


def test_a_due_inside_a_holiday_moves_by_the_plain_duration(town: Town, jiangmen: None) -> None:
    play = signed(town, local("2025-09-29 10:00"))
    assert dues(play)["resolve"] == "2025-10-06 10:00"
    pause(play, "2025-09-30 10:00", "2025-10-02 12:00")
    assert dues(play)["resolve"] == "2025-10-08 12:00"


def test_a_change_of_policy_forgets_no_pause_and_no_promise(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-03 10:00").do(handle.ask_info, town.cadre, "请补充贷款合同")
    choose("zhuhai")
    try:
        play.later(to="2026-03-05 10:00").do(applicant.supply_info, town.firm, "见附件")
        assert dues(play)["resolve"] == "2026-03-25 17:30"
        assert play.clock("resolve").target == "15wd"
        assert shown(assigned(town).clock("resolve").due_at) == "2026-03-06 17:30"
    finally:
        choose("default")


def test_a_change_of_the_category_while_paused_does_not_lose_the_clock(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-03 10:00").do(handle.ask_info, town.cadre, "请补充贷款合同")
    category = db.session.get_one(Category, town.categories["融资"])
    category.complex = True
    db.session.commit()
    try:
        play.later(to="2026-03-05 10:00").do(applicant.supply_info, town.firm, "见附件")
        assert dues(play)["resolve"] == "2026-03-25 17:30"
    finally:
        db.session.get_one(Category, town.categories["融资"]).complex = False
        db.session.commit()


def breaches(play: Play, kind: str) -> int:
    db.session.rollback()
    query = select(TicketEvent).where(
        TicketEvent.ticket_id == play.ticket_id, TicketEvent.action == "breach"
    )
    return sum(event.payload["clock"] == kind for event in db.session.scalars(query))


def test_a_breach_just_before_a_pause_still_fires_once(town: Town) -> None:
    play = signed(town).later(to="2026-03-02 11:05")  # contact was due at 11:00, nobody swept
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    sweep(play.later(1).now)
    assert breaches(play, "contact") == 0
    play.later(to="2026-03-02 14:00").do(applicant.supply_info, town.firm, "见附件")
    sweep(play.later(1).now)
    sweep(play.later(1).now)
    assert breaches(play, "contact") == 1


def test_a_breach_that_fired_does_not_fire_again_after_the_pause(town: Town) -> None:
    play = signed(town).later(to="2026-03-02 11:05")
    sweep(play.now)
    assert breaches(play, "contact") == 1
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-02 14:00").do(applicant.supply_info, town.firm, "见附件")
    sweep(play.later(to="2026-03-03 08:31").now)
    assert breaches(play, "contact") == 1


def test_nothing_breaches_while_paused(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-02 10:30").do(handle.ask_info, town.cadre, "请补充贷款合同")
    sweep(play.later(to="2026-03-06 10:00").now)
    assert breaches(play, "contact") == breaches(play, "reply") == 0
    play.do(applicant.supply_info, town.firm, "见附件")
    assert shown(play.clock("contact").due_at) == "2026-03-06 10:30"
    sweep(local("2026-03-06 10:30"))
    assert breaches(play, "contact") == 0
    sweep(local("2026-03-06 10:31"))
    assert breaches(play, "contact") == 1


def test_a_clock_that_stops_while_paused_counts_the_pause_first(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-03 10:00").do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-06 10:00").do(handle.reply, town.cadre, "先答复一部分")
    clock = play.clock("reply")
    # Due on Thursday 5 March; three closes lay in the pause by Friday morning.
    assert (shown(clock.due_at), clock.state) == ("2026-03-10 17:30", "stopped")
    assert clock.stopped_at is not None
    assert clock.stopped_at < clock.due_at
    play.later(to="2026-03-09 09:00").do(applicant.supply_info, town.firm, "见附件")
    assert shown(play.clock("reply").due_at) == "2026-03-10 17:30"
    assert shown(play.clock("resolve").due_at) == "2026-03-27 17:30"


def test_a_withdrawal_while_paused_counts_the_pause_first(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-03 10:00").do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-05 10:00").do(applicant.withdraw, town.firm, "不办了")
    clock = play.clock("resolve")
    assert (shown(clock.due_at), clock.state) == ("2026-03-25 17:30", "cancelled")
    assert play.timers() == 0


def test_resuming_arms_a_new_generation_and_cancels_the_old_one(town: Town) -> None:
    play = pause(signed(town), "2026-03-03 10:00", "2026-03-05 10:00")
    query = select(Timer.level, Timer.generation, Timer.state, Timer.fire_at)
    rows = db.session.execute(
        query.where(Timer.clock_id == play.clock("resolve").id).order_by(Timer.id)
    ).all()
    assert [(level, generation, state) for level, generation, state, _ in rows] == [
        (level, generation, state)
        for generation, state in ((1, "cancelled"), (2, "armed"))
        for level in ("warn", "due", "order", "elevate")
    ]
    assert shown(rows[5].fire_at) == "2026-03-25 17:30"


def test_a_due_in_a_year_that_is_not_announced_is_provisional(town: Town) -> None:
    play = in_triage(town, local("2026-12-20 10:00"), category="用地用房")
    play.do(assign.dispatch, town.dispatcher, town.departments["finance"], None, "归口")
    clock = play.clock("resolve")
    assert (clock.target, clock.provisional) == ("30wd", True)
    assert clock.due_at.year == 2027
    reply = play.clock("reply")
    assert (shown(reply.due_at), reply.provisional) == ("2026-12-23 17:30", False)


def test_a_clock_freezes_its_policy_and_calendar(town: Town) -> None:
    clock = assigned(town).clock("resolve")
    assert db.session.get_one(Policy, clock.policy_id).profile == "default"
    assert (clock.calendar_id, clock.started_at) == (1, local("2026-03-02 09:00"))
    assert shown(clock.warn_at) == "2026-03-18 17:30"  # a fifth, three days, is left


def test_the_queue_sees_the_nearest_promise(town: Town) -> None:
    play = assigned(town)
    assert (play.ticket.next_clock, shown(play.ticket.next_due_at)) == ("sign", "2026-03-02 11:00")
    play.sign()
    assert play.ticket.next_clock == "contact"
    play.do(handle.record_contact, town.cadre, "phone", "已联系")
    assert (play.ticket.next_clock, shown(play.ticket.next_due_at)) == ("reply", "2026-03-05 17:30")
    play.do(handle.reply, town.cadre, "正在协调")
    assert play.ticket.next_clock == "resolve"


def test_who_left_keeps_the_history_of_their_clocks(town: Town) -> None:
    play = signed(town)
    db.session.get_one(User, town.cadre.id).active = False
    db.session.commit()
    play.do(assign.reassign, town.supervisor, town.cadre2.id, "调离")
    clocks = db.session.scalars(select(Clock.kind).where(Clock.kind == "sign")).all()
    assert len(clocks) == 2
