"""Which tickets are alike, or linked: a firm's own, and what the reader may see of the others."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor, Role
from portal.extensions import db
from portal.problems import fingerprints
from portal.problems.models import (
    Problem,
    ProblemMember,
    TicketFingerprint,
    TicketLink,
)
from portal.problems.similarity import ALIKE, Vector, restored, score
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.queries import visible

ASKED = 24  # of the most telling bigrams that lead to candidates
BUDGET = 1000  # tickets that these bigrams may lead to, as far as the last count tells
SEEN = 1000  # candidates that are looked at, at most
SCORED = 60  # candidates with the most in common, scored in full
SHOWN = 5
OWN_OPEN = 50  # of a firm's open tickets that are compared with what it types
TOLD_FROM = 5  # firms: from here on each of them is told that it is not alone


@dataclass(frozen=True)
class Similar:
    """A ticket that is like another text: the score from 0 to 1, and the bigrams in common."""

    ticket: Ticket
    score: float
    shared: frozenset[int]


def own_similar(actor: Actor, title: str, description: str) -> list[Similar]:
    """The firm's own open tickets that are like what it types, the most alike first.

    Nothing of another firm (lessons.md 33). The cost does not grow with what others file.
    """
    typed = fingerprints.vector_of(title, description)
    if not typed or actor.role is not Role.APPLICANT:
        return []
    query = (
        select(Ticket, TicketFingerprint.terms, TicketFingerprint.weights)
        .join(TicketFingerprint, TicketFingerprint.ticket_id == Ticket.id)
        .where(visible(actor), Ticket.status != Status.CLOSED)
        .options(joinedload(Ticket.department), joinedload(Ticket.assignee))
        .order_by(Ticket.submitted_at.desc(), Ticket.id.desc())
        .limit(OWN_OPEN)
    )
    rows = db.session.execute(query)
    return _best(typed, [(ticket, restored(terms, weights)) for ticket, terms, weights in rows])


def similar_to(actor: Actor, ticket: Ticket, most: int = SHOWN) -> list[Similar]:
    """The tickets most like this one that the actor may see, the most alike first."""
    own = fingerprints.of(ticket.id) or fingerprints.vector_of(ticket.title, ticket.description)
    return similar(actor, own, ticket.id, most)


def similar(actor: Actor, own: Vector, but_id: int = 0, most: int = SHOWN) -> list[Similar]:
    """The tickets most like a vector that the actor may see, other than `but_id`.

    Four statements: how common its bigrams are (two), the candidates (the reader's predicate
    inside), and what a page shows of the best. The number of rows is bounded, whatever is stored.
    """
    asked = _telling(own)
    if not asked:
        return []
    vectors = {
        ticket_id: restored(terms, weights)
        for ticket_id, terms, weights in db.session.execute(_candidates(actor, asked, but_id))
    }
    scores = {ticket_id: score(own, vector) for ticket_id, vector in vectors.items()}
    best = sorted(scores, key=lambda one: (-scores[one], -one))[:most]
    query = (
        select(Ticket)
        .where(Ticket.id.in_([one for one in best if scores[one] >= ALIKE]), visible(actor))
        .options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    )
    found = list(db.session.scalars(query))
    return _best(own, [(ticket, vectors[ticket.id]) for ticket in found])[:most]


def _best(own: Vector, others: Iterable[tuple[Ticket, Vector]]) -> list[Similar]:
    found = [
        Similar(ticket, score(own, vector), frozenset(own.keys() & vector.keys()))
        for ticket, vector in others
    ]
    alike = [one for one in found if one.score >= ALIKE]
    return sorted(alike, key=lambda one: (-one.score, -one.ticket.id))


def _telling(own: Vector) -> list[int]:
    """The bigrams to look for: the most telling ones, until they lead to enough tickets."""
    first = list(own)[:ASKED]
    leads_to = fingerprints.leads_to(first)
    asked, led_to = [], 0.0
    for gram in first:
        led_to += leads_to[gram]
        if led_to > BUDGET and len(asked) >= 2:
            break
        asked.append(gram)
    return asked


def _candidates(actor: Actor, asked: list[int], but_id: int) -> Select:
    """Fingerprints that hold one of the bigrams, those that hold the most of them first."""
    seen = (
        select(TicketFingerprint.ticket_id, TicketFingerprint.terms, TicketFingerprint.weights)
        .join(Ticket, Ticket.id == TicketFingerprint.ticket_id)
        .where(
            TicketFingerprint.terms.overlap(asked),
            TicketFingerprint.ticket_id != but_id,
            visible(actor),
        )
        .limit(SEEN)
        .subquery()
    )
    held = func.unnest(seen.c.terms).table_valued("held", name="held")
    holds = held.c.held == any_(literal(asked, ARRAY(Integer)))
    count = select(func.count()).select_from(held).where(holds).scalar_subquery()
    return (
        select(seen.c.ticket_id, seen.c.terms, seen.c.weights)
        .order_by(count.desc(), seen.c.ticket_id.desc())
        .limit(SCORED)
    )


def links_of(actor: Actor, ticket: Ticket) -> list[tuple[TicketLink, Ticket]]:
    """The tickets that this one is linked with and that the reader may see, newest first.

    A firm sees what was split of its own; the other links are for staff.
    """
    query = (
        select(TicketLink, Ticket)
        .join(Ticket, _other_of(ticket.id))
        .where(or_(TicketLink.low_id == ticket.id, TicketLink.high_id == ticket.id), visible(actor))
        .options(joinedload(Ticket.enterprise))
        .order_by(TicketLink.id.desc())
    )
    if actor.role is Role.APPLICANT:
        query = query.where(TicketLink.kind == "split")
    return list(db.session.execute(query))


def _other_of(ticket_id: int) -> ColumnElement[bool]:
    return or_(
        and_(TicketLink.low_id == ticket_id, Ticket.id == TicketLink.high_id),
        and_(TicketLink.high_id == ticket_id, Ticket.id == TicketLink.low_id),
    )


def problem_of(ticket: Ticket) -> tuple[Problem, int] | None:
    """The common problem of a ticket, and how many firms have it; None where it has none."""
    firms = (
        select(func.count(Ticket.enterprise_id.distinct()))
        .join(ProblemMember, ProblemMember.ticket_id == Ticket.id)
        .where(ProblemMember.problem_id == Problem.id)
        .scalar_subquery()
    )
    query = (
        select(Problem, firms)
        .join(ProblemMember, ProblemMember.problem_id == Problem.id)
        .where(ProblemMember.ticket_id == ticket.id)
    )
    return db.session.execute(query).first()
