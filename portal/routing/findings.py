"""What is wrong with a set of rules in the present world: ties, dead rules, gaps. Pure.

The world is finite, so each answer is exact: every case of category, region, chain and urgency is
asked. Regions and chains that no rule names are alike to all rules and asked about as one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from portal.routing.book import Book, tied
from portal.routing.rules import RouteFacts, Rule
from portal.tickets.lifecycle import Urgency


@dataclass(frozen=True)
class World:
    """The active rows: categories with their parents, regions, chains, units, those with cadres."""

    categories: Mapping[int, int | None]
    regions: Sequence[int]
    chains: Sequence[int]
    units: frozenset[int]
    staffed: frozenset[int]


class Why(StrEnum):
    """Why a rule can never win."""

    UNIT = "unit"  # the unit is not active: what it wins reaches nobody
    VALUE = "value"  # it names a category, region or chain that is not active
    COVERED = "covered"  # more specific rules have all of its cases


@dataclass(frozen=True)
class Tie:
    """Equally specific rules that send a ticket to different units, with such a ticket."""

    rules: tuple[Rule, ...]
    example: RouteFacts


@dataclass(frozen=True)
class Dead:
    """A rule that never wins, why, and the rules that have its cases."""

    rule: Rule
    why: Why
    by: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Gap:
    """How many of a category's cases reach no rule, of how many, with one of them."""

    category_id: int
    missing: int
    cases: int
    example: RouteFacts


@dataclass
class Findings:
    """Everything found; a set with ties, or with rules to inactive units, is not put in force.

    `unmanned`: rules to an active unit that has no cadre, so that what they win goes to triage.
    """

    ties: list[Tie] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    unmanned: list[Rule] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether the set may be put in force."""
        return not self.ties and not any(one.why is Why.UNIT for one in self.dead)


def examine(rules: Iterable[Rule], world: World) -> Findings:
    """All that is wrong with the rules in this world, in the order of their ids."""
    book = Book(rules)
    winning: set[int] = set()
    ties: dict[tuple[int, ...], Tie] = {}
    gaps: dict[int, Gap] = {}
    totals: dict[int, int] = {}
    for facts, cases in _cases(book.rules, world):
        best = book.best(facts)
        winning.update(rule.id for rule in best)
        totals[facts.category_id] = totals.get(facts.category_id, 0) + cases
        if not best:
            before = gaps.get(facts.category_id)
            missing = cases + (before.missing if before else 0)
            example = before.example if before else facts
            gaps[facts.category_id] = Gap(facts.category_id, missing, 0, example)
        elif tied(best):
            ties.setdefault(tuple(rule.id for rule in best), Tie(best, facts))
    found = Findings(list(ties.values()), _dead(book, world, winning))
    found.gaps = [
        Gap(one.category_id, one.missing, totals[one.category_id], one.example)
        for one in gaps.values()
    ]
    found.unmanned = [
        rule for rule in book.rules if rule.department_id in world.units - world.staffed
    ]
    return found


def _dead(book: Book, world: World, winning: set[int]) -> list[Dead]:
    dead = []
    for rule in book.rules:
        if rule.department_id not in world.units:
            dead.append(Dead(rule, Why.UNIT))
        elif rule.id not in winning:
            dead.append(_covered(rule, book, world))
    return dead


def _covered(rule: Rule, book: Book, world: World) -> Dead:
    """Which rules have the cases of one that never wins; none where it has no case at all."""
    by: dict[int, Rule] = {}
    cases = 0
    for facts, _ in _cases(book.rules, world):
        if rule.matches(facts):
            cases += 1
            by.update({one.id: one for one in book.best(facts)})
    if not cases:
        return Dead(rule, Why.VALUE)
    return Dead(rule, Why.COVERED, tuple(by[key] for key in sorted(by)))


def _cases(rules: Sequence[Rule], world: World) -> Iterator[tuple[RouteFacts, int]]:
    """A ticket of each kind that the rules can tell apart, and how many cases it stands for."""
    regions = _kinds([rule.region_id for rule in rules], world.regions)
    chains = _kinds([rule.chain_id for rule in rules], [None, *world.chains])
    for category, parent in world.categories.items():
        for region, width in regions.items():
            for chain, depth in chains.items():
                for urgency in Urgency:
                    yield (
                        RouteFacts(category, region or 0, chain, str(urgency), parent),
                        width * depth,
                    )


def _kinds(named: Iterable[int | None], active: Sequence[int | None]) -> dict[int | None, int]:
    """The values that some rule names, and the first of the others for all of those."""
    apart = {one for one in named if one is not None}
    kinds: dict[int | None, int] = {one: 1 for one in active if one in apart}
    others = [one for one in active if one not in apart]
    if others:
        kinds[others[0]] = len(others)
    return kinds
