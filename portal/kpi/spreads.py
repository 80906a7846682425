"""How times lie: median, 90th percentile and buckets, of tenths of a working hour. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

# The upper ends of the buckets in working hours; a working day has 7.5 of them.
BUCKETS: dict[str, tuple[float, ...]] = {
    "time_to_contact": (0.5, 1, 2, 4, 7.5, 15),
    "time_to_resolve": (7.5, 22.5, 37.5, 75, 112.5, 225),
}


@dataclass(frozen=True)
class Bucket:
    """How many tickets took more than `above` and at most `upto` working hours; None: no end."""

    above: float
    upto: float | None
    n: int


@dataclass(frozen=True)
class Spread:
    """The distribution of one time: `median` and `p90` in working hours, None without tickets."""

    buckets: tuple[Bucket, ...]
    n: int
    median: float | None
    p90: float | None


def tenths(minutes: float) -> int:
    """Working minutes as whole tenths of an hour, the half rounded up; never below 0."""
    return max(0, floor(minutes / 6 + 0.5))


def spread_of(name: str, taken: Mapping[int, int]) -> Spread:
    """The distribution of the time `name` from tenths of an hour → number of tickets.

    p90 is the nearest rank, a time that occurred: nine tickets in ten took no longer.
    """
    size = sum(taken.values())
    buckets, above = [], 0.0
    for upto in (*BUCKETS[name], None):
        inside = (n for at, n in taken.items() if upto is None or at <= upto * 10)
        buckets.append(Bucket(above, upto, sum(inside) - sum(one.n for one in buckets)))
        above = upto or above
    if not size:
        return Spread(tuple(buckets), 0, None, None)
    low, high, p90 = _ranked(taken, ((size + 1) // 2, size // 2 + 1, ceil(0.9 * size)))
    return Spread(tuple(buckets), size, round((low + high) / 20, 2), p90 / 10)


def _ranked(taken: Mapping[int, int], ranks: tuple[int, ...]) -> list[int]:
    """The values at some ranks, counted from 1, of the sorted times."""
    found: dict[int, int] = {}
    seen = 0
    for at, n in sorted(taken.items()):
        for rank in ranks:
            if seen < rank <= seen + n:
                found[rank] = at
        seen += n
    return [found[rank] for rank in ranks]


def added(*parts: Mapping[int, int]) -> Counter[int]:
    """Distributions put together."""
    total: Counter[int] = Counter()
    for part in parts:
        total.update(part)
    return total
