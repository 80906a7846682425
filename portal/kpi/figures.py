"""Every figure by name, and what one of them measures (domain.md §5). Pure.

The definitions stand in define_results and define_work; what n and d are in SQL stands in
portal.kpi.conditions, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.kpi import define_results, define_work
from portal.kpi.definition import Figure
from portal.kpi.intervals import wilson

# Below this many tickets no rate is ranked (domain.md §5).
RANKED_FROM = 20
FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        *define_results.FIRST,
        *define_results.VOICE,
        *define_work.PROMISES,
        *define_work.DEPARTURES,
        *define_work.VOLUME,
        *define_work.TIMES,
    )
}
# The first ten of domain.md §5: the head of the page and the columns of its tables.
FIRST_TEN: tuple[str, ...] = tuple(figure.name for figure in define_results.FIRST)
TIMES: tuple[str, ...] = tuple(name for name, one in FIGURES.items() if one.unit == "hours")
COUNTED: tuple[str, ...] = tuple(name for name in FIGURES if name not in TIMES)


@dataclass(frozen=True)
class Measure:
    """One figure, counted: n ≤ d always.

    `excluded`: how many were left out, by reason. `listed`: the rows behind n where a row can
    weigh less than one (satisfaction), else n. `median` and `p90`: working hours, of times only.
    """

    figure: Figure
    n: float
    d: int
    excluded: Mapping[str, int] = field(default_factory=dict)
    listed: int | None = None
    median: float | None = None
    p90: float | None = None

    def plus(self, other: "Measure") -> "Measure":
        """The counts of two parts of one period put together; not for times."""
        reasons = self.excluded.keys() | other.excluded.keys()
        excluded = {
            why: self.excluded.get(why, 0) + other.excluded.get(why, 0) for why in sorted(reasons)
        }
        listed = None if self.listed is None else self.listed + (other.listed or 0)
        return Measure(self.figure, self.n + other.n, self.d + other.d, excluded, listed)

    @property
    def rate(self) -> float | None:
        """n / d from 0 to 1; None when nothing was due, for times and for mere counts."""
        return self.n / self.d if self.d and self.figure.unit in ("rate", "points") else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson 95 % interval of the rate; None where there is no rate."""
        return wilson(self.n, self.d) if self.rate is not None else None

    @property
    def rows(self) -> int:
        """How many rows the list behind n has."""
        return int(self.n) if self.listed is None else self.listed

    @property
    def rest(self) -> int:
        """How many rows are in d and not in n."""
        return self.d - self.rows

    @property
    def ranked(self) -> bool:
        """Whether there are tickets enough to compare it with others."""
        return self.d >= RANKED_FROM


def plain(measure: Measure) -> dict[str, float | int | None]:
    """The figure as `flask kpi show --json` prints it: n, d and rate, hours for the times."""
    n = int(measure.n) if measure.n == int(measure.n) else round(measure.n, 4)
    rate = None if measure.rate is None else round(measure.rate, 4)
    answer: dict[str, float | int | None] = {"n": n, "d": measure.d, "rate": rate}
    if measure.figure.unit == "hours":
        answer["median_hours"], answer["p90_hours"] = measure.median, measure.p90
    return answer
