"""The people of the play, as the scripts see them: ids and actors."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from portal.auth.roles import Actor
from portal.demo.places import PAIRED
from portal.routing.rules import RouteFacts, Rule, best_rule


@dataclass(frozen=True)
class PlayedFirm:
    """One firm: who acts for it, and who is its standing cadre."""

    id: int
    name: str
    actor: Actor
    phone: str
    region: str
    chain: str
    weight: int
    paired_with: int | None


@dataclass
class Cast:
    """Everybody, by what the scripts look them up with.

    `kept` holds the rows that the services read again and again, so that the session does too.
    """

    categories: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    chains: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)
    reviewed: set[str] = field(default_factory=set)
    cadres: dict[int, Actor] = field(default_factory=dict)
    reviewers: dict[int, Actor] = field(default_factory=dict)
    dispatchers: list[Actor] = field(default_factory=list)
    supervisors: list[Actor] = field(default_factory=list)
    firms: list[PlayedFirm] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)

    def team(self, department: str) -> list[Actor]:
        """The cadres of a unit."""
        wanted = self.departments[department]
        return [cadre for cadre in self.cadres.values() if cadre.department_id == wanted]

    def unit_for(self, category: str, firm: PlayedFirm) -> int | None:
        """The unit that the dispatch rules name for this firm's request."""
        facts = RouteFacts(
            self.categories[category], self.regions[firm.region], self.chains[firm.chain], "normal"
        )
        rule = best_rule(self.rules, facts)
        return rule.department_id if rule else None

    def undecided(self, category: str, firm: PlayedFirm) -> bool:
        """Whether such a request goes to a dispatcher: no standing cadre, no rule."""
        paired = category in PAIRED and firm.paired_with is not None
        return not paired and self.unit_for(category, firm) is None

    def another_unit(self, rng: Random, not_this: int | None) -> int:
        """Some unit but this one."""
        return rng.choice([unit for unit in self.departments.values() if unit != not_this])
