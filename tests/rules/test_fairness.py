"""The even hand: each ticket is shared by whoever was there and able; what is beyond is unfair."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from portal.routing.fairness import Given, Member, fairness

FINANCE, LAND = 1, 2
MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)


def gave(cadre: int, count: int = 1, kin: int = FINANCE, day: date = MONDAY) -> Given:
    return Given(cadre, frozenset({kin}), day, count)


def test_an_even_team_is_even_and_one_that_cannot_be_halved_is_no_fault() -> None:
    team = [Member(1), Member(2)]
    found = fairness(team, [gave(1, 4), gave(2, 3)])
    assert (found.n, found.d, found.rate, found.spread) == (7, 7, 1.0, 1.0)
    assert [(s.given, s.due) for s in found.shares] == [(4, 3.5), (3, 3.5)]


def test_what_lies_beyond_the_own_share_is_counted() -> None:
    found = fairness([Member(1), Member(2)], [gave(1, 9), gave(2, 1)])
    assert (found.n, found.d, found.spread) == (6, 10, 8.0)


def test_leave_and_skills_favour_nobody() -> None:
    team = [
        Member(1, away=frozenset({MONDAY})),
        Member(2, skills=frozenset({LAND})),
        Member(3),
    ]
    found = fairness(team, [gave(3, 2), gave(1, 1, day=TUESDAY), gave(3, 1, day=TUESDAY)])
    assert (found.n, found.d) == (4, 4)
    assert [s.due for s in found.shares] == [1.0, 0.0, 3.0]
    assert found.spread == 0.0


def test_what_was_given_to_the_absent_or_to_strangers_is_no_choice() -> None:
    found = fairness([Member(1, away=frozenset({MONDAY}))], [gave(1), gave(9)])
    assert (found.n, found.d, found.rate) == (0, 0, None)


@given(
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from([FINANCE, LAND]), st.integers(1, 5))),
)
def test_n_is_never_more_than_d_and_the_dues_add_up(
    size: int, rows: list[tuple[int, int, int]]
) -> None:
    team = [Member(n, frozenset({LAND}) if n % 3 == 2 else frozenset()) for n in range(size)]
    found = fairness(team, [gave(cadre, count, kin) for cadre, kin, count in rows])
    assert 0 <= found.n <= found.d
    assert sum(s.given for s in found.shares) == found.d
    assert abs(sum(s.due for s in found.shares) - found.d) < 1e-6
