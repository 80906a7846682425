"""Who sees a firm's contact in full: whoever has to call the firm now (domain.md §7). Pure."""

from portal.auth.roles import OVERSIGHT_ROLES, Actor, Role
from portal.tickets.lifecycle import Status
from portal.tickets.policy import Facts, related

_TRIAGE = frozenset({Status.SUBMITTED, Status.TRIAGE})


def handles(actor: Actor, facts: Facts) -> bool:
    """Whether the actor sees name and numbers of the ticket's contact as the firm wrote them.

    The firm itself; the cadre whose ticket it is; the unit's reviewer while something waits for
    the review; a dispatcher before anybody has the ticket, or when its return is to be ruled on;
    whoever calls back a firm that did not answer. Everybody else sees them masked, and may have
    them shown for a reason that is noted.
    """
    match actor.role:
        case Role.APPLICANT | Role.CADRE:
            return related(actor, facts)
        case Role.REVIEWER:
            return related(actor, facts) and facts.status is Status.IN_REVIEW
        case Role.DISPATCHER:
            before = facts.status is Status.NEEDS_INFO and facts.assignee_id is None
            return facts.status in _TRIAGE or before or facts.return_pending
        case role if role in OVERSIGHT_ROLES:
            return facts.status is Status.CLOSED and facts.unconfirmed
        case _:
            return False
