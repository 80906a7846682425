"""What a decision is made from and what it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.routing.choice import Wanted
from portal.routing.rules import Rule
from portal.tickets.models import Ticket

PAIRING, CHOSEN, NAMED = "pairing", "choice", "named"
Away = Mapping[int, int | None]


@dataclass(frozen=True)
class Case:
    """A ticket that looks for a desk at `now` (UTC); `away`: who is on leave, with the deputy."""

    ticket: Ticket
    wanted: Wanted
    away: Away
    now: datetime


@dataclass(frozen=True)
class Decision:
    """A department and a cadre, or neither (triage), with the reasons in words, in order.

    `by`: what decided, the pairing, the choice within a unit or a person who named the cadre.
    `waits_for`: the unit whose people are all full; then there is no cadre. `rule`: the
    dispatch rule that named the unit, None where none did.
    """

    department_id: int | None
    cadre_id: int | None
    reasons: list[str] = field(default_factory=list)
    by: str = ""
    waits_for: int | None = None
    rule: Rule | None = None

    @property
    def decided_by(self) -> dict[str, Any]:
        """What the event keeps of what decided; the rule and its version only where one did."""
        if self.rule is None:
            return {"by": self.by}
        named = {"rule_id": self.rule.id, "rule": self.rule.number, "rulebook": self.rule.version}
        return {"by": self.by, **named}
