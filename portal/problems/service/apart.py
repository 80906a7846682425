"""A ticket that was sealed stands beside no other: no link, no common problem, no fingerprint."""

from datetime import datetime

from sqlalchemy import delete, or_

from portal.auth.roles import SYSTEM
from portal.extensions import db
from portal.problems import fingerprints
from portal.problems.models import (
    Problem,
    ProblemMember,
    ProblemSuggestion,
    TicketFingerprint,
    TicketLink,
)
from portal.tickets.lifecycle import Action
from portal.tickets.service.move import Ask, locked, record


def take(ticket_id: int, now: datetime) -> None:
    """Takes a sealed ticket out of whatever shows it beside others; one that was unsealed comes
    back among those that may be alike.

    Safe to run twice. Groups that were suggested with it are looked for anew without it.
    """
    ticket = locked(ticket_id)
    if not ticket.sealed:
        fingerprints.write([ticket])
        return
    mine = or_(TicketLink.low_id == ticket_id, TicketLink.high_id == ticket_id)
    db.session.execute(delete(TicketLink).where(mine))
    db.session.execute(delete(TicketFingerprint).where(TicketFingerprint.ticket_id == ticket_id))
    together = ProblemSuggestion.ticket_ids.contains([ticket_id])
    db.session.execute(
        delete(ProblemSuggestion).where(together, ProblemSuggestion.dismissed_at.is_(None))
    )
    statement = delete(ProblemMember).where(ProblemMember.ticket_id == ticket_id)
    left = db.session.scalar(statement.returning(ProblemMember.problem_id))
    if left is not None:
        name = db.session.get_one(Problem, left).name
        ask = Ask(SYSTEM, ticket_id, now)
        record(ask, ticket, Action.LEAVE_PROBLEM, public=False, problem=name)
