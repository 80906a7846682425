"""The quick book of rules against a naive model, and replays by it; no database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.routing.book import Book
from portal.routing.replay import Absence, Past, People, replay
from portal.routing.rules import RouteFacts, Rule, Tie, best_rule

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
# Categories 1 and 2 are of the first level, 11 and 12 are kinds of 1.
PARENTS = {1: None, 2: None, 11: 1, 12: 1}
URGENCIES = ("normal", "urgent")


@st.composite
def a_rule(draw: st.DrawFn) -> Rule:
    category = draw(st.sampled_from([None, *PARENTS]))
    return Rule(
        draw(st.integers(1, 10**6)),
        category,
        draw(st.sampled_from([None, 1, 2])),
        draw(st.sampled_from([None, 1, 2])),
        draw(st.sampled_from([None, *URGENCIES])),
        draw(st.integers(1, 3)),
        PARENTS[category] if category else None,
    )


@st.composite
def some_facts(draw: st.DrawFn) -> RouteFacts:
    category = draw(st.sampled_from(list(PARENTS)))
    return RouteFacts(
        category,
        draw(st.integers(1, 3)),
        draw(st.sampled_from([None, 1, 2, 3])),
        draw(st.sampled_from(URGENCIES)),
        PARENTS[category],
    )


some_rules = st.lists(a_rule(), max_size=12, unique_by=(lambda r: r.id, lambda r: r.conditions))


def naive(rules: list[Rule], facts: RouteFacts) -> int | str | None:
    """The unit by the words of the definition: filter, sort, look at the top."""
    names = {facts.category_id, PARENTS[facts.category_id]} - {None}
    fitting = []
    for rule in rules:
        fits = rule.category_id is None or rule.category_id in names
        fits &= rule.region_id is None or rule.region_id == facts.region_id
        fits &= rule.chain_id is None or rule.chain_id == facts.chain_id
        fits &= rule.urgency is None or rule.urgency == facts.urgency
        if fits:
            named = 4 - rule.conditions.count(None)
            child = rule.category_id is not None and PARENTS[rule.category_id] is not None
            fitting.append((named, child, rule.department_id))
    top = max(((named, child) for named, child, _ in fitting), default=None)
    units = {unit for named, child, unit in fitting if (named, child) == top}
    return "tie" if len(units) > 1 else next(iter(units), None)


def answered(decide) -> int | str | None:
    try:
        rule = decide()
    except Tie:
        return "tie"
    return rule.department_id if rule else None


@given(some_rules, some_facts())
def test_the_most_specific_rule_wins_as_the_definition_says(rules, facts):
    expected = naive(rules, facts)
    assert answered(lambda: best_rule(rules, facts)) == expected
    book = Book(rules)
    assert answered(lambda: book.decide(facts)) == expected
    assert answered(lambda: book.decide(facts)) == expected  # remembered


@given(some_rules, some_facts())
def test_the_book_names_the_same_rule_as_the_list(rules, facts):
    if naive(rules, facts) != "tie":
        assert Book(rules).decide(facts) == best_rule(rules, facts)


def test_a_rule_for_a_child_beats_its_parents_and_the_parent_has_the_rest():
    parent, child = Rule(1, 1, None, None, None, 10), Rule(2, 11, None, None, None, 20, 1)
    book = Book([parent, child])
    assert book.decide(RouteFacts(11, 1, None, "normal", 1)) == child
    assert book.decide(RouteFacts(12, 1, None, "normal", 1)) == parent
    assert book.decide(RouteFacts(1, 1, None, "normal")) == parent
    # One more dimension beats the deeper category.
    region = Rule(3, 1, 1, None, None, 30)
    assert Book([child, region]).decide(RouteFacts(11, 1, None, "normal", 1)) == region


FACTS = RouteFacts(1, 1, None, "normal")
TEAM = People({10: [101, 102], 20: [201]})
BOOK = Book([Rule(1, 1, None, None, None, 10), Rule(2, 2, None, None, None, 20)])


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_a_replay_counts_where_tickets_go_and_who_gets_them():
    past = [Past(FACTS, desk, at=at(n)) for n, desk in enumerate([10, 20, None, 10])]
    past += [Past(replace(FACTS, category_id=2), at=at(9)), Past(replace(FACTS, category_id=3))]
    result = replay(past, BOOK, TEAM)
    assert (result.tickets, result.ruled, result.unruled, result.tied) == (6, 5, 1, 0)
    assert (result.changed, result.compared) == (1, 3)
    assert result.departments == {10: 4, 20: 1}
    assert result.cadres == {101: 2, 102: 2, 201: 1}
    assert result.by_rule == {1: 4, 2: 1}


def test_a_standing_cadre_comes_before_the_rules_and_the_absent_get_nothing():
    day = date(2026, 3, 2)
    people = People({**TEAM.teams}, [Absence(201, 101, day, day), Absence(102, None, day, day)])
    paired = Past(FACTS, 20, (201, None), START)
    result = replay([paired, Past(FACTS, 10, (102, None), START)], BOOK, people)
    assert (result.paired, result.ruled) == (1, 1)
    assert result.cadres == {101: 2}
    assert result.changed == 1  # the deputy is of another unit


def test_a_closed_ticket_weighs_no_more():
    past = [Past(FACTS, at=at(10 * n), until=at(10 * n + 5)) for n in range(6)]
    result = replay(past, BOOK, TEAM)
    assert result.cadres == {101: 3, 102: 3}
    assert result.peaks == {101: 1, 102: 1}
    assert replay([replace(one, until=None) for one in past], BOOK, TEAM).peaks == {101: 3, 102: 3}


def test_what_another_set_of_rules_would_move_is_counted_from_and_to():
    other = Book([Rule(1, 1, 1, None, None, 20), Rule(2, 1, None, None, None, 10)])
    past = [Past(FACTS), Past(replace(FACTS, region_id=2)), Past(replace(FACTS, category_id=2))]
    result = replay(past, other, TEAM, BOOK)
    assert result.moved == 2
    assert result.moves == {(10, 20): 1, (20, None): 1}


def test_a_tie_sends_a_replayed_ticket_to_nobody():
    tie = Book([Rule(1, 1, None, None, None, 10), Rule(2, None, 1, None, None, 20)])
    result = replay([Past(FACTS, 10)], tie, TEAM)
    assert (result.tied, result.changed) == (1, 1)
    with pytest.raises(Tie):
        tie.decide(FACTS)


def test_a_replay_asks_for_skills_as_the_choice_does():
    people = People(TEAM.teams, (), {101: frozenset({2}), 102: frozenset({11})}, {11: 1})
    result = replay([Past(FACTS), Past(FACTS)], BOOK, people)
    assert result.cadres == {102: 2}  # who knows a kind of it knows it
    nobody = People(TEAM.teams, (), {101: frozenset({2}), 102: frozenset({2})})
    assert replay([Past(FACTS)], BOOK, nobody).unmanned == 1
