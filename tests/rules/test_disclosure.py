"""Small counts are hidden, and nothing that is shown gives one of them away by subtraction."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publish.disclosure import SMALL, floor_percent, hidden, parts, safe

row = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda two: parts(two[0], sum(two)))
tables = st.dictionaries(st.integers(0, 11), row, min_size=1, max_size=8)


def totals(rows) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*rows, strict=True)) if rows else ()


@given(tables)
def test_what_is_shown_and_what_follows_from_it_is_nobody_or_a_crowd(table) -> None:
    away = hidden(table)
    for key, counts in table.items():
        assert key in away or safe(*counts)
    rest = [table[key] for key in away]
    if rest and safe(*totals(list(table.values()))):
        assert safe(*totals(rest)), (table, away)
        assert sum(any(counts) for counts in rest) >= 2


@given(tables, st.sets(st.integers(0, 11)))
def test_rows_hidden_elsewhere_stay_hidden(table, start) -> None:
    away = hidden(table, start)
    assert away >= start & set(table)
    rest = [table[key] for key in away]
    if rest and safe(*totals(list(table.values()))):
        assert safe(*totals(rest))


small = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda two: parts(two[0], sum(two)))


@settings(deadline=None, max_examples=60)
@given(st.lists(small, min_size=2, max_size=3))
def test_nobody_can_work_out_a_hidden_part(rows) -> None:
    """An attacker knows the wholes, the totals and the rows shown: several answers are left."""
    table = dict(enumerate(rows))
    no_whole = hidden({key: (counts[0],) for key, counts in table.items()})
    away = sorted(hidden(table, no_whole))
    if not away or not safe(*totals(rows)):
        return
    d_left, n_left, _rest = totals([table[key] for key in away])
    choices = [
        [
            (n, d)
            for d in (range(d_left + 1) if key in no_whole else [table[key][0]])
            for n in range(min(d, n_left) + 1)
        ]
        for key in away[:-1]
    ]
    found: list[list[tuple[int, ...]]] = [[] for _ in away]
    for picked in product(*choices):
        n, d = n_left - sum(n for n, _d in picked), d_left - sum(d for _n, d in picked)
        if 0 <= n <= d and (away[-1] in no_whole or d == table[away[-1]][0]):
            for place, (its_n, its_d) in enumerate((*picked, (n, d))):
                found[place].append(parts(its_n, its_d))
    for place, key in enumerate(away):
        for part, count in enumerate(table[key]):
            if not safe(count):
                assert len({one[part] for one in found[place]}) >= SMALL, (table, key, part)


def test_a_lone_small_row_takes_another_with_it() -> None:
    assert hidden({"a": (3,), "b": (30,), "c": (12,)}) == {"a", "c"}
    assert hidden({"a": (3,), "b": (0,), "c": (2,), "d": (9,)}) == {"a", "c"}
    assert hidden({"a": (1,), "b": (2,), "d": (9,), "e": (90,)}) == {"a", "b", "d"}
    assert hidden({"a": (7,), "b": (0,)}) == set()
    assert hidden({"a": (3,)}) == {"a"}


def test_a_small_rest_is_said_as_a_percent_that_is_passed() -> None:
    assert floor_percent(618) == 99
    assert 615 / 618 > 0.99
    assert floor_percent(4) is None
    for d in range(5, 400):
        floor = floor_percent(d)
        assert floor is not None
        assert all((d - few) / d >= floor / 100 for few in range(1, SMALL))
