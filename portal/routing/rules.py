"""Where a ticket belongs: rules, stand-ins and the least load (domain.md §4). Pure.

Of the rules that match a ticket the most specific one wins. Specificity is the pair (how many of
the four dimensions the rule names, whether its category is of the second level), compared in that
order. A rule that names a category matches the tickets of its children too, so between a rule for
a child and one for its parent, both otherwise alike, the child's wins.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """category × region × chain × urgency → department; None matches everything.

    `parent_id`: the parent of the category that the rule names, None for one of the first level.
    `number`: how people call the rule, the same in every version; `version`: the one it is of.
    """

    id: int
    category_id: int | None
    region_id: int | None
    chain_id: int | None
    urgency: str | None
    department_id: int
    parent_id: int | None = None
    number: int = 0
    version: int = 0

    @property
    def conditions(self) -> tuple[int | str | None, ...]:
        """The four dimensions in their fixed order."""
        return (self.category_id, self.region_id, self.chain_id, self.urgency)

    @property
    def specificity(self) -> tuple[int, bool]:
        """How many dimensions the rule names, then whether its category is a child: more wins."""
        named = sum(value is not None for value in self.conditions)
        return named, self.category_id is not None and self.parent_id is not None

    def matches(self, facts: "RouteFacts") -> bool:
        """Whether every named dimension is the ticket's; a category is its children's too."""
        return self.category_id in (None, facts.category_id, facts.parent_id) and all(
            want is None or want == have
            for want, have in (
                (self.region_id, facts.region_id),
                (self.chain_id, facts.chain_id),
                (self.urgency, facts.urgency),
            )
        )


@dataclass(frozen=True)
class RouteFacts:
    """The dimensions of the ticket that rules look at; `parent_id`: its category's parent."""

    category_id: int
    region_id: int
    chain_id: int | None
    urgency: str
    parent_id: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A present cadre: `load` open tickets, `idle_since` the last assignment (None: never)."""

    id: int
    name: str
    load: int
    idle_since: datetime | None


class Tie(Exception):
    """Several equally specific rules match: a configuration error, to be shown."""

    def __init__(self, rules: list[Rule]) -> None:
        super().__init__(f"rules {[rule.id for rule in rules]} are equally specific")
        self.rules = rules


def best_rule(rules: Iterable[Rule], facts: RouteFacts) -> Rule | None:
    """The most specific rule that matches, None when none does.

    Raises Tie when the most specific ones send the ticket to different departments.
    """
    matching = [rule for rule in rules if rule.matches(facts)]
    if not matching:
        return None
    top = max(rule.specificity for rule in matching)
    best = [rule for rule in matching if rule.specificity == top]
    if len({rule.department_id for rule in best}) > 1:
        raise Tie(best)
    return min(best, key=lambda rule: rule.id)


def stand_in(cadre_id: int, away: Mapping[int, int | None]) -> int | None:
    """The cadre, or who stands in for them: deputies are followed to the end of the chain.

    `away` maps each absent cadre to a deputy or None. None when the chain ends in nobody or in a
    loop (lessons.md 26).
    """
    seen: set[int] = set()
    current: int | None = cadre_id
    while current is not None and current in away:
        if current in seen:
            return None
        seen.add(current)
        current = away[current]
    return current


def least_loaded(candidates: Iterable[Candidate]) -> Candidate | None:
    """The least open load; ties by longest idle, so that teams share evenly (lessons.md 24)."""
    return min(
        candidates,
        key=lambda c: (c.load, c.idle_since is not None, c.idle_since or _NEVER, c.id),
        default=None,
    )
