"""Provisional dues are counted anew when their year is loaded, in a run that can stop (issue 3)."""

from datetime import datetime

from sqlalchemy import func, select, update

from portal.db import transaction
from portal.extensions import db
from portal.sla import calendar_service, impact, recompute
from portal.sla import recompute_runs as runs
from portal.sla.calendars import current_calendar
from portal.sla.models import CalendarVersion, Clock, Recompute, Timer
from portal.tickets.models import TicketEvent
from portal.tickets.service import applicant, assign, extension, handle
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, in_triage, local, shown
from tests.service.versions import restored, table

__all__ = ["restored"]
COMPLEX = "用地用房"
TODAY = local("2026-11-23 09:00")
LOADED = local("2026-12-01 10:00")


def load(text: str = "") -> int:
    """Loads a table, by default the made-up 2027; the id of the new version."""
    with transaction():
        plan = calendar_service.plan_years(text or table())
        return calendar_service.apply(plan, "吴管", "2027.csv").id


def thirty(town: Town, now: datetime = TODAY) -> Play:
    """A ticket with 30 working days, from 2026-11-23 provisionally to 2027-01-05."""
    play = in_triage(town, now, COMPLEX)
    return play.do(assign.dispatch, town.dispatcher, town.departments["finance"], None, "用地")


def recompute_all(now: datetime = LOADED) -> Recompute:
    """Runs the job to its end; the newest run."""
    while recompute.work(lambda: now):
        pass
    db.session.expire_all()
    return (
        db.session.scalars(select(Recompute).order_by(Recompute.id.desc())).first() or Recompute()
    )


def recomputed(play: Play) -> list[TicketEvent]:
    query = select(TicketEvent).where(
        TicketEvent.ticket_id == play.ticket_id, TicketEvent.action == "recompute"
    )
    return list(db.session.scalars(query.order_by(TicketEvent.seq)))


def armed(clock: Clock) -> dict[str, tuple[int, str | None]]:
    """Generation and instant of each armed level."""
    query = select(Timer).where(Timer.clock_id == clock.id, Timer.state == "armed")
    return {t.level: (t.generation, shown(t.fire_at)) for t in db.session.scalars(query)}


def test_a_provisional_due_is_counted_anew_when_its_year_is_loaded(restored: Town) -> None:
    """Done-when 4."""
    play = thirty(restored)
    before = play.clock("resolve")
    seeded = before.calendar_id
    assert (shown(before.due_at), before.provisional) == ("2027-01-05 17:30", True)
    assert play.clock("reply").provisional is False
    version = load()
    run = recompute_all()
    clock = play.clock("resolve")
    assert (shown(clock.due_at), clock.provisional) == ("2027-01-07 17:30", False)
    assert (clock.original_due_at, clock.calendar_id) == (clock.due_at, version)
    assert shown(clock.warn_at) == "2026-12-25 17:30"  # a fifth of thirty days is left
    assert armed(clock)["due"] == (2, "2027-01-07 17:30")
    # What was not provisional keeps its version: old clocks are not rewritten.
    assert play.clock("reply").calendar_id == seeded
    (event,) = recomputed(play)
    assert (event.public, event.actor_role, event.at) == (True, "system", LOADED)
    assert {name: event.payload[name] for name in ("clock", "calendar", "provisional")} == {
        "clock": "resolve",
        "calendar": version,
        "provisional": False,
    }
    assert shown(datetime.fromisoformat(event.payload["old_due"])) == "2027-01-05 17:30"
    assert shown(datetime.fromisoformat(event.payload["new_due"])) == "2027-01-07 17:30"
    assert (run.state, run.total, run.seen, run.moved, run.failed) == ("done", 1, 1, 1, 0)


def test_the_nearest_promise_follows(restored: Town) -> None:
    play = thirty(restored)
    play.sign().do(handle.record_contact, play.who, "phone", "已联系")
    play.do(handle.reply, play.who, "正在协调土地指标")
    assert shown(play.ticket.next_due_at) == "2027-01-05 17:30"
    load()
    recompute_all()
    assert (play.ticket.next_clock, shown(play.ticket.next_due_at)) == (
        "resolve",
        "2027-01-07 17:30",
    )


def test_a_year_as_it_was_guessed_only_confirms(restored: Town) -> None:
    play = thirty(restored)
    load("day,kind,name,confirmed\n2027-01-01,holiday,元旦,1\n")
    run = recompute_all()
    clock = play.clock("resolve")
    assert (shown(clock.due_at), clock.provisional) == ("2027-01-05 17:30", False)
    assert [event.public for event in recomputed(play)] == [False]
    assert (run.seen, run.moved) == (1, 0)


