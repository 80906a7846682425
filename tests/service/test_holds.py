"""Holds: a promised date, reports on the way, clocks that run on (domain.md §2)."""

from datetime import date

import pytest

from portal.errors import Invalid
from portal.sla import sweep as job
from portal.sla.sweep import sweep
from portal.tickets.service import applicant, handle, hold
from tests.factories import Town
from tests.service.stages import Play, local, signed


def swept(play: Play, at: str) -> Play:
    """What the system does at a local instant; the play has come to it."""
    assert sweep(play.later(to=at).now).failed == 0
    return play


def held(town: Town, promised: str = "2026-03-20", report: str = "2026-03-10") -> Play:
    """A ticket on hold since Monday."""
    play = signed(town)
    days = date.fromisoformat(promised), date.fromisoformat(report)
    play.do(hold.ask_hold, play.who, "funds", "预算下月到位", *days, play.who.id)
    return play.do(hold.hold, town.supervisor, "同意挂账")


def test_a_hold_keeps_every_clock_running_and_ends_on_the_promised_date(town: Town) -> None:
    play = held(town)
    assert (play.status, str(play.ticket.held_until)) == ("on_hold", "2026-03-20")
    assert play.states()["resolve"] == "running"
    assert play.told("hold_granted") == ["cadre"]
    assert play.told("held") == ["firm"]
    play.later(to="2026-03-10 09:00").do(handle.reply, play.who, "预算已上会")
    swept(play, "2026-03-20 08:29")
    assert play.status == "on_hold"
    sweep(local("2026-03-20 08:30"))
    assert (play.status, play.ticket.held_until) == ("in_progress", None)
    assert play.told("hold_over") == ["cadre"]
    assert play.told("resumed") == ["firm"]
    swept(play, "2026-03-23 09:00")
    assert play.events().count("resume") == 1


def test_reports_are_asked_for_and_missed_ones_are_told(town: Town) -> None:
    play = held(town, "2026-05-08", "2026-03-10")
    swept(play, "2026-03-10 08:30")
    assert play.told("report") == ["cadre"]
    assert play.told("report_late") == []
    swept(play, "2026-03-11 08:31")
    assert play.told("report_late") == ["supervisor"]
    assert str(hold.running(play.ticket).report_on) == "2026-04-10"
    play.later(to="2026-04-02 10:00").do(handle.reply, play.who, "资金已下达一半")
    assert str(hold.running(play.ticket).report_on) == "2026-05-02"
    swept(play, "2026-04-13 09:00")
    assert len(play.told("report")) == 1


def test_after_a_stop_the_hold_tells_only_the_furthest(town: Town) -> None:
    play = held(town)
    swept(play, "2026-03-25 09:00")
    assert (play.status, play.told("report"), play.told("report_late")) == ("in_progress", [], [])


def test_the_cadre_resumes_and_an_ending_leaves_nothing_waiting(town: Town) -> None:
    play = held(town)
    play.do(hold.resume, play.who, "条件已具备")
    assert play.status == "in_progress"
    other = held(town)
    other.do(applicant.withdraw, town.firm, "不办了")
    assert other.ticket.held_until is None
    assert not job.petition_due.waiting(local("2026-12-20 09:00"))


def test_a_hold_needs_a_working_day_a_report_and_an_owner_of_the_unit(town: Town) -> None:
    play = signed(town)
    good, report = date(2026, 3, 20), date(2026, 3, 10)
    for days, owner in (
        ((date(2026, 3, 21), report), town.cadre.id),
        ((good, date(2026, 4, 30)), town.cadre.id),
        ((good, report), town.labour.id),
    ):
        with pytest.raises(Invalid):
            play.do(hold.ask_hold, play.who, "funds", "…", *days, owner)
    play.do(hold.ask_hold, play.who, "funds", "…", good, report, town.reviewer.id)
    play.do(hold.refuse_hold, town.leader, "继续办理")
    assert (play.status, play.told("hold_refused")) == ("in_progress", ["cadre"])
