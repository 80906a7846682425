"""What a granted return teaches: a draft with the rule that sends such tickets elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from portal.auth.roles import Actor
from portal.routing import queries, rulebook
from portal.routing.changes import Conditions
from portal.routing.models import Rulebook


@dataclass(frozen=True)
class Correction:
    """The rule that a dispatcher proposes: these conditions, from now on to this unit."""

    conditions: Conditions
    department_id: int


def propose(actor: Actor, ticket_id: int, number: str, wish: Correction, now: datetime) -> Rulebook:
    """A draft of the rules in force with that rule, in the place of one for the same conditions.

    `ticket_id`, `number`: the ticket that was returned. Raises Invalid for a unit that is not
    active.
    """
    draft = rulebook.new_draft(actor, now, note=f"{number} 退单后修正", ticket_id=ticket_id)
    same = [one for one in queries.rules_of(draft.id) if one.conditions == wish.conditions]
    return rulebook.put_rule(
        actor,
        draft.id,
        None,
        wish.conditions,
        wish.department_id,
        now,
        instead_of=same[0].id if same else None,
    )
