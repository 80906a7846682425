"""Keeps fingerprints of new tickets, and looks for groups of them that may be one problem."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from portal.auth.roles import Actor
from portal.errors import NotFound
from portal.extensions import db
from portal.problems import fingerprints, grouping
from portal.problems.models import GramSample, ProblemMember, ProblemSuggestion, TicketFingerprint
from portal.problems.similarity import restored
from portal.tickets.lifecycle import Outcome
from portal.tickets.models import Ticket

OFTEN = timedelta(hours=1)
RECENT = timedelta(days=120)
MOST = 4000  # of the newest tickets that are looked at
FIRMS = 3  # from so many firms on a group is suggested
KEPT = 50  # groups, the hottest
SAME = 0.5  # a group that shares so much with a dismissed one is not suggested again

log = logging.getLogger(__name__)


def keep(ticket_id: int) -> None:
    """Writes a new ticket's fingerprint.

    Never a reason for a ticket not to be routed: what goes wrong here is logged.
    """
    try:
        with db.session.begin_nested():
            fingerprints.write([db.session.get_one(Ticket, ticket_id)])
    except SQLAlchemyError:
        log.exception("no fingerprint", extra={"ticket_id": ticket_id})


def due(now: datetime) -> bool:
    """Whether groups were never looked for, or too long ago; and there is anything to look at."""
    looked_at = db.session.scalar(
        select(GramSample.grouped_at).order_by(GramSample.id.desc()).limit(1)
    )
    if looked_at is not None and now - looked_at < OFTEN:
        return False
    return db.session.scalar(select(TicketFingerprint.ticket_id).limit(1)) is not None


def suggest(now: datetime) -> int:
    """Looks for groups among recent tickets that are in no common problem; how many it suggests.

    Replaces the suggestions of the last time; those that somebody has dismissed stay dismissed.
    """
    if fingerprints.stale(now):
        fingerprints.count_grams(now)
    requests = _requests(now)
    dismissed = [
        set(ids)
        for ids in db.session.scalars(
            select(ProblemSuggestion.ticket_ids).where(ProblemSuggestion.dismissed_at.is_not(None))
        )
    ]
    found = [
        group
        for group in grouping.groups(requests, smallest=FIRMS)
        if not any(len(ids & set(group.members)) >= SAME * len(group.members) for ids in dismissed)
    ][:KEPT]
    db.session.execute(delete(ProblemSuggestion).where(ProblemSuggestion.dismissed_at.is_(None)))
    rows = [
        {"ticket_ids": list(group.members), "firms": group.firms, "made_at": now} for group in found
    ]
    if rows:
        db.session.execute(insert(ProblemSuggestion), rows)
    db.session.execute(update(GramSample).values(grouped_at=now))
    return len(rows)


def _requests(now: datetime) -> list[grouping.Request]:
    query = (
        select(
            TicketFingerprint.ticket_id,
            Ticket.enterprise_id,
            TicketFingerprint.terms,
            TicketFingerprint.weights,
        )
        .join(Ticket, Ticket.id == TicketFingerprint.ticket_id)
        .outerjoin(ProblemMember, ProblemMember.ticket_id == Ticket.id)
        .where(
            Ticket.submitted_at >= now - RECENT,
            Ticket.submitted_at <= now,
            ProblemMember.id.is_(None),
            Ticket.outcome.is_distinct_from(Outcome.MERGED),
        )
        .order_by(Ticket.submitted_at.desc(), Ticket.id.desc())
        .limit(MOST)
    )
    return [
        grouping.Request(ticket_id, firm, restored(terms, weights))
        for ticket_id, firm, terms, weights in db.session.execute(query)
    ]


def dismiss(actor: Actor, suggestion_id: int, now: datetime) -> None:
    """Notes that a group is no common problem: it is not suggested again. Raises NotFound."""
    statement = (
        update(ProblemSuggestion)
        .where(ProblemSuggestion.id == suggestion_id, ProblemSuggestion.dismissed_at.is_(None))
        .values(dismissed_at=now, dismissed_by_id=actor.id)
        .returning(ProblemSuggestion.id)
    )
    if db.session.execute(statement).first() is None:
        raise NotFound("这条建议已经不在了。")
