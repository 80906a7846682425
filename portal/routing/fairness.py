"""How evenly tickets were given among those who were there and able to take them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil


@dataclass(frozen=True)
class Member:
    """A cadre of a unit: the categories known (none noted: every one) and the days of absence."""

    id: int
    skills: frozenset[int] = frozenset()
    away: frozenset[date] = frozenset()

    def could_take(self, given: "Given") -> bool:
        """Whether this cadre was there that day and knows the category."""
        able = not self.skills or bool(self.skills & given.kin)
        return able and given.day not in self.away


@dataclass(frozen=True)
class Given:
    """`count` tickets of one kind that a cadre was given by choice on a local day.

    `kin`: the categories that a skill may be in to fit (routing.choice.kin_of).
    """

    cadre_id: int
    kin: frozenset[int]
    day: date
    count: int = 1


@dataclass(frozen=True)
class Share:
    """What one cadre was given, and what an even hand would have given."""

    cadre_id: int
    given: int
    due: float


@dataclass(frozen=True)
class Fairness:
    """`n` of `d` tickets lie where an even hand would have put them; the share of each cadre.

    `spread`: the most minus the least that anybody was given beyond the own share, in tickets.
    """

    n: int
    d: int
    spread: float
    shares: tuple[Share, ...]

    @property
    def rate(self) -> float | None:
        """n / d from 0 to 1; None where nothing was given."""
        return self.n / self.d if self.d else None


def fairness(members: Sequence[Member], given: Iterable[Given]) -> Fairness:
    """The evenness of what was given to these cadres by choice.

    Each ticket is due in equal parts to everybody who was there that day and knows its category,
    so leave and skills make nobody look favoured. n = d less what each was given beyond the own
    due, rounded up: one ticket that cannot be halved is not unfair. Capacity is left out: whoever
    was full got less, and the page shows who is. What a pairing or a person decided is not choice
    and does not count; nor does what was given to somebody who was not there or is no member.
    """
    due = {member.id: Fraction(0) for member in members}
    got = dict.fromkeys(due, 0)
    total = 0
    for one in given:
        able = [member.id for member in members if member.could_take(one)]
        if one.cadre_id not in able:
            continue
        total += one.count
        got[one.cadre_id] += one.count
        for member_id in able:
            due[member_id] += Fraction(one.count, len(able))
    beyond = sum(max(0, got[one] - ceil(due[one])) for one in due)
    gaps = [got[one] - due[one] for one in due if due[one]]
    return Fairness(
        n=total - beyond,
        d=total,
        spread=float(max(gaps) - min(gaps)) if gaps else 0.0,
        shares=tuple(Share(one, got[one], float(due[one])) for one in due),
    )
