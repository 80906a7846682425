"""`sla repair` finds clocks and timers that disagree; a dry run changes nothing (lessons.md 18)."""

import json

from flask import Flask
from sqlalchemy import delete, select, update

from portal.db import transaction
from portal.extensions import db
from portal.sla.lateness import standing
from portal.sla.models import Clock, Timer
from portal.sla.repair import Change, repair
from portal.sla.sweep import sweep
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, handle
from tests.factories import Town
from tests.service.stages import Play, assigned, local, signed


def armed(play: Play) -> list[tuple]:
    """Clock, level and instant of every armed timer of the ticket."""
    db.session.rollback()
    query = select(Clock.kind, Timer.level, Timer.fire_at).join(Timer, Timer.clock_id == Clock.id)
    query = query.where(Clock.ticket_id == play.ticket_id, Timer.state == "armed")
    return sorted(tuple(row) for row in db.session.execute(query))


def test_a_sound_database_needs_no_repair(town: Town) -> None:
    signed(town).do(handle.ask_info, town.cadre, "请补充")
    assigned(town).to_confirmation().confirm()
    play = signed(town).later(to="2026-03-30 17:31")
    sweep(play.now)
    assert repair(play.now) == []


def test_what_is_missing_is_armed_again_and_a_dry_run_only_says_so(town: Town) -> None:
    play = signed(town)
    before = armed(play)
    with transaction() as session:
        session.execute(delete(Timer).where(Timer.clock_id == play.clock("resolve").id))
    found = repair(play.now, dry_run=True)
    levels = ("warn", "due", "order", "elevate")
    assert found == [Change(play.ticket.number, "armed", "resolve", levels)]
    assert len(armed(play)) == len(before) - 4
    assert repair(play.now) == found
    assert armed(play) == before
    assert repair(play.now) == []


def test_what_was_missed_meanwhile_fires_once_after_the_repair(town: Town) -> None:
    play = signed(town).do(handle.reply, town.cadre, "正在协调")
    with transaction() as session:
        session.execute(delete(Timer).where(Timer.clock_id == play.clock("resolve").id))
    play.later(to="2026-03-24 09:00")
    assert repair(play.now)[0].levels == ("due", "order", "elevate")
    sweep(play.now)
    sweep(play.now)
    assert play.events().count("breach") == 1


def test_timers_of_ended_clocks_are_cancelled(town: Town) -> None:
    play = assigned(town).do(applicant.withdraw, town.firm, "不办了")
    with transaction() as session:
        session.execute(update(Timer).values(state="armed", fired_at=None))
    changes = repair(play.now)
    assert {change.what for change in changes} == {"cancelled"}
    assert armed(play) == []


def test_the_nearest_due_is_put_right(town: Town) -> None:
    play = signed(town)
    right = play.ticket.next_due_at
    with transaction() as session:
        session.execute(update(Ticket).values(next_due_at=local("2030-01-01 09:00")))
    assert [change.what for change in repair(play.now)] == ["nearest"]
    assert play.ticket.next_due_at == right


def test_the_commands_print_json(app: Flask, town: Town) -> None:
    signed(town)
    runner = app.test_cli_runner()
    said = json.loads(runner.invoke(args=["sla", "repair", "--dry-run", "--json"]).stdout)
    assert said["dry_run"] is True
    status = json.loads(runner.invoke(args=["sla", "status", "--json"]).stdout)
    assert set(status) == {"armed", "due", "fired", "p50", "p99"}
    assert status["armed"] > 0


def test_lateness_is_fired_minus_due(town: Town) -> None:
    play = assigned(town).later(to="2026-03-02 11:01")
    sweep(play.now)
    found = standing(play.now)
    assert (found.fired, found.p50, found.due) == (2, 59.0, 0)  # due at 11:00:01
