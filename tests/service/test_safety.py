"""Two people, two tabs, two clicks: numbers, keys and versions under real concurrency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.db import transaction
from portal.errors import Conflict, InvalidTransition, NotFound, Repeated, Stale
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.file_models import Draft
from portal.tickets.lifecycle import Outcome
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    drafts,
    handle,
    review,
    submit,
    triage,
)
from tests.factories import MONDAY, Town
from tests.service.stages import Play, assigned, file, local, signed, wording


def at_once(app: Flask, calls: list[Callable[[], Any]]) -> list[Any]:
    """The results, or the errors, of calls that start together, each in a context of its own."""
    gate = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        with app.app_context():
            gate.wait()
            try:
                return call()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def test_eight_threads_get_two_hundred_numbers_without_twins_or_gaps(
    app: Flask, town: Town
) -> None:
    def submits() -> list[str]:
        numbers = []
        for _ in range(25):
            with transaction():
                numbers.append(submit.submit(town.firm, wording(town), MONDAY).number)
        return numbers

    numbers = [number for batch in at_once(app, [submits] * 8) for number in batch]
    assert sorted(numbers) == [f"SQ20260302-{n:06d}" for n in range(1, 201)]
    codes = db.session.scalars(select(Ticket.query_code)).all()
    assert len(set(codes)) == 200


def test_numbers_begin_anew_each_local_day(town: Town) -> None:
    for when, number in (
        ("2026-03-02 23:59", "SQ20260302-000001"),
        ("2026-03-03 00:00", "SQ20260303-000001"),
        ("2026-03-03 00:01", "SQ20260303-000002"),
    ):
        assert file(town, now=local(when)).ticket.number == number


def test_a_number_of_a_submit_that_failed_is_given_out_again(town: Town) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        submit.submit(town.firm, wording(town), MONDAY)
        raise ZeroDivisionError
    assert file(town).ticket.number == "SQ20260302-000001"


def test_routing_at_once_shares_the_work_evenly(app: Flask, town: Town) -> None:
    plays = [file(town) for _ in range(20)]
    results = at_once(app, [lambda: relay.drain(lambda: MONDAY)] * 4)
    assert all(result.failed == 0 for result in results)
    assert {play.status for play in plays} == {"assigned"}
    query = select(Ticket.assignee_id, func.count()).group_by(Ticket.assignee_id)
    assert dict(db.session.execute(query).all()) == {town.cadre.id: 10, town.cadre2.id: 10}
    routed = select(func.count()).where(TicketEvent.action == "route")
    assert db.session.scalar(routed) == 20


def test_the_same_form_sent_twice_is_done_once(town: Town) -> None:
    play = signed(town)

    def reply() -> None:
        with transaction():
            handle.reply(play.ask(town.cadre, key="form-1"), "正在协调")

    reply()
    with pytest.raises(Repeated):
        reply()
    assert play.events().count("reply") == 1
    with transaction():
        handle.reply(play.ask(town.cadre, key="form-2"), "已有进展")
    assert play.events().count("reply") == 2


def test_the_same_form_sent_twice_at_once_is_done_once(app: Flask, town: Town) -> None:
    play = assigned(town).to_confirmation()
    version = play.ticket.version

    def confirm() -> None:
        with transaction():
            confirmation.confirm(play.ask(town.firm, seen=version, key="form-1"), 5)

    results = at_once(app, [confirm] * 4)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, Repeated) for result in results) == 3
    assert play.events().count("confirm") == 1


def test_a_key_belongs_to_its_ticket(town: Town) -> None:
    for play in (signed(town), signed(town)):
        with transaction():
            handle.reply(play.ask(play.who, key="form-1"), "正在协调")


def test_who_acts_on_an_old_page_is_told_so(town: Town) -> None:
    play = assigned(town)
    seen = play.ticket.version
    play.do(assign.reassign, town.supervisor, town.cadre2.id, "统筹")
    with pytest.raises(Stale) as error, transaction():
        handle.sign(play.ask(town.cadre2, seen=seen))
    assert (error.value.seen, error.value.current) == (seen, play.ticket.version)
    assert play.status == "assigned"
    with transaction():
        handle.sign(play.ask(town.cadre2, seen=play.ticket.version))


def test_a_remark_of_somebody_else_makes_no_page_old(town: Town) -> None:
    play = signed(town)
    seen = play.ticket.version
    play.do(applicant.comment, town.firm, "补充一点")
    play.do(handle.note, town.reviewer, "请抓紧")
    with transaction():
        args = (Outcome.SOLVED, "已协调", "")
        handle.resolve(play.ask(play.who, seen=seen), *args)
    assert play.status == "in_review"


def test_of_two_conflicting_acts_at_once_one_wins_and_nothing_is_half_done(
    app: Flask, town: Town
) -> None:
    play = signed(town).resolve()
    seen = play.ticket.version
    before = play.events()

    def approve() -> None:
        with transaction():
            review.approve(play.ask(town.reviewer, seen=seen))

    def send_back() -> None:
        with transaction():
            review.send_back(play.ask(town.reviewer, seen=seen), "缺少依据")

    results = at_once(app, [approve, send_back])
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert len(play.events()) == len(before) + 1
    assert (
        play.status
        == {
            "approve": "awaiting_confirmation",
            "send_back": "in_progress",
        }[play.event().action]
    )


def test_two_merges_into_each_other_do_not_wait_for_each_other(app: Flask, town: Town) -> None:
    first, second = assigned(town), assigned(town)
    numbers = {first.ticket_id: second.ticket.number, second.ticket_id: first.ticket.number}

    def merge(play: Play) -> Callable[[], None]:
        def call() -> None:
            with transaction():
                triage.merge(play.ask(town.dispatcher), numbers[play.ticket_id], "同一件事")

        return call

    results = at_once(app, [merge(first), merge(second)])
    assert sum(result is None for result in results) == 1
    assert sorted((first.status, second.status)) == ["assigned", "closed"]


def test_a_draft_sent_twice_is_one_ticket(app: Flask, town: Town) -> None:
    with transaction():
        key = drafts.save(town.firm, {"title": "流动资金不足"}, MONDAY).submit_key

    def send() -> int:
        with transaction():
            return submit.submit_draft(town.firm, key, wording(town), MONDAY).id

    results = at_once(app, [send] * 4)
    assert len(set(results)) == 1
    assert isinstance(results[0], int)
    assert db.session.scalar(select(func.count(Ticket.id))) == 1
    assert db.session.scalar(select(Draft.id)) is None


def test_nobody_sends_the_draft_of_somebody_else(town: Town) -> None:
    with transaction():
        key = drafts.save(town.firm, {"title": "流动资金不足"}, MONDAY).submit_key
    with pytest.raises(NotFound), transaction():
        submit.submit_draft(town.other, key, wording(town), MONDAY)


def test_an_unknown_ticket_is_not_found_and_an_unlisted_act_names_both(town: Town) -> None:
    play = assigned(town)
    with pytest.raises(InvalidTransition, match="resolve from assigned"):
        play.resolve()
    play.ticket_id = 999_999
    with pytest.raises(NotFound):
        play.do(handle.sign, town.cadre)
