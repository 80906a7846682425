"""Which cadre gets a ticket: presence, skill, capacity, least load, longest idle. Pure.

domain.md §4; what full means and who comes first then: docs/decisions/choice.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from portal.routing.rules import Candidate, least_loaded


class Bar(StrEnum):
    """Why somebody cannot be given a ticket, in the order in which it is asked."""

    EXCLUDED = "excluded"
    AWAY = "away"
    UNSKILLED = "unskilled"
    FULL = "full"


@dataclass(frozen=True)
class Cadre(Candidate):
    """One cadre of a unit: `load` open tickets of at most `capacity` (None: no limit).

    `skills`: the categories noted, none noted means every category. `away`: on leave today.
    """

    department_id: int = 0
    capacity: int | None = None
    away: bool = False
    skills: frozenset[int] = frozenset()

    @property
    def full(self) -> bool:
        """Whether no more may be given."""
        return self.capacity is not None and self.load >= self.capacity


@dataclass(frozen=True)
class Wanted:
    """A ticket that looks for somebody.

    `kin`: the categories that a skill may be in to fit, see `kin_of`. `excluded`: units whose
    people never get it, such as the one that a sealed complaint is about (domain.md §4).
    """

    ticket_id: int
    kin: frozenset[int]
    excluded: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Choice:
    """Who was chosen of `able` people, or nobody; `passed` says who was passed over and why."""

    cadre: Cadre | None
    able: int
    passed: tuple[tuple[Bar, Cadre], ...] = ()

    @property
    def full(self) -> bool:
        """Whether a place would be enough: nobody was chosen, and somebody able is only full."""
        return self.cadre is None and any(bar is Bar.FULL for bar, _ in self.passed)

    def count(self, bar: Bar) -> int:
        """How many were passed over for this reason."""
        return sum(one is bar for one, _ in self.passed)


def kin_of(category_id: int, parents: Mapping[int, int]) -> frozenset[int]:
    """The category, its parent and its kinds: whoever knows one of them may take its tickets.

    `parents` maps each category of the second level to its parent.
    """
    kinds = {child for child, parent in parents.items() if parent == category_id}
    above = {parents[category_id]} if category_id in parents else set()
    return frozenset({category_id} | kinds | above)


def barred(cadre: Cadre, wanted: Wanted) -> Bar | None:
    """Why this cadre cannot be given this ticket; None when they can."""
    if cadre.department_id in wanted.excluded:
        return Bar.EXCLUDED
    if cadre.away:
        return Bar.AWAY
    if cadre.skills and not cadre.skills & wanted.kin:
        return Bar.UNSKILLED
    return Bar.FULL if cadre.full else None


def choose(cadres: Iterable[Cadre], wanted: Wanted) -> Choice:
    """Of those who can take it the one with the least load, ties by longest idle."""
    able: list[Cadre] = []
    passed: list[tuple[Bar, Cadre]] = []
    for cadre in cadres:
        bar = barred(cadre, wanted)
        if bar is None:
            able.append(cadre)
        else:
            passed.append((bar, cadre))
    chosen = least_loaded(able)
    return Choice(
        cadre=next((one for one in able if chosen is not None and one.id == chosen.id), None),
        able=len(able),
        passed=tuple(passed),
    )


def deal(
    queue: Sequence[Wanted], cadres: Iterable[Cadre], now: datetime
) -> tuple[dict[int, Choice], list[Cadre]]:
    """Gives the tickets of a queue in its order, each as `choose` does, loads growing meanwhile.

    Out: the choices of those that found somebody, by ticket, and the cadres with the loads they
    have then. `queue` has what is due first in front, so that nothing newer overtakes it
    (lessons.md 25).
    """
    team = {cadre.id: cadre for cadre in cadres}
    given: dict[int, Choice] = {}
    for wanted in queue:
        if all(one.full or one.away for one in team.values()):
            break
        choice = choose(team.values(), wanted)
        if choice.cadre is not None:
            given[wanted.ticket_id] = choice
            one = choice.cadre
            team[one.id] = replace(one, load=one.load + 1, idle_since=now)
    return given, list(team.values())
