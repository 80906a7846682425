"""The sweep fires each level of each clock once, whoever runs it, however late (domain.md §3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from portal.db import transaction
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay
from portal.sla import sweep as job
from portal.sla.models import Clock, Timer
from portal.sla.sweep import sweep
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import applicant, confirmation, handle
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, file, in_triage, local, shown, signed

LATE_MORNING = local("2026-03-02 11:01")  # sign and contact were due at 11:00


def counted(action: str) -> int:
    db.session.rollback()
    query = select(func.count()).where(TicketEvent.action == action)
    return db.session.scalar(query) or 0


def snapshot() -> list:
    """Everything that a sweep could change."""
    db.session.rollback()
    return [
        db.session.execute(select(Timer.id, Timer.state).order_by(Timer.id)).all(),
        db.session.execute(select(Clock.id, Clock.state).order_by(Clock.id)).all(),
        db.session.execute(select(Ticket.id, Ticket.status, Ticket.event_count)).all(),
        db.session.execute(select(func.count(TicketEvent.id))).all(),
    ]


def states(play: Play, kind: str) -> dict[str, str]:
    """The state of each timer of a clock by level."""
    db.session.rollback()
    query = select(Timer).where(Timer.clock_id == play.clock(kind).id)
    return {timer.level: timer.state for timer in db.session.scalars(query)}


def test_four_sweeps_at_once_fire_two_hundred_timers_once(app: Flask, town: Town) -> None:
    for _ in range(100):
        file(town)
    relay.drain(lambda: MONDAY)

    def run(_: int) -> job.Swept:
        with app.app_context():
            try:
                return sweep(LATE_MORNING, batch=25)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))
    results.append(sweep(LATE_MORNING))  # what a locked ticket kept from its sweep
    assert sum(result.fired for result in results) == 200
    assert sum(result.skipped for result in results) == 200
    assert sum(result.failed for result in results) == 0
    assert (counted("sign"), counted("breach"), counted("warn")) == (100, 100, 0)
    relay.drain(lambda: LATE_MORNING)
    notices = [one.params["items"] for one in db.session.scalars(select(Notice)) if one.params]
    told = [item["number"] for items in notices for item in items if item["kind"] == "breach"]
    assert len(told) == 200  # each to its cadre and to the reviewer


def test_a_second_sweep_changes_nothing(town: Town) -> None:
    assigned(town)
    in_triage(town)
    assert sweep(LATE_MORNING).fired == 2
    before = snapshot()
    for _ in range(2):
        swept = sweep(LATE_MORNING)
        assert (swept.fired, swept.skipped, swept.failed) == (0, 0, 0)
    assert snapshot() == before


def test_the_job_is_safe_to_run_twice(town: Town) -> None:
    play = assigned(town)  # years ago by now: everything that can be missed is missed
    job.run()
    before = snapshot()
    job.run()
    assert snapshot() == before
    assert play.status == "in_progress"


def test_after_a_stop_only_the_highest_level_fires(town: Town) -> None:
    play = signed(town)
    swept = sweep(local("2026-03-24 09:00"))
    # contact, verify, reply and resolve are all over; of each the lower levels are skipped.
    assert (swept.fired, swept.skipped) == (4, 6)
    assert (counted("breach"), counted("warn")) == (3, 0)
    for kind in ("contact", "verify"):
        assert states(play, kind) == {"warn": "skipped", "due": "fired"}
    lower = {"warn": "skipped", "due": "skipped", "order": "skipped", "elevate": "fired"}
    assert states(play, "reply") == lower
    ahead = {"order": "armed", "elevate": "armed"}
    assert states(play, "resolve") == {"warn": "skipped", "due": "fired", **ahead}
    assert (counted("supervise"), counted("elevate")) == (0, 1)


def test_yellow_and_red_come_in_time_each_with_its_readers(town: Town) -> None:
    play = signed(town)
    play.do(handle.reply, town.cadre, "正在协调")
    sweep(play.clock("resolve").warn_at - timedelta(seconds=1))
    assert (counted("warn"), counted("breach")) == (0, 0)
    sweep(play.later(to=shown(play.clock("resolve").warn_at)).now)
    assert (counted("warn"), play.told("warn")) == (1, ["cadre"])
    sweep(play.later(to="2026-03-23 17:30").now)
    assert counted("breach") == 0  # the due itself is in time
    sweep(play.later(1).now)
    assert (counted("breach"), play.told("breach")) == (1, ["cadre", "reviewer"])
    assert play.event().public is False


def test_what_nobody_has_accepted_is_told_to_the_dispatcher(town: Town) -> None:
    play = in_triage(town).later(to="2026-03-02 14:31")
    sweep(play.now)
    assert play.told("breach") == ["dispatcher"]


def test_the_system_signs_when_the_sign_clock_lapses(town: Town) -> None:
    play = assigned(town)
    sweep(local("2026-03-02 11:00"))
    assert play.status == "assigned"
    sweep(LATE_MORNING)
    query = select(TicketEvent).where(TicketEvent.action == "sign")
    event = db.session.scalars(query).one()
    assert (play.status, event.actor_role, event.at) == ("in_progress", "system", LATE_MORNING)
    assert play.clock("sign").stopped_at == LATE_MORNING


def test_an_unanswered_question_is_reminded_of_and_lapses(town: Town) -> None:
    play = signed(town).do(handle.ask_info, town.cadre, "请补充贷款合同")
    assert shown(play.clock("supply").due_at) == "2026-03-09 17:30"
    sweep(play.later(to=shown(play.clock("supply").warn_at)).now)
    assert (play.status, counted("remind")) == ("needs_info", 1)
    assert play.told("ask_info") == ["firm", "firm"]
    sweep(play.later(to="2026-03-09 17:31").now)
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.paused_at) == ("triage", None, None)
    assert shown(play.clock("resolve").due_at) == "2026-03-31 17:30"  # six closes later


def test_silence_after_two_reminders_closes_unconfirmed(town: Town) -> None:
    play = assigned(town).to_confirmation()
    for instant, reminders in (
        ("2026-03-04 17:29", []),
        ("2026-03-04 17:30", ["firm"]),
        ("2026-03-06 17:30", ["firm", "firm"]),
        ("2026-03-09 17:30", ["firm", "firm"]),
    ):
        sweep(play.later(to=instant).now)
        assert (play.status, play.told("remind")) == ("awaiting_confirmation", reminders)
    sweep(play.later(1).now)
    ticket = play.ticket
    assert (ticket.status, ticket.confirmation, ticket.outcome) == (
        "closed",
        "unconfirmed",
        "solved",
    )
    assert states(play, "confirm") == {"remind_1": "fired", "remind_2": "fired", "due": "fired"}


def test_a_confirmed_ticket_is_reminded_of_nothing(town: Town) -> None:
    assigned(town).to_confirmation().confirm()
    swept = sweep(local("2027-03-02 09:00"))
    assert (swept.fired, swept.skipped, swept.failed) == (0, 0, 0)


@pytest.mark.parametrize("instant", ["2026-03-02 11:01", "2026-06-01 09:00"])
def test_nothing_fires_for_what_is_closed(town: Town, instant: str) -> None:
    play = assigned(town).do(applicant.withdraw, town.firm, "不办了")
    before = snapshot()
    sweep(local(instant))
    assert snapshot() == before
    assert play.events() == ["submit", "route", "withdraw"]


def test_a_timer_left_behind_on_a_closed_ticket_is_skipped(town: Town) -> None:
    play = assigned(town).do(applicant.withdraw, town.firm, "不办了")
    with transaction() as session:
        session.execute(update(Timer).values(state="armed"))
    swept = sweep(local("2026-06-01 09:00"))
    assert (swept.fired, swept.failed) == (0, 0)
    assert play.timers() == 0
    assert play.events() == ["submit", "route", "withdraw"]


def test_a_paused_clock_does_not_fire_even_if_its_timer_is_armed(town: Town) -> None:
    play = signed(town).do(handle.ask_info, town.cadre, "请补充贷款合同")
    with transaction() as session:
        paused = Timer.clock_id == play.clock("contact").id
        session.execute(update(Timer).where(paused).values(state="armed"))
    sweep(LATE_MORNING)
    assert counted("breach") == 0


def test_a_timer_that_fails_stalls_no_other(town: Town) -> None:
    broken, sound = assigned(town), assigned(town)
    with transaction() as session:
        one = Ticket.id == broken.ticket_id
        session.execute(update(Ticket).where(one).values(status="triage"))  # cannot be signed
    swept = sweep(LATE_MORNING)
    assert swept.failed == 1
    assert not job.waiting(LATE_MORNING)  # it is tried again, but not each second
    assert job.waiting(LATE_MORNING + job.RETRY)
    assert sound.status == "in_progress"
    assert states(sound, "contact")["due"] == "fired"


def test_the_timer_process_sees_when_there_is_something_to_do(town: Town) -> None:
    play = assigned(town)
    first: datetime | None = db.session.scalar(select(func.min(Timer.fire_at)))
    assert first is not None
    assert not job.waiting(first - timedelta(seconds=1))
    assert job.waiting(first)
    sweep(first)
    assert not job.waiting(first)
    assert play.timers("fired") > 0


def test_a_disputed_ticket_is_escalated_by_its_second_round_only(town: Town) -> None:
    play = assigned(town).to_confirmation().later(60)
    play.do(confirmation.dispute, town.firm, 1, "银行没有续贷")
    sweep(local("2026-03-24 09:00"))
    query = select(TicketEvent.round).where(TicketEvent.action == "breach")
    assert set(db.session.scalars(query)) == {2}
