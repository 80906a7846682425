"""Petitions: asked, granted, refused, expired, each once, with its notices and its limits."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from portal.db import transaction
from portal.errors import Invalid, InvalidTransition, NotAllowed, Stale
from portal.extensions import db
from portal.kpi.conditions import Dimensions
from portal.kpi.periods import Period
from portal.kpi.queries import report
from portal.sla import sweep as job
from portal.sla.models import Timer
from portal.sla.sweep import sweep
from portal.tickets.lifecycle import Outcome
from portal.tickets.petition_models import Petition
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    exclusion,
    extension,
    handle,
    triage,
)
from tests.factories import Town
from tests.service.stages import Play, assigned, local, shown, signed

WHY = ("approval", "等待省厅批复")


def petitions(play: Play, kind: str) -> list[Petition]:
    db.session.rollback()
    query = select(Petition).where(Petition.ticket_id == play.ticket_id, Petition.kind == kind)
    return list(db.session.scalars(query.order_by(Petition.id)))


def states(play: Play, kind: str) -> list[str]:
    return [one.state for one in petitions(play, kind)]


def swept(play: Play, at: str) -> Play:
    """What the system does at a local instant; the play has come to it."""
    assert sweep(play.later(to=at).now).failed == 0
    return play


def extend(play: Play, days: int = 5) -> Play:
    return play.do(extension.ask_extension, play.who, days, *WHY)


def test_an_extension_moves_the_due_once_and_keeps_the_original(town: Town) -> None:
    play = extend(signed(town))
    assert play.told("extension_asked") == ["supervisor"]
    [asked] = petitions(play, "extension")
    assert (asked.ruler, shown(asked.decide_by)) == ("supervisor", "2026-03-03 17:30")
    play.later(60).do(extension.grant_extension, town.supervisor, "同意延期")
    clock, ticket = play.clock("resolve"), play.ticket
    assert (shown(clock.original_due_at), shown(clock.due_at)) == (
        "2026-03-23 17:30",
        "2026-03-30 17:30",
    )
    assert (ticket.extended, ticket.extension_pending) == (1, False)
    [row] = petitions(play, "extension")
    assert (shown(row.due_before), shown(row.due_after)) == ("2026-03-23 17:30", "2026-03-30 17:30")
    due = select(Timer).where(Timer.clock_id == clock.id, Timer.level == "due")
    timers = [
        (one.generation, one.state) for one in db.session.scalars(due.order_by(Timer.generation))
    ]
    assert timers == [(1, "cancelled"), (2, "armed")]
    assert play.told("extension_granted") == ["cadre"]
    assert play.told("extended") == ["firm"]
    event = play.event()
    assert (event.public, event.payload["text"], event.payload["answer"]) == (
        True,
        "等待省厅批复",
        "同意延期",
    )


def test_the_second_extension_is_a_leaders_and_there_is_no_third(town: Town) -> None:
    play = extend(signed(town)).do(extension.grant_extension, town.supervisor, "同意")
    extend(play, 3)
    assert play.told("extension_asked") == ["leader", "supervisor"]
    with pytest.raises(InvalidTransition, match="领导"):
        play.do(extension.grant_extension, town.supervisor, "同意")
    play.do(extension.grant_extension, town.leader, "同意")
    assert shown(play.clock("resolve").due_at) == "2026-04-02 17:30"
    with pytest.raises(InvalidTransition, match="两次"):
        extend(play, 1)


def test_an_extension_is_asked_before_the_due_and_below_the_cap(town: Town) -> None:
    play = signed(town)
    for days in (0, 16):
        with pytest.raises(Invalid):
            extend(play, days)
    with pytest.raises(Invalid):
        play.do(extension.ask_extension, play.who, 2, "because", "…")
    with pytest.raises(NotAllowed):
        play.do(extension.ask_extension, town.supervisor, 2, *WHY)
    play.later(to="2026-03-23 17:31")
    with pytest.raises(InvalidTransition, match="已过"):
        extend(play)
    assert states(play, "extension") == []


def test_a_request_that_nobody_rules_expires_once_and_may_be_asked_again(
    town: Town, app: Flask
) -> None:
    play = extend(signed(town))
    late = local("2026-03-03 17:31")

    def run(_: int) -> int:
        with app.app_context():
            return sweep(late).petitions

    assert not job.petition_due.waiting(local("2026-03-03 17:30"))  # still in time
    assert job.petition_due.waiting(late)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1
    assert states(play, "extension") == ["expired"]
    assert play.events().count("expire") == 1
    assert play.later(to="2026-03-04 09:00").told("petition_expired") == ["cadre", "supervisor"]
    assert not job.petition_due.waiting(late)
    with pytest.raises(InvalidTransition):
        play.do(extension.grant_extension, town.supervisor, "同意")
    extend(play)
    assert states(play, "extension") == ["expired", "asked"]


def test_a_ruling_is_about_the_petition_that_was_shown(town: Town) -> None:
    play = extend(signed(town), 2)
    first = petitions(play, "extension")[0].id
    sweep(local("2026-03-03 17:31"))
    extend(play.later(to="2026-03-03 17:32"), 9)
    with pytest.raises(Stale):
        play.do(extension.grant_extension, town.supervisor, "同意", first)
    assert states(play, "extension") == ["expired", "asked"]


def test_a_refusal_tells_who_asked(town: Town) -> None:
    play = extend(signed(town)).do(extension.refuse_extension, town.supervisor, "抓紧办")
    assert play.told("extension_refused") == ["cadre"]
    assert shown(play.clock("resolve").due_at) == "2026-03-23 17:30"
    assert play.ticket.extended == 0


def test_an_extension_granted_during_a_pause_waits_for_its_end(town: Town) -> None:
    play = extend(signed(town))
    play.do(handle.ask_info, play.who, "请补充合同")
    play.do(extension.grant_extension, town.supervisor, "同意")
    assert play.clock("resolve").state == "paused"
    play.later(to="2026-03-03 10:00").do(applicant.supply_info, town.firm, "见附件")
    clock = play.clock("resolve")
    assert (shown(clock.original_due_at), shown(clock.due_at)) == (
        "2026-03-24 17:30",
        "2026-03-31 17:30",
    )


def test_two_people_exclude_and_only_the_net_rate_changes(town: Town) -> None:
    play = signed(town)
    play.do(exclusion.ask_exclusion, town.supervisor, "in_court", "已进入诉讼")
    with pytest.raises(InvalidTransition, match="另一人"):
        play.do(exclusion.grant_exclusion, town.supervisor, "同意")
    march = Period(date(2026, 3, 1), date(2026, 3, 31))

    def cohort() -> dict[str, int]:
        db.session.rollback()
        total = report(march, Dimensions(), local("2026-03-31 17:00")).total
        return {name: measure.d for name, measure in total.items()}

    before = cohort()
    play.do(exclusion.grant_exclusion, town.leader, "属实")
    after = cohort()
    assert {name for name in after if after[name] != before[name]} == {"resolution_net"}
    assert (before["resolution_net"], after["resolution_net"]) == (1, 0)
    assert play.told("exclusion_granted") == ["supervisor"]
    with pytest.raises(InvalidTransition, match="已经剔除"):
        play.do(exclusion.ask_exclusion, town.supervisor, "in_court", "…")


def test_an_exclusion_may_be_asked_of_a_closed_ticket_and_has_three_days(town: Town) -> None:
    play = assigned(town).to_confirmation().confirm()
    play.do(exclusion.ask_exclusion, town.leader, "unlawful", "没有依据")
    assert [shown(one.decide_by) for one in petitions(play, "exclusion")] == ["2026-03-05 17:30"]
    sweep(local("2026-03-05 17:31"))
    assert states(play, "exclusion") == ["expired"]
    assert play.ticket.exclusion_asked_by_id is None
    play.later(to="2026-03-06 09:00")
    play.do(exclusion.ask_exclusion, town.supervisor, "unlawful", "没有依据")
    play.do(exclusion.refuse_exclusion, town.leader, "照常统计")
    assert states(play, "exclusion") == ["expired", "refused"]


def test_a_second_return_is_ruled_by_direct_assignment(town: Town) -> None:
    labour = town.departments["labour"]
    play = signed(town).do(handle.ask_return, town.cadre, "not_ours", "不归我们管")
    play.do(triage.grant_return, town.dispatcher, "同意")
    play.do(assign.dispatch, town.dispatcher, labour, None, "归口")
    play.do(handle.ask_return, town.labour, "not_ours", "也不归我们管")
    assert play.told("return_asked") == ["dispatcher", "supervisor"]
    for verb in (triage.grant_return, triage.refuse_return):
        with pytest.raises(InvalidTransition):
            play.do(verb, town.dispatcher, "同意")
    with pytest.raises(Invalid):
        play.do(assign.redirect, town.supervisor, labour, None, "就归你们")
    play.do(assign.redirect, town.supervisor, town.departments["finance"], town.cadre2.id, "统筹")
    ticket = play.ticket
    assert (ticket.status, ticket.assignee_id, ticket.returned) == ("assigned", town.cadre2.id, 2)
    assert ticket.route_reasons == ["督办员郑督指定：统筹"]
    assert states(play, "return") == ["granted", "granted"]
    assert shown(play.clock("resolve").due_at) == "2026-03-23 17:30"


def test_a_return_is_asked_in_a_day_and_ruled_the_same_day(town: Town) -> None:
    play = signed(town)
    play.later(to="2026-03-03 17:31")
    with pytest.raises(Invalid, match="1 个工作日"):
        play.do(handle.ask_return, play.who, "not_ours", "不归我们管")
    other = signed(town)
    other.do(handle.ask_return, other.who, "not_ours", "不归我们管")
    swept(other, "2026-03-02 17:31")
    assert (states(other, "return"), other.ticket.return_pending) == (["expired"], False)
    assert other.told("petition_expired") == [other_name(other), "dispatcher"]
    with pytest.raises(Invalid):
        other.do(handle.ask_return, other.who, "not_ours", "不归我们管")


def other_name(play: Play) -> str:
    return {"李明": "cadre", "孙强": "cadre2"}[play.who.name]


def test_what_was_asked_ends_with_the_handling_but_an_exclusion_stays(town: Town) -> None:
    play = extend(signed(town))
    play.do(exclusion.ask_exclusion, town.supervisor, "in_court", "已进入诉讼")
    play.do(handle.resolve, play.who, Outcome.SOLVED, "已协调", "")
    assert (states(play, "extension"), states(play, "exclusion")) == (["expired"], ["asked"])
    assert (play.ticket.extension_pending, play.ticket.exclusion_asked_by_id) == (
        False,
        town.supervisor.id,
    )


def test_a_new_round_has_clocks_and_extensions_of_its_own(town: Town) -> None:
    play = extend(signed(town)).do(extension.grant_extension, town.supervisor, "同意")
    first = play.clock("resolve").due_at
    play.resolve().approve()
    play.later(60).do(confirmation.dispute, town.firm, 2, "额度只批了一半")
    assert play.ticket.extended == 0
    assert (play.clock("resolve", 1).due_at, play.clock("resolve", 1).state) == (first, "stopped")
    extend(play, 2).do(extension.grant_extension, town.supervisor, "同意")
    second = play.clock("resolve", 2)
    assert second.original_due_at < second.due_at
    march = Period(date(2026, 3, 1), date(2026, 3, 31))
    with transaction():
        total = report(march, Dimensions(), local("2026-03-31 17:00")).total
    assert (total["on_time_rate"].n, total["on_time_rate"].d) == (1, 2)
