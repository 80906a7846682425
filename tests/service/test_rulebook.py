"""Versions of the rules: drafts, what refuses them, who may, and what decided a ticket."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.auth.roles import Actor
from portal.db import transaction
from portal.errors import Conflict, Invalid, NotAllowed, NotFound, PortalError, Stale
from portal.extensions import db
from portal.routing import correction, queries, rates, rulebook
from portal.routing.changes import Conditions, sentences
from portal.routing.correction import Correction
from portal.routing.models import DispatchRule, Rulebook
from portal.tickets.models import TicketEvent
from portal.tickets.service import handle, triage
from portal.tickets.service.assign import dispatch
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.plays import HOUR, SOON, Play


def when(town: Town, category: str | None = None, region: bool = False) -> Conditions:
    category_id = town.categories[category] if category else None
    return category_id, town.region_id if region else None, None, None


def draft(town: Town, *rules: tuple[Conditions, str], actor: Actor | None = None) -> int:
    """A draft of the rules in force with these besides, or in the place of the same conditions."""
    actor = actor or town.admin
    with transaction():
        book = rulebook.new_draft(actor, MONDAY)
        present = {rule.conditions: rule.id for rule in queries.rules_of(book.id)}
        for conditions, unit in rules:
            rulebook.put_rule(
                actor,
                book.id,
                None,
                conditions,
                town.departments[unit],
                MONDAY,
                instead_of=present.get(conditions),
            )
        return book.id


def enact(
    town: Town, rulebook_id: int, actor: Actor | None = None, seen: int | None = None
) -> None:
    with transaction():
        rulebook.enact(actor or town.admin, rulebook_id, seen, MONDAY + HOUR, "试一试")


def in_force() -> dict[Conditions, int]:
    return sentences(queries.active_rules())


def test_a_draft_changes_nothing_until_it_is_put_in_force(town: Town) -> None:
    finance, labour = town.departments["finance"], town.departments["labour"]
    book = draft(town, (when(town, "用工社保"), "labour"))
    assert in_force() == {when(town, "融资"): finance}
    enact(town, book)
    assert in_force() == {when(town, "融资"): finance, when(town, "用工社保"): labour}
    first, second = db.session.scalars(select(Rulebook).order_by(Rulebook.version))
    assert (first.state, first.superseded_at) == ("superseded", MONDAY + HOUR)
    assert (second.state, second.enacted_by_id, second.note) == (
        "in_force",
        town.admin.id,
        "试一试",
    )
    with pytest.raises(Conflict, match="不能再改"), transaction():
        rulebook.put_rule(town.admin, book, None, when(town), labour, MONDAY)


def test_the_database_knows_one_version_in_force(town: Town) -> None:
    book = db.session.get_one(Rulebook, draft(town))
    book.state, book.enacted_at = "in_force", MONDAY
    with pytest.raises(IntegrityError, match="uq_rulebook_in_force"):
        db.session.flush()
    db.session.rollback()


def test_a_rule_keeps_its_number_as_long_as_it_says_the_same(town: Town) -> None:
    enact(town, draft(town, (when(town, "用工社保"), "labour")))
    enact(town, draft(town, (when(town, "用工社保"), "finance")))
    enact(town, draft(town, (when(town, "用工社保"), "labour")))
    query = select(DispatchRule.number, Rulebook.version).join(Rulebook)
    rows = db.session.execute(query.order_by(Rulebook.version, DispatchRule.number))
    assert [tuple(row) for row in rows] == [(1, 1), (1, 2), (2, 2), (1, 3), (3, 3), (1, 4), (2, 4)]


def test_ties_and_inactive_units_are_not_put_in_force(town: Town) -> None:
    book = draft(town, (when(town, region=True), "labour"))
    [tie] = rulebook.examined(book).ties
    assert {rule.department_id for rule in tie.rules} == set(town.departments.values())
    with pytest.raises(Invalid, match="冲突"):
        enact(town, book)
    with transaction():
        rulebook.put_rule(
            town.admin, book, 1, when(town, "融资", True), town.departments["labour"], MONDAY
        )
    enact(town, book)


def test_the_same_conditions_twice_are_refused_even_at_once(town: Town, app: Flask) -> None:
    book, labour = draft(town), town.departments["labour"]
    with pytest.raises(Invalid, match="第 1 条的条件完全相同"), transaction():
        rulebook.put_rule(town.admin, book, None, when(town, "融资"), labour, MONDAY)
    gate, said = Barrier(2), []

    def put() -> None:
        with app.app_context():
            gate.wait(10)
            try:
                with transaction():
                    rulebook.put_rule(town.admin, book, 0, when(town), labour, MONDAY)
                said.append("")
            except PortalError as error:
                said.append(type(error).__name__)
            db.session.remove()

    threads = [Thread(target=put) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(said) == ["", "Stale"]


def test_a_page_that_is_out_of_date_changes_nothing(town: Town) -> None:
    book = draft(town, (when(town, "用工社保"), "labour"))
    [rule] = [one for one in queries.rules_of(book) if one.number == 2]
    for act in (
        lambda: rulebook.remove_rule(town.admin, book, 0, rule.id, MONDAY),
        lambda: rulebook.put_rule(
            town.admin, book, 0, when(town), town.departments["labour"], MONDAY
        ),
        lambda: rulebook.enact(town.admin, book, 0, MONDAY),
    ):
        with pytest.raises(Stale), transaction():
            act()
    [edit] = queries.edits_since(book, 0)
    assert (edit.by_id, edit.before, edit.revision) == (town.admin.id, None, 1)
    assert edit.after is not None and edit.after["department_id"] == town.departments["labour"]
    with pytest.raises(NotFound), transaction():
        rulebook.remove_rule(town.admin, book, 1, 999, MONDAY)


def test_a_draft_made_before_another_version_is_carried_over(town: Town) -> None:
    finance, labour = town.departments["finance"], town.departments["labour"]
    mine = draft(town, (when(town, "用工社保"), "labour"), (when(town, "融资"), "labour"))
    theirs = draft(town, (when(town, "税费"), "finance"))
    enact(town, theirs)
    with pytest.raises(Conflict, match="先把草稿改到现行版本上"):
        enact(town, mine)
    with transaction():
        assert rulebook.carry_over(town.admin, mine, MONDAY) == []
    enact(town, mine)
    assert in_force() == {
        when(town, "融资"): labour,
        when(town, "用工社保"): labour,
        when(town, "税费"): finance,
    }


def test_what_the_other_version_contradicts_is_said_and_left(town: Town) -> None:
    mine = draft(town, (when(town, "融资"), "labour"))
    other = draft(town)
    with transaction():
        [rule] = queries.rules_of(other)
        rulebook.remove_rule(town.admin, other, 0, rule.id, MONDAY)
    enact(town, other)
    with transaction():
        [refused] = rulebook.carry_over(town.admin, mine, MONDAY)
    assert (refused.before, refused.after) == tuple(town.departments.values())
    assert queries.rules_of(mine) == []


def test_a_dispatcher_proposes_and_enacts_what_a_return_taught_only(town: Town) -> None:
    own = draft(town, (when(town, "用工社保"), "labour"), actor=town.dispatcher)
    with pytest.raises(NotAllowed):
        enact(town, own, town.dispatcher)
    with pytest.raises(NotAllowed), transaction():
        rulebook.drop_draft(replace(town.dispatcher, id=town.supervisor.id), own)
    with transaction():
        rulebook.drop_draft(town.dispatcher, own)
    assert queries.drafts() == []
    ticket = Play(town).file()
    with transaction():
        wish = Correction(when(town, "融资", True), town.departments["labour"])
        book = correction.propose(town.dispatcher, ticket, "SQ1", wish, MONDAY).id
    enact(town, book, town.dispatcher)
    present = queries.in_force()
    assert present is not None and (present.made_by_id, present.enacted_by_id) == (
        town.dispatcher.id,
        town.dispatcher.id,
    )


def test_a_return_draft_that_changes_more_is_the_administrators(town: Town) -> None:
    ticket = Play(town).file()
    with transaction():
        wish = Correction(when(town, "融资"), town.departments["labour"])
        book = correction.propose(town.dispatcher, ticket, "SQ1", wish, MONDAY).id
        assert len(queries.rules_of(book)) == 1  # it took the place of the same conditions
        unit = town.departments["labour"]
        rulebook.put_rule(town.dispatcher, book, 1, when(town, "税费"), unit, MONDAY)
    with pytest.raises(NotAllowed):
        enact(town, book, town.dispatcher)
    enact(town, book)


def returned(play: Play, ticket_id: int, town: Town) -> None:
    """The unit asks to give the ticket back, and may."""
    asked = play.as_cadre(ticket_id, MONDAY + SOON)
    with transaction():
        handle.ask_return(asked, "not_ours", "不归我们管")
        triage.grant_return(Ask(town.dispatcher, ticket_id, MONDAY + HOUR), "同意")


def test_a_ticket_keeps_the_rule_and_the_version_that_decided(town: Town) -> None:
    enact(town, draft(town, (when(town, "融资", True), "labour")))
    play = Play(town)
    ticket_id = play.file()
    query = select(TicketEvent).where(TicketEvent.ticket_id == ticket_id)
    event = db.session.scalars(query.where(TicketEvent.action == "route")).one()
    [rule] = [one for one in queries.active_rules() if one.conditions[1] is not None]
    assert event.payload["rule_id"] == rule.id
    assert (event.payload["rule"], event.payload["rulebook"]) == (2, 2)
    assert play.file(category="其他")  # no rule decides
    assert [(one.number, one.n, one.d) for one in rates.return_rates()] == [(2, 0, 1)]


def test_the_return_rate_of_a_rule_counts_what_its_own_unit_gave_back(town: Town) -> None:
    play = Play(town)
    tickets = [play.file(MONDAY) for _ in range(4)]
    returned(play, tickets[0], town)
    # Given to the other unit by hand, then given back by that one: not the rule's fault.
    with transaction():
        dispatch(
            Ask(town.dispatcher, tickets[0], MONDAY + HOUR), town.departments["labour"], None, "x"
        )
    [rate] = rates.return_rates()
    assert (rate.number, rate.n, rate.d, rate.ranked) == (1, 1, 4, False)
    assert rate.interval is not None and rate.interval[0] < 0.25 < rate.interval[1]
    enact(town, draft(town, (when(town, "税费"), "labour")))
    play.file(MONDAY + timedelta(hours=2))
    [rate] = rates.return_rates()  # the same rule in the next version
    assert (rate.n, rate.d) == (1, 5)
    page = rates.routed(town.dispatcher, 1, None, lambda **place: "", returned=True)
    assert [ticket.id for ticket in page.items] == [tickets[0]]
    page = rates.routed(town.dispatcher, 1, None, lambda **place: "", returned=False)
    assert len(page.items) == 5
    assert not rates.routed(town.admin, 1, None, lambda **place: "", returned=False).items
