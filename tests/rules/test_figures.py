"""The definitions of the figures, their intervals and their periods, without a database."""

from datetime import UTC, date, datetime
from itertools import pairwise
from math import ceil
from pathlib import Path
from statistics import median

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.kpi.figures import COUNTED, FIGURES, FIRST_TEN, TIMES, Measure, plain
from portal.kpi.intervals import wilson
from portal.kpi.periods import Period
from portal.kpi.spreads import spread_of, tenths

days = st.dates(date(2004, 1, 1), date(2035, 12, 31))


def test_the_first_ten_are_those_of_the_specification() -> None:
    assert (
        *("accept_rate", "contact_rate", "on_time_rate", "on_time_extended", "close_rate"),
        *("resolution_gross", "resolution_net", "resolution_reported", "overclaim"),
        "satisfaction",
    ) == FIRST_TEN
    assert set(COUNTED) | set(TIMES) == set(FIGURES)


def test_every_figure_says_how_it_is_counted() -> None:
    for name, figure in FIGURES.items():
        assert figure.name == name
        assert figure.title and figure.formula.endswith("。") and figure.left_out.endswith("。")
        assert "%" not in figure.formula + figure.left_out, "gettext would read it as a place"


def test_the_interval_of_the_published_figure() -> None:
    low, high = wilson(613, 619) or (0, 0)
    assert (round(low, 4), round(high, 4)) == (0.979, 0.9956)
    assert wilson(0, 0) is None
    assert wilson(0, 10) == (0.0, pytest.approx(0.2775, abs=1e-4))
    assert wilson(10, 10) == (pytest.approx(0.7225, abs=1e-4), 1.0)


@pytest.mark.parametrize(("n", "d"), [(2, 1), (-1, 3), (1, 0)])
def test_what_is_no_share_has_no_interval(n: int, d: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(n, d)


@given(st.integers(1, 5000).flatmap(lambda d: st.tuples(st.integers(0, d), st.just(d))))
def test_the_interval_holds_the_rate_and_stays_within_0_and_1(share: tuple[int, int]) -> None:
    n, d = share
    low, high = wilson(n, d) or (2.0, -1.0)
    assert 0 <= low <= n / d <= high <= 1


def test_a_period_runs_from_midnight_to_midnight_in_shanghai() -> None:
    assert Period(date(2023, 1, 1), date(2023, 12, 31)).bounds == (
        datetime(2022, 12, 31, 16, tzinfo=UTC),
        datetime(2023, 12, 31, 16, tzinfo=UTC),
    )
    with pytest.raises(ValueError, match="before"):
        Period(date(2023, 1, 2), date(2023, 1, 1))


@given(days, days)
def test_the_months_of_a_period_meet_without_gap_or_overlap(one: date, other: date) -> None:
    period = Period(min(one, other), max(one, other))
    months = period.months
    assert (months[0].first, months[-1].last) == (period.first, period.last)
    for earlier, later in pairwise(months):
        assert earlier.bounds[1] == later.bounds[0]
        assert later.first.day == 1


def test_a_december_has_31_days() -> None:
    assert Period.of_month(2023, 12).last == date(2023, 12, 31)
    assert Period.of_month(2024, 2).last == date(2024, 2, 29)


def test_a_figure_of_nothing_has_no_rate() -> None:
    empty = Measure(FIGURES["close_rate"], 0, 0)
    assert (empty.rate, empty.interval, empty.ranked) == (None, None, False)
    assert plain(empty) == {"n": 0, "d": 0, "rate": None}
    assert not Measure(FIGURES["close_rate"], 19, 19).ranked
    assert Measure(FIGURES["close_rate"], 20, 20).ranked


def test_the_printed_form() -> None:
    gross = Measure(FIGURES["resolution_gross"], 613, 619)
    assert plain(gross) == {"n": 613, "d": 619, "rate": 0.9903}
    pleased = Measure(FIGURES["satisfaction"], 2.9, 4, listed=3)
    assert plain(pleased) == {"n": 2.9, "d": 4, "rate": 0.725}
    assert (pleased.rows, pleased.rest) == (3, 1)
    time = Measure(FIGURES["time_to_contact"], 2, 2, median=0.5, p90=1.25)
    assert plain(time) == {"n": 2, "d": 2, "rate": None, "median_hours": 0.5, "p90_hours": 1.25}


@given(st.dictionaries(st.integers(0, 3000), st.integers(1, 9), max_size=40))
def test_median_and_p90_are_those_of_the_single_times(taken: dict[int, int]) -> None:
    single = sorted(at for at, n in taken.items() for _one in range(n))
    found = spread_of("time_to_resolve", taken)
    assert found.n == len(single) == sum(bucket.n for bucket in found.buckets)
    assert all(bucket.n >= 0 for bucket in found.buckets)
    if single:
        assert found.median == round(median(single) / 10, 2)
        assert found.p90 == single[ceil(0.9 * len(single)) - 1] / 10


@pytest.mark.parametrize(("minutes", "tenth"), [(0, 0), (2.9, 0), (3, 1), (30, 5), (-5, 0)])
def test_minutes_are_rounded_to_tenths_of_an_hour(minutes: float, tenth: int) -> None:
    assert tenths(minutes) == tenth


def test_there_are_more_than_twenty_six_figures_and_the_page_is_made_of_them(app: Flask) -> None:
    assert len(FIGURES) >= 26
    answer = app.test_cli_runner().invoke(args=["kpi", "define"])
    written = (Path(__file__).parents[2] / "docs" / "figures.md").read_text(encoding="utf-8")
    assert answer.output == written, "flask kpi define --write docs/figures.md"
