"""What is wrong with a set of rules is said before it can decide anything (issue 3, point 3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sla import policy_rules
from portal.sla.default_policy import PROFILES, ClockRule, Level, from_json, rules_for, to_json
from portal.sla.policy_rules import Case, LevelError, Overlap, lacking, overlaps, parse_levels

REPLY = ClockRule("reply", "3wd", "assigned", ("reply",), (Level("due", "due"),))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_shipped_profiles_are_sound(profile: str) -> None:
    assert overlaps(PROFILES[profile]) == []
    assert lacking(PROFILES[profile]) == []


def test_two_rules_for_everything_overlap() -> None:
    found = overlaps([REPLY, replace(REPLY, target="5wd")])
    assert found == [Overlap(0, 1, "reply", Case("normal", "normal", "request", None))]


def test_one_condition_each_overlaps_where_both_hold() -> None:
    rules = [replace(REPLY, urgency=("urgent",)), replace(REPLY, categories=(7,))]
    assert overlaps(rules) == [Overlap(0, 1, "reply", Case("urgent", "normal", "request", 7))]


def test_rules_that_never_meet_do_not_overlap() -> None:
    assert (
        overlaps([replace(REPLY, urgency=("urgent",)), replace(REPLY, urgency=("normal",))]) == []
    )
    assert overlaps([replace(REPLY, categories=(1, 2)), replace(REPLY, categories=(3,))]) == []


def test_a_tie_under_a_more_specific_rule_decides_nothing() -> None:
    urgent, seven = replace(REPLY, urgency=("urgent",)), replace(REPLY, categories=(7,))
    both = replace(REPLY, urgency=("urgent",), categories=(7,), target="1wd")
    assert overlaps([urgent, seven, both]) == []


def test_rules_of_different_clocks_do_not_overlap() -> None:
    assert overlaps([REPLY, replace(REPLY, clock="resolve")]) == []


@st.composite
def _rules(draw: st.DrawFn) -> list[ClockRule]:
    some = st.lists
    return [
        replace(
            REPLY,
            target=f"{place + 1}wd",
            urgency=tuple(draw(some(st.sampled_from(policy_rules.URGENCIES), unique=True))),
            complexity=tuple(draw(some(st.sampled_from(("complex",)), unique=True))),
            categories=tuple(draw(some(st.sampled_from((1, 2)), unique=True))),
        )
        for place in range(draw(st.integers(1, 4)))
    ]


@given(_rules())
def test_overlaps_are_exactly_what_choosing_refuses(rules: list[ClockRule]) -> None:
    refused = False
    for case in policy_rules.cases(rules):
        try:
            rules_for(rules, **vars(case))
        except ValueError:
            refused = True
    assert bool(overlaps(rules)) == refused


def test_an_optional_target_is_absent_not_zero() -> None:
    rules = [rule for rule in PROFILES["default"] if rule.clock != "verify"]
    assert overlaps(rules) == lacking(rules) == []
    chosen = rules_for(rules, urgency="normal", complexity="normal", kind="request")
    assert "verify" not in chosen


def test_what_everybody_waits_for_must_lapse() -> None:
    without = [rule for rule in PROFILES["default"] if rule.clock != "supply"]
    assert [one.clock for one in lacking(without)] == ["supply"]
    for_urgent = [
        replace(rule, urgency=("urgent",)) if rule.clock == "confirm" else rule
        for rule in PROFILES["default"]
    ]
    assert [(one.clock, one.case.urgency) for one in lacking(for_urgent)] == [("confirm", "normal")]
    silent = [
        replace(rule, levels=()) if rule.clock == "supply" else rule for rule in PROFILES["default"]
    ]
    assert [one.clock for one in lacking(silent)] == ["supply"]


def test_a_rule_may_name_categories() -> None:
    rules = [REPLY, replace(REPLY, target="1wd", categories=(7, 8))]
    for category, target in ((7, "1wd"), (8, "1wd"), (9, "3wd"), (None, "3wd")):
        chosen = rules_for(
            rules, urgency="normal", complexity="normal", kind="request", category=category
        )
        assert chosen["reply"].target == target


def test_a_kind_goes_by_the_rules_of_its_category_unless_one_names_it() -> None:
    rules = [
        REPLY,
        replace(REPLY, target="1wd", categories=(7,)),
        replace(REPLY, target="2wd", categories=(71,), urgency=("urgent",)),
    ]
    for urgency, category, parent, target in (
        ("normal", 71, 7, "1wd"),
        ("urgent", 71, 7, "2wd"),
        ("urgent", 72, 7, "1wd"),
        ("urgent", 71, None, "2wd"),
        ("normal", 71, 8, "3wd"),
        ("normal", 7, None, "1wd"),
    ):
        chosen = rules_for(
            rules,
            urgency=urgency,
            complexity="normal",
            kind="request",
            category=category,
            parent=parent,
        )
        assert chosen["reply"].target == target, (urgency, category, parent)


@given(_rules())
def test_a_kind_never_meets_a_tie_that_was_not_shown(rules: list[ClockRule]) -> None:
    if overlaps(rules):
        return
    named = [None, *{one for rule in rules for one in rule.categories}]
    for case in policy_rules.cases(rules):
        for parent in named:
            rules_for(rules, **vars(case), parent=parent)


def test_versions_stored_before_categories_are_read() -> None:
    stored = to_json([replace(REPLY, categories=(7,))])
    assert from_json(stored)[0].categories == (7,)
    del stored[0]["categories"]
    assert from_json(stored)[0] == REPLY


def test_levels_are_written_and_read_as_lines() -> None:
    for rules in PROFILES.values():
        for rule in rules:
            assert parse_levels(policy_rules.levels_text(rule.levels)) == rule.levels
    assert parse_levels("due due cadre，reviewer\n\n") == (
        Level("due", "due", ("cadre", "reviewer")),
    )
    assert parse_levels("") == ()


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("due", 1, policy_rules.BAD_LEVEL),
        ("warn warn\nDue due", 2, policy_rules.BAD_LEVEL),
        ("due due mayor", 1, policy_rules.BAD_WHO),
        ("due due system", 1, policy_rules.BAD_WHO),
        ("late due+2x cadre", 1, policy_rules.BAD_AT),
        ("due due\ndue warn", 2, policy_rules.LEVEL_TWICE),
    ],
)
def test_a_wrong_level_names_its_line(text: str, line: int, sentence: str) -> None:
    with pytest.raises(LevelError) as caught:
        parse_levels(text)
    assert (caught.value.line, caught.value.sentence) == (line, sentence)


def test_a_clock_keeps_what_starts_and_stops_it() -> None:
    assert policy_rules.frame("reply", [REPLY]) == ("assigned", ("reply",))
    assert policy_rules.frame("reply", []) == ("assigned", ("reply", "resolve"))
