"""The faults of other systems' clocks, lessons.md 1–17, each shown not to be ours; what is
only arithmetic is in test_lessons_calendar.py."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.db import transaction
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.sla.calendar_data import china_calendar
from portal.sla.calendars import current_calendar_id
from portal.sla.default_policy import PROFILES, to_json
from portal.sla.models import Clock, Pause, Policy, Timer
from portal.sla.sweep import sweep
from portal.tickets import pages, queries
from portal.tickets.models import TicketEvent
from portal.tickets.service import applicant, assign, handle, recompute, triage
from tests.factories import Town
from tests.pages import Visitor
from tests.service.stages import Play, assigned, in_triage, local, shown, signed

CN = china_calendar()
LATE = local("2026-03-02 11:01")  # sign and contact of a ticket of 09:00 were due at 11:00


def events(play: Play, action: str, clock: str) -> list[TicketEvent]:
    """The sweep's records of one clock."""
    db.session.rollback()
    query = select(TicketEvent).where(
        TicketEvent.ticket_id == play.ticket_id, TicketEvent.action == action
    )
    found = db.session.scalars(query.order_by(TicketEvent.seq))
    return [event for event in found if event.payload["clock"] == clock]


def rows(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@contextmanager
def profile(name: str) -> Iterator[None]:
    """Another policy is in force for a while."""
    for chosen in (name, "default"):
        with transaction() as session:
            session.execute(update(Policy).values(current=False))
            session.execute(update(Policy).where(Policy.profile == chosen).values(current=True))
        if chosen == name:
            yield


def test_lesson_01_an_escalation_level_fires_once(town: Town) -> None:
    play = signed(town).later(to="2026-03-02 11:01")
    for _ in range(4):
        sweep(play.now)
    assert len(events(play, "breach", "contact")) == 1
    assert len(play.told("breach")) == 2  # the cadre and the reviewer, each once
    fired = select(Timer).where(Timer.clock_id == play.clock("contact").id, Timer.level == "due")
    timer = db.session.scalars(fired).one()
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(
            Timer(clock_id=timer.clock_id, level="due", generation=timer.generation, fire_at=LATE)
        )


def test_lesson_02_a_pause_survives_a_change_of_priority_and_policy(town: Town) -> None:
    play = signed(town).later(to="2026-03-03 10:00")
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    with transaction():
        play.ticket.urgency = "urgent"
    with profile("zhuhai"):
        play.later(to="2026-03-05 10:00").do(applicant.supply_info, town.firm, "见附件")
    assert shown(play.clock("resolve").due_at) == "2026-03-25 17:30"
    pause = db.session.scalars(select(Pause)).one()
    assert (pause.ticket_id, shown(pause.ended_at)) == (play.ticket_id, "2026-03-05 10:00")


def test_lesson_03_nothing_is_breached_while_pending(town: Town) -> None:
    play = signed(town).do(handle.ask_info, town.cadre, "请补充贷款合同")
    with transaction() as session:  # a timer that was left behind
        left = Timer.clock_id == play.clock("contact").id
        session.execute(update(Timer).where(left).values(state="armed"))
    sweep(LATE)
    assert events(play, "breach", "contact") == []


def test_lesson_06_instants_are_stored_and_durations_derived(town: Town) -> None:
    play = signed(town).later(90)
    play.do(handle.record_contact, town.cadre, "phone", "已联系")
    with profile("jiangmen"):
        clock = play.clock("contact")
        assert clock.stopped_at is not None
        instants = [clock.started_at, clock.due_at, clock.stopped_at]
    assert [shown(one) for one in instants] == [
        "2026-03-02 09:00",
        "2026-03-02 11:00",
        "2026-03-02 10:30",
    ]
    assert CN.minutes_between(instants[0], instants[2]) == 90


def test_lesson_07_a_pause_that_ends_by_closing_is_counted(town: Town, visit: Visitor) -> None:
    play = signed(town).later(to="2026-03-03 10:00")
    play.do(handle.ask_info, town.cadre, "请补充贷款合同")
    play.later(to="2026-03-05 10:00").do(applicant.withdraw, town.firm, "不办了")
    clock = play.clock("resolve")
    assert (clock.due_at, clock.due_at.utcoffset()) == (
        datetime(2026, 3, 25, 9, 30, tzinfo=UTC),
        timedelta(0),
    )
    page = visit.get("firm", f"/tickets/{play.ticket.number}/explain")
    assert "3月25日(周三)17:30" in page.words  # UTC in, local out


def test_lesson_08_a_breach_shows_although_nobody_saves(town: Town) -> None:
    play = signed(town)
    version = play.ticket.version
    sweep(local("2026-03-02 11:00") + timedelta(seconds=1))
    (breach,) = events(play, "breach", "contact")
    assert (breach.actor_role, play.ticket.version) == ("system", version)


def test_lesson_10_nobody_is_told_at_night_or_at_the_weekend(town: Town) -> None:
    with profile("jiangmen"):  # 60 plain minutes for the first contact
        play = signed(town, local("2026-03-06 16:50"))
    escalations = select(func.count()).where(Notice.kind.in_(("warn", "breach", "digest")))
    for at in ("2026-03-06 17:51", "2026-03-06 23:59", "2026-03-07 10:00", "2026-03-09 08:29"):
        sweep(play.later(to=at).now)
        play.relay()
        assert db.session.scalar(escalations) == 0
    assert len(events(play, "breach", "contact")) == 1
    assert set(play.later(to="2026-03-09 08:30").told("breach")) == {"cadre", "reviewer"}


def test_lesson_11_the_second_reminder_of_a_day_is_not_swallowed(town: Town) -> None:
    play = assigned(town)
    sweep(play.later(to="2026-03-02 10:37").now)
    play.do(assign.reassign, town.supervisor, town.cadre2.id, "请假")
    sweep(play.later(to="2026-03-02 14:00").now)
    warned = events(play, "warn", "sign")
    assert [shown(datetime.fromisoformat(one.payload["due"])) for one in warned] == [
        "2026-03-02 11:00",
        "2026-03-02 14:07",
    ]
    keys = select(Message.key).where(Message.key.contains(":sign") | Message.key.contains("warn:"))
    found = list(db.session.scalars(keys))
    assert len(found) == len(set(found)) >= 2


ENDINGS: dict[str, Callable[[Play, Town], object]] = {
    "merge": lambda play, town: play.do(triage.merge, town.dispatcher, other(town), "重复"),
    "reject": lambda play, town: play.do(
        triage.reject, town.dispatcher, "not_enterprise", "信访局", "请走信访渠道"
    ),
    "transfer": lambda play, town: play.do(triage.transfer, town.dispatcher, "省厅", "权限在省"),
    "terminate": lambda play, town: play.do(triage.terminate, town.supervisor, "企业注销"),
    "withdraw": lambda play, town: play.do(applicant.withdraw, town.firm, "不办了"),
}


def other(town: Town) -> str:
    return in_triage(town, local("2026-03-02 09:30")).ticket.number


@pytest.mark.parametrize("ending", sorted(ENDINGS))
def test_lesson_12_what_has_ended_does_not_escalate(town: Town, ending: str) -> None:
    play = in_triage(town)
    assert play.timers() > 0
    ENDINGS[ending](play, town)
    assert (play.status, play.timers()) == ("closed", 0)
    sweep(local("2026-06-01 09:00"))
    assert not {"warn", "breach", "remind"} & set(play.events())


def test_lesson_12_what_a_new_policy_does_not_promise_ends(town: Town) -> None:
    play = signed(town)
    rules = [rule for rule in to_json(PROFILES["default"]) if rule["clock"] != "contact"]
    policy = Policy(profile="trial", version=1, rules=rules)
    db.session.add(policy)
    db.session.flush()
    recompute.by_policy(play.ticket_id, policy, current_calendar_id(), play.now)
    db.session.flush()
    clock = db.session.scalars(select(Clock).where(Clock.kind == "contact")).one()
    armed = select(Timer).where(Timer.clock_id == clock.id, Timer.state == "armed")
    assert (clock.state, db.session.scalars(armed).all()) == ("cancelled", [])
    db.session.rollback()


def test_lesson_13_the_officer_s_answer_ends_the_promise_the_firm_s_does_not(town: Town) -> None:
    play = signed(town).do(applicant.comment, town.firm, "很急")
    assert play.clock("reply").state == "running"
    play.do(handle.reply, town.cadre, "正在协调").later(60)
    play.do(applicant.comment, town.firm, "还有一点")
    sweep(local("2026-03-06 09:00"))
    assert (play.clock("reply").state, events(play, "breach", "reply")) == ("stopped", [])


def test_lesson_14_an_import_tells_nobody(app: Flask, ctx: None, tmp_path: Path) -> None:
    path = tmp_path / "messages.csv"
    path.write_text(
        "message_id,user_id,subject,submitted_at,body,reply,replied_at\n"
        "1,U1,路灯,2019-09-29T10:00:00,坏了,已修,2019-12-10T09:00:00\n",
        encoding="utf-8",
    )
    args = ["tickets", "import", str(path), "--profile", "messages", "--json"]
    assert json.loads(app.test_cli_runner().invoke(args=args).stdout)["added"] == 1
    sweep(local("2026-03-02 09:00"))
    assert (rows(Message), rows(Notice), rows(Timer)) == (0, 0, 0)


def test_lesson_15_closing_keeps_the_due_dates(town: Town) -> None:
    play = assigned(town).to_confirmation()
    before = [shown(play.clock(kind).due_at) for kind in ("contact", "reply", "resolve", "confirm")]
    play.confirm()
    assert before == [
        "2026-03-02 11:00",
        "2026-03-05 17:30",
        "2026-03-23 17:30",
        "2026-03-09 17:30",
    ]
    assert before == [
        shown(play.clock(kind).due_at) for kind in ("contact", "reply", "resolve", "confirm")
    ]


@pytest.mark.parametrize(
    ("at", "light"),
    [
        ("2026-03-18 17:29", "green"),
        ("2026-03-18 17:30", "yellow"),
        ("2026-03-23 17:30", "yellow"),
        ("2026-03-23 17:31", "red"),
    ],
)
def test_lesson_17_page_list_and_sweep_agree_and_all_end_with_the_resolution(
    app: Flask, town: Town, at: str, light: str
) -> None:
    play = signed(town).do(handle.reply, town.cadre, "正在协调")
    sweep(play.later(to=at).now)
    told = {"green": [], "yellow": ["warn"]}.get(light, ["warn", "breach"])
    assert [one for one in play.events() if one in ("warn", "breach")] == told[-1:]
    ticket = play.ticket
    with app.test_request_context():
        (row,) = pages.rows([ticket], play.now)
        (view,) = pages.clock_views(ticket, play.now)
    listed = queries.counts(town.supervisor, play.now)
    assert (row["light"], view.light) == (light, light)
    assert [name for (_, name), count in listed.items() if count] == [light]
    play.resolve().approve()
    assert (play.clock("resolve").state, play.ticket.next_clock) == ("stopped", "confirm")
    sweep(play.later(60).now)
    assert [one for one in play.events() if one in ("warn", "breach")] == told[-1:]
