"""Ranks in groups of like volume: who has few tickets is not set against who has many. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portal.kpi.figures import RANKED_FROM, Measure

# From how many tickets on a group begins; under the lowest nobody is ranked (domain.md §5).
GROUPS: tuple[int, ...] = (200, 50, RANKED_FROM)


@dataclass(frozen=True)
class Place:
    """Who (`key`: its id) has which rate, and its rank in its group; None is unranked.

    `close`: its interval meets that of the group's first, so the order may be chance.
    """

    key: int
    measure: Measure
    rank: int | None
    close: bool = False


@dataclass(frozen=True)
class Group:
    """Those with `low` to `high` tickets (None: any number more), the best rate first."""

    low: int
    high: int | None
    places: tuple[Place, ...]


def groups(measures: Mapping[int, Measure]) -> list[Group]:
    """All four groups, the largest first; those under 20 last, the larger first, unranked.

    Equal rates share a rank, and the next rank leaves as many out: 1, 1, 3. Who is alone in a
    group has nobody to be compared with, and no rank.
    """
    found, high = [], None
    for low in GROUPS:
        inside = _between(measures, low, high)
        found.append(Group(low, high, _ranked(inside)))
        high = low - 1
    few = sorted(_between(measures, 1, high), key=lambda one: (-one[1].d, one[0]))
    unranked = tuple(Place(key, measure, None) for key, measure in few)
    return [*found, Group(1, high, unranked)]


def _between(
    measures: Mapping[int, Measure], low: int, high: int | None
) -> list[tuple[int, Measure]]:
    return [(key, m) for key, m in measures.items() if low <= m.d and (high is None or m.d <= high)]


def _ranked(rows: Iterable[tuple[int, Measure]]) -> tuple[Place, ...]:
    ordered = sorted(rows, key=lambda one: (-(one[1].rate or 0), one[0]))
    rates = [measure.rate for _key, measure in ordered]
    return tuple(
        Place(key, measure, _rank(rates, measure.rate), _meet(measure, ordered[0][1]))
        for key, measure in ordered
    )


def _rank(rates: list[float | None], rate: float | None) -> int | None:
    return 1 + rates.index(rate) if len(rates) > 1 else None


def _meet(one: Measure, best: Measure) -> bool:
    """Whether the interval of one reaches that of the best; the best itself does."""
    return bool(one.interval and best.interval and one.interval[1] >= best.interval[0])