def test_a_pause_and_an_extension_are_kept(restored: Town) -> None:
    play = thirty(restored).sign()
    play.later(to="2026-11-24 10:00").do(handle.ask_info, play.who, "请补充宗地图")
    play.later(to="2026-11-26 10:00").do(applicant.supply_info, restored.firm, "已补充")
    assert shown(play.clock("resolve").due_at) == "2027-01-07 17:30"
    clock_id = play.clock("resolve").id
    later = current_calendar().shift_days(play.clock("resolve").due_at, 10)
    with transaction() as session:
        session.execute(update(Clock).where(Clock.id == clock_id).values(due_at=later))
    assert shown(later) == "2027-01-21 17:30"
    load()
    recompute_all()
    clock = play.clock("resolve")
    # Two closes of business paused, ten days granted, by the new year's days.
    assert shown(clock.original_due_at) == "2027-01-09 17:30"  # a make-up Saturday
    assert shown(clock.due_at) == "2027-01-22 17:30"


def test_a_paused_clock_is_counted_and_armed_when_it_resumes(restored: Town) -> None:
    play = thirty(restored).sign()
    play.later(to="2026-11-24 10:00").do(handle.ask_info, play.who, "请补充宗地图")
    load()
    recompute_all(local("2026-11-25 10:00"))
    paused = play.clock("resolve")
    assert (paused.state, shown(paused.due_at)) == ("paused", "2027-01-07 17:30")
    assert armed(paused) == {}
    play.later(to="2026-11-26 10:00").do(applicant.supply_info, restored.firm, "已补充")
    assert shown(play.clock("resolve").due_at) == "2027-01-09 17:30"
    assert "due" in armed(play.clock("resolve"))


def test_a_due_that_comes_to_lie_in_the_new_year_follows_the_newest_calendar(
    restored: Town,
) -> None:
    play = thirty(restored, local("2026-11-18 09:00")).sign()
    assert shown(play.clock("resolve").due_at) == "2026-12-30 17:30"
    version = load()
    play.later(to="2026-11-24 10:00").do(handle.ask_info, play.who, "请补充宗地图")
    play.later(to="2026-11-26 10:00").do(applicant.supply_info, restored.firm, "已补充")
    clock = play.clock("resolve")
    assert (clock.calendar_id, clock.provisional) == (version, False)
    assert shown(clock.due_at) == "2027-01-06 17:30"  # not 2027-01-04, as the law alone has it


def test_an_extension_into_the_new_year_follows_the_newest_calendar(restored: Town) -> None:
    play = thirty(restored, local("2026-11-18 09:00")).sign()
    version = load()
    play.later(to="2026-11-24 10:00")
    play.do(extension.ask_extension, play.who, 5, "approval", "等待批复")
    play.do(extension.grant_extension, restored.supervisor, "同意")
    clock = play.clock("resolve")
    assert (clock.calendar_id, clock.provisional) == (version, False)
    assert shown(clock.original_due_at) == "2026-12-30 17:30"
    assert shown(clock.due_at) == "2027-01-09 17:30"  # the fifth day is a make-up Saturday


def test_a_second_run_and_a_second_job_change_nothing(restored: Town) -> None:
    plays = [thirty(restored) for _ in range(3)]
    load()
    assert recompute.waiting()
    assert recompute.work(lambda: LOADED, most=1) == 1  # a worker that dies after one ticket
    assert [len(recomputed(play)) for play in plays] == [1, 0, 0]
    run = recompute_all()
    assert not recompute.waiting()
    assert [len(recomputed(play)) for play in plays] == [1, 1, 1]
    assert (run.seen, run.moved) == (3, 3)
    with transaction():
        runs.again(run, "吴管")
    again = recompute_all()
    assert (again.total, again.seen) == (0, 0)
    assert [len(recomputed(play)) for play in plays] == [1, 1, 1]


def test_a_ticket_that_fails_stalls_no_other(restored: Town) -> None:
    broken, sound = thirty(restored), thirty(restored)
    with transaction() as session:
        one = Clock.ticket_id == broken.ticket_id, Clock.kind == "resolve"
        session.execute(update(Clock).where(*one).values(target="3 weeks"))
    load()
    run = recompute_all()
    assert (run.state, run.seen, run.moved, run.failed) == ("done", 2, 1, 1)
    assert shown(sound.clock("resolve").due_at) == "2027-01-07 17:30"
    assert broken.clock("resolve").provisional is True


def test_closed_tickets_and_ended_clocks_stay_as_they_were(restored: Town) -> None:
    play = thirty(restored)
    play.do(applicant.withdraw, restored.firm, "不办了")
    before = play.clock("resolve").due_at
    load()
    assert recompute_all().total == 0
    assert (play.clock("resolve").due_at, recomputed(play)) == (before, [])


def test_the_preview_counts_what_the_run_then_does(restored: Town) -> None:
    thirty(restored)
    thirty(restored, local("2026-10-12 09:00"))  # due in 2026: not provisional
    plan = calendar_service.plan_years(table())
    foreseen = impact.of_calendar(plan.calendar, LOADED)
    assert (foreseen.open, foreseen.moved, foreseen.overdue) == (1, 1, 0)
    assert db.session.scalar(select(func.count(CalendarVersion.id))) == 1
    load()
    assert recompute_all().moved == foreseen.moved


def test_clocks_of_another_day_are_not_provisional(restored: Town) -> None:
    assigned(restored, MONDAY)
    load()
    assert recompute_all().total == 0
