"""The period before, groups of ranks, and what would raise a rate: rules of the dashboard."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kpi.comparing import before, change
from portal.kpi.figures import FIGURES, Measure
from portal.kpi.gaps import GAPS, levers
from portal.kpi.periods import Period
from portal.kpi.ranking import groups

DAYS = st.dates(date(2001, 1, 1), date(2090, 12, 31))


def gross(n: float, d: int) -> Measure:
    return Measure(FIGURES["resolution_gross"], n, d)


@pytest.mark.parametrize(
    ("period", "wanted"),
    [
        ("2026-03-01 2026-03-31", "2026-02-01 2026-02-28"),
        ("2026-03-01 2026-03-10", "2026-02-01 2026-02-10"),
        ("2026-03-01 2026-03-30", "2026-02-01 2026-02-28"),
        ("2026-01-01 2026-01-31", "2025-12-01 2025-12-31"),
        ("2026-01-01 2026-11-25", "2025-01-01 2025-11-25"),
        ("2024-01-01 2024-12-31", "2023-01-01 2023-12-31"),
        ("2024-01-01 2025-12-31", "2022-01-01 2023-12-31"),
        ("2026-04-01 2026-06-30", "2026-01-01 2026-03-31"),
        ("2026-03-05 2026-03-06", "2026-03-03 2026-03-04"),
        ("2026-03-19 2026-04-18", "2026-02-16 2026-03-18"),
    ],
)
def test_the_period_before(period: str, wanted: str) -> None:
    first, last = map(date.fromisoformat, period.split())
    found = before(Period(first, last))
    assert f"{found.first} {found.last}" == wanted


@given(DAYS, st.integers(0, 900))
def test_the_period_before_ends_before(first: date, length: int) -> None:
    period = Period(first, date.fromordinal(first.toordinal() + length))
    assert before(period).last < period.first


def test_a_change_says_its_word_and_whether_chance_explains_it() -> None:
    one = change(gross(90, 100), gross(40, 100))
    assert one is not None and (one.word, one.sure, round(one.points, 1)) == ("up", True, 50.0)
    one = change(gross(8, 10), gross(9, 10))
    assert one is not None and (one.word, one.sure) == ("down", False)
    one = change(gross(20004, 40000), gross(20000, 40000))
    assert one is not None and one.word == "level"
    assert change(gross(0, 0), gross(1, 2)) is None


RATES = st.dictionaries(
    st.integers(1, 60),
    st.integers(1, 300).flatmap(lambda d: st.integers(0, d).map(lambda n: gross(n, d))),
)


@given(RATES)
def test_ranks_compare_like_with_like(measures: dict[int, Measure]) -> None:
    found = groups(measures)
    assert sorted(p.key for group in found for p in group.places) == sorted(measures)
    for group in found:
        for one in group.places:
            m = one.measure
            assert group.low <= m.d and (group.high is None or m.d <= group.high)
            better = [p for p in group.places if (p.measure.rate or 0) > (m.rate or 0)]
            compared = m.d >= 20 and len(group.places) > 1
            assert one.rank == (1 + len(better) if compared else None)
            if one.rank == 1:
                assert one.close


@given(st.dictionaries(st.sampled_from(GAPS), st.integers(0, 50)), st.integers(0, 200))
def test_levers_and_the_rate_are_the_whole(counts: dict[str, int], solved: int) -> None:
    d = sum(counts.values()) + solved
    found = levers(counts, gross(solved, d))
    if not d:
        assert found == []
        return
    assert abs(sum(one.points for one in found) + 100 * solved / d - 100) < 1e-6
    order = [(not one.open_to_work, -one.points) for one in found]
    assert order == sorted(order) and all(one.tickets for one in found)
