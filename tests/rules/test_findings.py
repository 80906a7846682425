"""Ties, dead rules and gaps against brute force on small worlds; changes carried over."""

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from portal.routing.changes import Change, carry, changes
from portal.routing.findings import Findings, Why, World, examine
from portal.routing.rules import RouteFacts, Rule, Tie, best_rule
from tests.rules.test_book import PARENTS, some_rules

WORLD = World(PARENTS, (1, 2, 3), (1, 2, 3), frozenset({1, 2, 3}), frozenset({1, 2, 3}))
URGENCIES = ("normal", "urgent", "critical")


def cases(world: World) -> list[RouteFacts]:
    """Every case there is."""
    chains = (None, *world.chains)
    return [
        RouteFacts(category, region, chain, urgency, world.categories[category])
        for category, region, chain, urgency in product(
            world.categories, world.regions, chains, URGENCIES
        )
    ]


def brute(rules: list[Rule], world: World) -> tuple[set[tuple[int, ...]], set[int], dict[int, int]]:
    """The sets that tie, the rules that are ever among the best, the gaps of each category."""
    tied, alive, gaps = set(), set(), dict.fromkeys(world.categories, 0)
    for facts in cases(world):
        fitting = [rule for rule in rules if rule.matches(facts)]
        if not fitting:
            gaps[facts.category_id] += 1
            continue
        top = max(rule.specificity for rule in fitting)
        best = [rule for rule in fitting if rule.specificity == top]
        alive |= {rule.id for rule in best}
        if any(a.department_id != b.department_id for a, b in combinations(best, 2)):
            tied.add(tuple(sorted(rule.id for rule in best)))
    return tied, alive, {one: n for one, n in gaps.items() if n}


@given(some_rules)
def test_what_is_found_is_what_brute_force_finds(rules: list[Rule]):
    found = examine(rules, WORLD)
    tied, alive, gaps = brute(rules, WORLD)
    assert {tuple(rule.id for rule in tie.rules) for tie in found.ties} == tied
    assert {one.rule.id for one in found.dead} == {rule.id for rule in rules} - alive
    assert {one.category_id: one.missing for one in found.gaps} == gaps
    assert all(one.cases == 36 for one in found.gaps)
    assert found.sound == (not tied)


@given(some_rules)
def test_every_example_shows_what_it_is_an_example_of(rules: list[Rule]):
    found = examine(rules, WORLD)
    for tie in found.ties:
        try:
            best_rule(rules, tie.example)
        except Tie as error:
            assert {one.id for one in error.rules} == {one.id for one in tie.rules}
        else:
            raise AssertionError(tie)
    for gap in found.gaps:
        assert best_rule(rules, gap.example) is None
    for one in found.dead:
        assert one.why is Why.COVERED and one.by
        assert all(rule.specificity > one.rule.specificity for rule in one.by)


def one(id: int, department: int, category=None, region=None, urgency=None) -> Rule:
    parent = PARENTS[category] if category else None
    return Rule(id, category, region, None, urgency, department, parent)


def examined(*rules: Rule, world: World = WORLD) -> Findings:
    return examine(rules, world)


def test_a_tie_that_a_more_specific_rule_settles_is_no_tie():
    rules = [one(1, 1, category=2), one(2, 2, region=2)]
    assert not examined(*rules).sound
    assert examined(*rules, one(3, 3, category=2, region=2)).sound
    # So do several that have all of its cases together.
    parts = [one(3 + n, 3, 2, 2, urgency) for n, urgency in enumerate(URGENCIES)]
    assert examined(*rules, *parts).sound
    assert not examined(*rules, *parts[:2]).sound


def test_a_rule_that_others_cover_is_dead_and_names_them():
    rules = [
        one(1, 1, 2),
        *(one(2 + n, 2, 2, None, urgency) for n, urgency in enumerate(URGENCIES)),
    ]
    [dead] = examined(*rules).dead
    assert (dead.rule.id, dead.why, [rule.id for rule in dead.by]) == (1, Why.COVERED, [2, 3, 4])
    # A parent's rule lives as long as the parent itself, or one child, is left to it.
    children = [one(2, 2, 11), one(3, 3, 12)]
    assert examined(one(1, 1, 1), *children).dead == []
    alone = World({11: 1, 12: 1}, (1,), (), frozenset({1, 2, 3}), frozenset())
    assert [found.rule.id for found in examined(one(1, 1, 1), *children, world=alone).dead] == [1]


def test_a_rule_about_what_is_no_longer_active_or_to_such_a_unit_is_dead():
    away = one(1, 9, category=2)
    found = examined(away, one(2, 1, region=9))
    assert [(dead.rule.id, dead.why) for dead in found.dead] == [(1, Why.UNIT), (2, Why.VALUE)]
    assert not found.sound
    assert examined(one(2, 1, region=9)).sound


def test_a_unit_without_people_is_said():
    world = World(PARENTS, (1,), (), frozenset({1, 2}), frozenset({1}))
    assert [rule.id for rule in examined(one(1, 1), one(2, 2, 2), world=world).unmanned] == [2]


def test_a_world_without_regions_has_no_cases():
    empty = World({}, (), (), frozenset({1}), frozenset({1}))
    assert [found.why for found in examined(one(1, 1), world=empty).dead] == [Why.VALUE]


_SETS = st.dictionaries(
    st.tuples(st.integers(1, 3), st.sampled_from([None, 1]), st.none(), st.none()),
    st.integers(1, 3),
    max_size=5,
)


@given(_SETS, _SETS)
def test_the_changes_between_two_sets_lead_from_one_to_the_other(old, new):
    assert carry(changes(old, new), old) == (new, [])


@given(_SETS, _SETS, _SETS)
def test_a_contradicted_change_leaves_what_the_other_set_has(old, mine, theirs):
    made = changes(old, mine)
    result, refused = carry(made, theirs)
    for change in made:
        present = theirs.get(change.conditions)
        if change in refused:
            assert result.get(change.conditions) == present
            assert present not in (change.before, change.after)
        else:
            assert result.get(change.conditions) == change.after
    touched = {change.conditions for change in made}
    assert {k: v for k, v in result.items() if k not in touched} == {
        k: v for k, v in theirs.items() if k not in touched
    }


def test_changes_are_named_by_before_and_after():
    a, b = (1, None, None, None), (2, None, None, None)
    assert changes({a: 1, b: 1}, {a: 2}) == [Change(a, 1, 2), Change(b, 1, None)]
    assert changes({}, {a: 2}) == [Change(a, None, 2)]
