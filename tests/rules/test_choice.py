"""The pure choice: who may be chosen, who is, and what a queue gives to any team."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.routing import reasons
from portal.routing.choice import Bar, Cadre, Choice, Wanted, barred, choose, deal, kin_of

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
FINANCE, LAND = 1, 2


def cadre(n: int, load: int = 0, idle: int | None = None, **more: object) -> Cadre:
    """The n-th of unit 7; `idle`: minutes since the last assignment."""
    since = None if idle is None else NOW - timedelta(minutes=idle)
    facts = {"department_id": 7, **more}
    return Cadre(n, f"甲{n}", load, since, **facts)


def want(*kin: int, number: int = 1, excluded: frozenset[int] = frozenset()) -> Wanted:
    return Wanted(number, frozenset(kin or (FINANCE,)), excluded)


@pytest.mark.parametrize(
    ("facts", "bar"),
    [
        ({}, None),
        ({"away": True}, Bar.AWAY),
        ({"skills": frozenset({LAND})}, Bar.UNSKILLED),
        ({"skills": frozenset({LAND, FINANCE})}, None),
        ({"load": 3, "capacity": 3}, Bar.FULL),
        ({"load": 2, "capacity": 3}, None),
        ({"load": 99}, None),
        ({"department_id": 8}, Bar.EXCLUDED),
        ({"away": True, "load": 3, "capacity": 3}, Bar.AWAY),
    ],
)
def test_each_bar(facts: dict, bar: Bar | None) -> None:
    assert barred(cadre(1, **facts), want(excluded=frozenset({8}))) is bar


def test_a_skill_covers_the_kinds_of_its_category_and_the_category_above() -> None:
    parents = {11: 1, 12: 1, 21: 2}
    assert kin_of(11, parents) == {11, 1}
    assert kin_of(1, parents) == {1, 11, 12}
    assert kin_of(3, parents) == {3}
    knows = cadre(1, skills=frozenset({11}))
    assert barred(knows, want(*kin_of(1, parents))) is None
    assert barred(knows, want(*kin_of(12, parents))) is Bar.UNSKILLED


def test_the_least_load_then_the_longest_idle_then_the_first() -> None:
    assert chosen(cadre(1, 2), cadre(2, 1), cadre(3, 3)) == 2
    assert chosen(cadre(1, 1, 5), cadre(2, 1, 60), cadre(3, 1, 30)) == 2
    assert chosen(cadre(1, 1, 5), cadre(2, 1)) == 2  # never had one
    assert chosen(cadre(2), cadre(1)) == 1
    assert chosen() is None


def chosen(*cadres: Cadre) -> int | None:
    choice = choose(cadres, want())
    return None if choice.cadre is None else choice.cadre.id


def test_the_reasons_count_everybody_who_was_passed_over() -> None:
    team = [
        *(cadre(n, away=True) for n in (1, 2, 3)),
        cadre(4, 20, capacity=20),
        *(cadre(n, skills=frozenset({LAND})) for n in (5, 6)),
        *(cadre(7, 4), cadre(8, 6), cadre(9, 5, capacity=5)),
    ]
    assert reasons.chosen(choose(team, want())) == [
        "甲7现有 4 件未办结，在 2 名在岗人员中最少",
        "未选：3 人请假，2 人不熟悉本类别，1 人已满 5 件，1 人已满 20 件",
    ]
    assert reasons.chosen(choose([], want())) == []


def test_nobody_is_full_unknowing_or_away() -> None:
    def said(*team: Cadre) -> tuple[bool, str]:
        choice = choose(team, want())
        return choice.full, reasons.nobody(choice, "市金融局")[-1]

    away, full = cadre(1, away=True), cadre(2, 1, capacity=1)
    lost = cadre(3, skills=frozenset({LAND}))
    assert said(away, full, lost) == (True, "市金融局在岗的承办人都已满，等待空位")
    assert said(away, lost) == (False, "市金融局今天没有熟悉本类别的在岗承办人")
    assert said(away) == said() == (False, "市金融局今天没有在岗的承办人")


CADRES = st.lists(
    st.builds(
        lambda load, idle, room, away, skills: (load, idle, room, away, skills),
        st.integers(0, 6),
        st.none() | st.integers(0, 500),
        st.none() | st.integers(1, 8),
        st.booleans(),
        st.frozensets(st.sampled_from([FINANCE, LAND]), max_size=2),
    ),
    max_size=7,
).map(
    lambda rows: [
        cadre(n, load, idle, capacity=room, away=away, skills=skills)
        for n, (load, idle, room, away, skills) in enumerate(rows, 1)
    ]
)


@given(CADRES, st.sampled_from([FINANCE, LAND]))
def test_whoever_is_chosen_may_be_and_nobody_better_was_passed_over(
    team: list[Cadre], category: int
) -> None:
    wanted = want(category)
    choice = choose(team, wanted)
    able = [one for one in team if barred(one, wanted) is None]
    assert choice.able == len(able)
    assert len(choice.passed) == len(team) - len(able)
    assert (choice.cadre is None) == (not able)
    if choice.cadre is not None:
        assert choice.cadre in able
        assert choice.cadre.load == min(one.load for one in able)


@given(CADRES, st.lists(st.sampled_from([FINANCE, LAND]), max_size=30))
def test_a_queue_fills_every_place_in_its_order_and_no_cadre_beyond(
    team: list[Cadre], categories: list[int]
) -> None:
    queue = [want(one, number=n) for n, one in enumerate(categories)]
    given_out, after = deal(queue, team, NOW)
    before = {one.id: one for one in team}
    for one in after:
        got = sum(c.cadre is not None and c.cadre.id == one.id for c in given_out.values())
        assert one.load == before[one.id].load + got
        if one.capacity is not None and got:
            assert one.load <= one.capacity
    for wanted in queue:  # who got nothing finds nobody even at the end
        if wanted.ticket_id not in given_out:
            assert choose(after, wanted).cadre is None
    for kind in (FINANCE, LAND):  # among the same kind what comes first is served first
        served = [one.ticket_id in given_out for one in queue if kind in one.kin]
        assert served == sorted(served, reverse=True)


@given(st.integers(2, 7), st.integers(0, 60))
def test_equals_share_within_one(size: int, tickets: int) -> None:
    """lessons.md 24: with 4 or 6 members only half got work elsewhere."""
    queue = [want(number=n) for n in range(tickets)]
    _, after = deal(queue, [cadre(n) for n in range(size)], NOW)
    loads = [one.load for one in after]
    assert sum(loads) == tickets
    assert max(loads) - min(loads) <= 1


def test_an_empty_choice_is_not_full() -> None:
    assert Choice(None, 0).full is False
