"""What changed between two sets of rules, and the same change made to a third. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from portal.routing.rules import Rule

Conditions = tuple[int | str | None, ...]
Sentences = Mapping[Conditions, int]
"""A set of rules as conditions → unit; conditions are category, region, chain, urgency."""


@dataclass(frozen=True)
class Change:
    """One rule added (`before` None), removed (`after` None) or sent to another unit."""

    conditions: Conditions
    before: int | None
    after: int | None


def sentences(rules: Iterable[Rule]) -> dict[Conditions, int]:
    """A set of rules as conditions → unit."""
    return {rule.conditions: rule.department_id for rule in rules}


def changes(old: Sentences, new: Sentences) -> list[Change]:
    """What makes `new` of `old`: first what is taken out or sent elsewhere, then what comes in."""
    gone = [
        Change(conditions, unit, new.get(conditions))
        for conditions, unit in old.items()
        if new.get(conditions) != unit
    ]
    return gone + [Change(one, None, unit) for one, unit in new.items() if one not in old]


def carry(made: Iterable[Change], onto: Sentences) -> tuple[dict[Conditions, int], list[Change]]:
    """The changes made to another set: the result, and those that somebody else contradicted.

    A change is contradicted when its rule is no longer what the change started from, nor what it
    aims at; the other set keeps its own then.
    """
    result, refused = dict(onto), []
    for one in made:
        present = result.get(one.conditions)
        if present not in (one.before, one.after):
            refused.append(one)
        elif one.after is None:
            result.pop(one.conditions, None)
        else:
            result[one.conditions] = one.after
    return result, refused
