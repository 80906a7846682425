"""A set of rules made quick to ask: the most specific ones that match a ticket. Pure.

Answers as `rules.best_rule` does, by at most 24 look-ups however many rules there are; what was
asked before is remembered, since the past asks the same few thousand questions again and again.
"""

from collections.abc import Iterable

from portal.routing.rules import RouteFacts, Rule, Tie

_Shape = tuple[bool, bool, bool, bool, bool]
_Key = tuple[int | str | None, ...]


class Book:
    """The rules by what they name, the most specific shapes first."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        shapes: dict[tuple[int, bool], dict[_Shape, dict[_Key, list[Rule]]]] = {}
        for rule in self.rules:
            tables = shapes.setdefault(rule.specificity, {})
            rows = tables.setdefault(_shape(rule), {})
            rows.setdefault(tuple(one for one in rule.conditions if one is not None), []).append(
                rule
            )
        self._levels = [list(shapes[level].items()) for level in sorted(shapes, reverse=True)]
        self._known: dict[RouteFacts, tuple[Rule, ...]] = {}

    def best(self, facts: RouteFacts) -> tuple[Rule, ...]:
        """All the most specific rules that match, in the order of their ids; empty when none do."""
        found = self._known.get(facts)
        if found is None:
            found = self._known[facts] = self._look(facts)
        return found

    def decide(self, facts: RouteFacts) -> Rule | None:
        """The rule that decides, None when none does. Raises Tie as `rules.best_rule` does."""
        best = self.best(facts)
        if tied(best):
            raise Tie(list(best))
        return best[0] if best else None

    def _look(self, facts: RouteFacts) -> tuple[Rule, ...]:
        top = facts.category_id if facts.parent_id is None else facts.parent_id
        for level in self._levels:
            found = [
                rule
                for (category, child, region, chain, urgency), rows in level
                for rule in rows.get(
                    (
                        *((facts.category_id if child else top,) if category else ()),
                        *((facts.region_id,) if region else ()),
                        *((facts.chain_id,) if chain else ()),
                        *((facts.urgency,) if urgency else ()),
                    ),
                    (),
                )
            ]
            if found:
                return tuple(sorted(found, key=lambda rule: rule.id))
        return ()


def tied(best: tuple[Rule, ...]) -> bool:
    """Whether equally specific rules send a ticket to different departments."""
    return len(best) > 1 and len({rule.department_id for rule in best}) > 1


def _shape(rule: Rule) -> _Shape:
    category, region, chain, urgency = (value is not None for value in rule.conditions)
    return category, category and rule.parent_id is not None, region, chain, urgency
