"""What the pages read adds up: over every dimension, over time, by hour and in the spreads."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.directory.models import EnterpriseClass
from portal.extensions import db
from portal.kpi import cells
from portal.kpi.conditions import NO_CLASS, NOWHERE, Dimensions
from portal.kpi.figures import COUNTED, Measure
from portal.kpi.live import FIELDS, GRAINS
from portal.kpi.periods import Period
from tests.factories import MONDAY, Town
from tests.plays import HOUR, SOON, Play

NOW = datetime(2026, 5, 10, 1, tzinfo=UTC)
SPRING = Period(date(2026, 2, 3), date(2026, 4, 29))
ALL = Dimensions()
DAY = timedelta(days=1)


@pytest.fixture
def spring(town: Town) -> Town:
    """Six tickets of three months; the firm of the first two holds one title, later two."""
    play = Play(town)
    title(town, "high_tech", date(2026, 1, 1))
    play.done(MONDAY - 21 * DAY)
    play.done(MONDAY, rating=3)
    title(town, "gazelle", date(2026, 3, 10))
    late = play.file(MONDAY + 9 * DAY)
    play.contact(late, MONDAY + 10 * DAY)
    play.answer(late, MONDAY + 45 * DAY)
    play.file(MONDAY + 30 * DAY, category="税费")
    play.file(MONDAY + 31 * DAY)
    return town


def title(town: Town, name: str, since: date) -> None:
    db.session.add(EnterpriseClass(enterprise_id=town.enterprise_id, name=name, valid_from=since))
    db.session.commit()


def added(groups: Iterable[dict[str, Measure]]) -> dict[str, tuple[float, int, dict[str, int]]]:
    """n, d and the left-out of each counted figure, over all groups."""
    listed = list(groups)
    sums: dict[str, tuple[float, int, dict[str, int]]] = {}
    for name in COUNTED:
        parts = [group[name] for group in listed]
        reasons = {why for part in parts for why in part.excluded}
        left_out = {why: sum(part.excluded.get(why, 0) for part in parts) for why in reasons}
        left_out = {why: n for why, n in left_out.items() if n}
        n, d = sum(part.n for part in parts), sum(part.d for part in parts)
        sums[name] = (round(n, 4), d, left_out)
    return sums


def test_every_cut_adds_up_to_the_total(spring: Town) -> None:
    total = added([cells.totals(SPRING, ALL, NOW)])
    assert total["submissions"][:2] == (5, 5) and total["backlog"][:2] == (2, 2)
    for dimension in FIELDS:
        if dimension != "class":
            assert added(cells.by(dimension, SPRING, ALL, NOW).values()) == total, dimension
    for grain in GRAINS:
        parts = cells.series(grain, SPRING, ALL, NOW)
        assert added(one for _day, one in parts) == total, grain
        assert [day for day, _one in parts] == SPRING.starts(grain)


def test_a_firm_counts_under_each_title_it_held_that_day(spring: Town) -> None:
    found = cells.by("class", SPRING, ALL, NOW)
    counted = {key: one["submissions"].d for key, one in found.items()}
    assert counted == {"high_tech": 5, "gazelle": 3}
    gazelles = Dimensions(firm_class="gazelle")
    assert cells.totals(SPRING, gazelles, NOW)["submissions"].d == 3
    assert cells.totals(SPRING, Dimensions(firm_class=NO_CLASS), NOW)["submissions"].d == 0


def test_each_value_is_what_choosing_it_counts(spring: Town) -> None:
    for dimension, field in FIELDS.items():
        for value, one in cells.by(dimension, SPRING, ALL, NOW).items():
            narrowed = replace(ALL, **{field: value})
            chosen = cells.totals(SPRING, narrowed, NOW)
            assert added([one]) == added([chosen]), (dimension, value)
    assert NOWHERE in cells.by("cadre", SPRING, ALL, NOW)


def test_submissions_by_weekday_and_hour(spring: Town) -> None:
    found = cells.hours(SPRING, ALL)
    assert [len(found), len(found[0])] == [7, 24]
    assert sum(map(sum, found)) == 5
    assert found[0][9] == 2  # Mondays at nine


def test_times_lie_in_buckets(spring: Town) -> None:
    one = cells.spreads(SPRING, ALL)["time_to_contact"]
    measure = cells.totals(SPRING, ALL, NOW)["time_to_contact"]
    assert (one.n, one.median, one.p90) == (measure.d, measure.median, measure.p90) == (2, 0.5, 0.5)
    assert [bucket.n for bucket in one.buckets] == [2, 0, 0, 0, 0, 0, 0]
    resolved = cells.spreads(SPRING, ALL)["time_to_resolve"]
    assert (resolved.n, resolved.median) == (2, (HOUR + SOON) / HOUR)
