"""What a bulletin is made of: counts of a period and of the one before, by unit and field. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from portal.kpi.figures import RANKED_FROM
from portal.kpi.intervals import wilson
from portal.publish.disclosure import SMALL

REST = "其余类别"  # the fields that are not told one by one
LARGE = 50  # from so many tickets on a unit stands in the group of the large


@dataclass(frozen=True)
class Count:
    """One figure: n of d; of times n = d, with median and 90th percentile in working hours."""

    n: float = 0
    d: int = 0
    median: float | None = None
    p90: float | None = None

    @property
    def rate(self) -> float | None:
        """n / d from 0 to 1; None when nothing was due."""
        return self.n / self.d if self.d else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson 95 % interval; None when nothing was due."""
        return wilson(self.n, self.d)


@dataclass(frozen=True)
class Unit:
    """One department: what it took on and solved, kept in time, and let run over."""

    name: str
    solved: Count = Count()
    on_time: Count = Count()
    late: int = 0
    late_now: int = 0

    @property
    def accepted(self) -> int:
        """How many tickets of the period it has."""
        return self.solved.d

    @property
    def ranked(self) -> bool:
        """Whether it has tickets enough to be compared."""
        return self.accepted >= RANKED_FROM


@dataclass(frozen=True)
class Orders:
    """Supervision orders: issued in the period, and what waits for an answer now.

    `dropped`: no answer is needed any more, because the ticket has ended.
    """

    issued: int = 0
    answered: int = 0
    in_time: int = 0
    dropped: int = 0
    waiting: int = 0
    late: int = 0


@dataclass(frozen=True)
class Point:
    """One week or month of the chart."""

    label: str
    accepted: int
    solved: Count = Count()


@dataclass(frozen=True)
class Facts:
    """All that a bulletin says. `figures` and `previous`: by the names of portal.kpi.figures.

    `current`: the period has just ended, so that what stands now belongs to it. `excluded`: why
    tickets are not in the net rate, and how many. `fields`: as `fields_told` has them.
    """

    kind: str
    first: date
    last: date
    made_on: date
    figures: Mapping[str, Count]
    previous: Mapping[str, Count]
    excluded: Mapping[str, int] = field(default_factory=dict)
    units: tuple[Unit, ...] = ()
    fields: tuple[tuple[str, int], ...] = ()
    points: tuple[Point, ...] = ()
    orders: Orders = Orders()
    alerts: int = 0
    current: bool = False

    def of(self, name: str) -> Count:
        """A figure of the period; nothing due where it is not known."""
        return self.figures.get(name, Count())

    def past(self, name: str) -> Count:
        """The same of the period before."""
        return self.previous.get(name, Count())

    @property
    def accepted(self) -> int:
        """How many tickets were accepted in the period."""
        return self.of("resolution_gross").d

    @property
    def open(self) -> int:
        """How many of the accepted are not closed yet."""
        closed = self.of("close_rate")
        return closed.d - int(closed.n)

    @property
    def late_now(self) -> int:
        """How many open tickets are past their due now."""
        return sum(unit.late_now for unit in self.units)


def groups(units: tuple[Unit, ...]) -> list[tuple[str, list[Unit]]]:
    """The units by volume: the large and the middle, each the best rate first; the small last.

    Units under 20 tickets are in no order of rates (domain.md §5): the larger first.
    """
    busy = [unit for unit in units if unit.accepted]
    large = [unit for unit in busy if unit.accepted >= LARGE]
    middle = [unit for unit in busy if RANKED_FROM <= unit.accepted < LARGE]
    small = [unit for unit in busy if not unit.ranked]
    for group in (large, middle):
        group.sort(key=lambda unit: (-(unit.solved.rate or 0), -unit.accepted, unit.name))
    small.sort(key=lambda unit: (-unit.accepted, unit.name))
    return [("large", large), ("middle", middle), ("small", small)]


def fields_told(counts: Mapping[str, int], apart: int) -> tuple[tuple[str, int], ...]:
    """The fields with a crowd each, the largest first, then all others as one; none is lost.

    `apart`: sealed tickets, in no field of `counts`. Whoever answers for a field knows all of its
    tickets but these, and could subtract (docs/decisions/sealed.md); so the others are a crowd too.
    """
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    told = [one for one in ordered if one[1] >= SMALL]
    rest = apart + sum(n for _name, n in ordered[len(told) :])
    while 0 < rest < SMALL and told:
        rest += told.pop()[1]
    return (*told, (REST, rest)) if rest else tuple(told)
