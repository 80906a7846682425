"""Dispatch rules, stand-ins and the least load, no database (domain.md §4; lessons 24, 26)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.routing.rules import (
    Candidate,
    RouteFacts,
    Rule,
    Tie,
    best_rule,
    least_loaded,
    stand_in,
)

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FACTS = RouteFacts(category_id=1, region_id=2, chain_id=3, urgency="normal")


def rule(id: int, department: int, category=None, region=None, chain=None, urgency=None) -> Rule:
    return Rule(id, category, region, chain, urgency, department)


def test_the_most_specific_rule_wins_whatever_the_order():
    rules = [rule(1, 10), rule(2, 20, category=1), rule(3, 30, category=1, region=2)]
    for order in (rules, rules[::-1]):
        chosen = best_rule(order, FACTS)
        assert chosen is not None
        assert chosen.id == 3


def test_four_dimensions_beat_three():
    rules = [rule(1, 10, 1, 2, 3), rule(2, 20, 1, 2, 3, "normal")]
    assert best_rule(rules, FACTS) == rules[1]


@pytest.mark.parametrize(
    "other",
    [
        rule(1, 10, category=9),
        rule(1, 10, region=9),
        rule(1, 10, chain=9),
        rule(1, 10, urgency="urgent"),
        rule(1, 10, category=1, region=9),
    ],
)
def test_a_rule_that_names_another_value_does_not_match(other: Rule):
    assert best_rule([other], FACTS) is None
    assert best_rule([other, rule(2, 20)], FACTS) == rule(2, 20)


def test_a_rule_for_a_chain_does_not_match_a_firm_without_one():
    assert best_rule([rule(1, 10, chain=3)], replace(FACTS, chain_id=None)) is None


def test_equally_specific_rules_to_different_units_are_a_tie_that_names_them():
    with pytest.raises(Tie) as error:
        best_rule([rule(1, 10, category=1), rule(2, 20, region=2)], FACTS)
    assert [one.id for one in error.value.rules] == [1, 2]


def test_equally_specific_rules_to_the_same_unit_are_no_tie():
    chosen = best_rule([rule(2, 10, region=2), rule(1, 10, category=1)], FACTS)
    assert chosen is not None
    assert chosen.id == 1


def test_who_is_present_stands_for_themselves():
    assert stand_in(1, {}) == 1
    assert stand_in(1, {2: 1}) == 1


def test_a_chain_of_deputies_is_followed_to_its_end():
    assert stand_in(1, {1: 2, 2: 3, 3: 4}) == 4


def test_a_chain_that_ends_in_nobody_or_a_loop_has_no_stand_in():
    assert stand_in(1, {1: None}) is None
    assert stand_in(1, {1: 2, 2: None}) is None
    assert stand_in(1, {1: 2, 2: 1}) is None
    assert stand_in(1, {1: 2, 2: 3, 3: 2}) is None
    assert stand_in(1, {1: 1}) is None


@given(st.dictionaries(st.integers(1, 6), st.one_of(st.none(), st.integers(1, 6))))
def test_a_stand_in_is_never_away(away):
    for cadre in range(1, 7):
        assert stand_in(cadre, away) not in away


def test_nobody_present_is_nobody():
    assert least_loaded([]) is None


def test_the_least_load_wins_then_the_longest_idle_then_the_first():
    def one(id: int, load: int, idle: int | None) -> Candidate:
        return Candidate(id, "某", load, None if idle is None else START + timedelta(minutes=idle))

    def chosen(*candidates: Candidate) -> int:
        found = least_loaded(candidates)
        assert found is not None
        return found.id

    assert chosen(one(1, 2, 0), one(2, 1, 9)) == 2
    assert chosen(one(1, 1, 5), one(2, 1, 3)) == 2
    assert chosen(one(1, 1, 5), one(2, 1, None)) == 2
    assert chosen(one(2, 1, 5), one(1, 1, 5)) == 1


def shares(team: int, tickets: int, kept: int) -> Counter[int]:
    """Who gets how many when each ticket stays open for `kept` further tickets."""
    got: Counter[int] = Counter()
    held: list[int] = []
    last: dict[int, datetime] = {}
    for n in range(tickets):
        load = Counter(held)
        chosen = least_loaded(
            Candidate(cadre, "某", load[cadre], last.get(cadre)) for cadre in range(1, team + 1)
        )
        assert chosen is not None
        got[chosen.id] += 1
        last[chosen.id] = START + timedelta(minutes=n)
        held = [*held, chosen.id][-kept:] if kept else []
    return got


@pytest.mark.parametrize("team", range(2, 8))
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 5, 100])
def test_teams_of_every_size_share_evenly(team: int, kept: int):
    got = shares(team, team * 20, kept)
    assert set(got) == set(range(1, team + 1))
    assert max(got.values()) - min(got.values()) <= 1
