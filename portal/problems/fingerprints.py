"""Keeps each ticket's fingerprint, and counts from time to time how common each bigram is."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.extensions import db
from portal.problems.models import GramCount, GramSample, TicketFingerprint
from portal.problems.similarity import Frequencies, Vector, grams, restored, stored, vector
from portal.tickets.models import Ticket

SAMPLE = 10_000  # the newest tickets that bigrams are counted over
LEAST = 2  # bigrams in fewer tickets of the sample are taken as never seen
OFTEN = timedelta(days=1)  # how long a count is good for
ROWS = 10_000  # written in one statement


@dataclass(frozen=True)
class Batch:
    """A piece of a rebuild: the last ticket that it came to, and how many it wrote."""

    last_id: int
    written: int


def vector_of(title: str, description: str) -> Vector:
    """The vector of a text under the present count; two statements."""
    asked = set(grams(title)) | set(grams(description))
    return vector(title, description, frequencies(asked))


def frequencies(asked: Iterable[int]) -> Frequencies:
    """How common these bigrams are, by the newest count; none counted yet: all the same."""
    documents = db.session.scalar(
        select(GramSample.documents).order_by(GramSample.id.desc()).limit(1)
    )
    if documents is None:
        return Frequencies()
    query = select(GramCount.gram, GramCount.documents).where(GramCount.gram.in_(list(asked)))
    return Frequencies(documents, dict(db.session.execute(query).all()))


def leads_to(asked: Sequence[int]) -> dict[int, float]:
    """To how many tickets of all each bigram leads, as far as the sample tells; two statements.

    The newest id stands for the number of all tickets: counting them would read them.
    """
    newest = select(func.max(TicketFingerprint.ticket_id)).scalar_subquery()
    sample = select(GramSample.documents, newest).order_by(GramSample.id.desc()).limit(1)
    documents, tickets = db.session.execute(sample).first() or (0, 0)
    times = max(1.0, (tickets or 0) / max(documents, 1)) if documents else 1.0
    query = select(GramCount.gram, GramCount.documents).where(GramCount.gram.in_(list(asked)))
    counted = dict(db.session.execute(query).all())
    return {gram: counted.get(gram, 1) * times for gram in asked}


def write(tickets: Iterable[Ticket]) -> int:
    """Writes the fingerprints of the tickets anew; how many. Done twice, it changes nothing.

    A sealed ticket has none: it is like no other, and in no group.
    """
    listed = [one for one in tickets if not one.sealed]
    texts = [(one.title, one.description) for one in listed]
    counted = frequencies({gram for text in texts for part in text for gram in grams(part)})
    rows = []
    for ticket, (title, description) in zip(listed, texts, strict=True):
        terms, weights = stored(vector(title, description, counted))
        rows.append({"ticket_id": ticket.id, "terms": terms, "weights": weights})
    if rows:
        statement = insert(TicketFingerprint).values(rows)
        new = {name: statement.excluded[name] for name in ("terms", "weights")}
        db.session.execute(statement.on_conflict_do_update(index_elements=["ticket_id"], set_=new))
    return len(rows)


def rebuild(after_id: int, most: int, *, missing: bool = True) -> Batch | None:
    """Writes the fingerprints of the next `most` tickets after an id; None at the end.

    `missing`: only of those that have none. Each call is a piece of its own: stopped anywhere, it
    goes on from the id it came to, or from the start, which skips what is done.
    """
    query = select(Ticket).where(Ticket.id > after_id, Ticket.sealed.is_(False))
    if missing:
        query = query.outerjoin(TicketFingerprint, TicketFingerprint.ticket_id == Ticket.id)
        query = query.where(TicketFingerprint.ticket_id.is_(None))
    tickets = list(db.session.scalars(query.order_by(Ticket.id).limit(most)))
    return Batch(tickets[-1].id, write(tickets)) if tickets else None


def stale(now: datetime) -> bool:
    """Whether bigrams were never counted, or too long ago."""
    query = select(GramSample.counted_at).order_by(GramSample.id.desc()).limit(1)
    counted_at = db.session.scalar(query)
    return counted_at is None or now - counted_at >= OFTEN


def count_grams(now: datetime, most: int = SAMPLE) -> int:
    """Counts the bigrams of the newest tickets anew; over how many tickets."""
    query = select(Ticket.title, Ticket.description).where(Ticket.sealed.is_(False))
    query = query.order_by(Ticket.id.desc()).limit(most)
    counts: Counter[int] = Counter()
    documents = 0
    for title, description in db.session.execute(query):
        counts.update(set(grams(title)) | set(grams(description)))
        documents += 1
    rows = [{"gram": gram, "documents": count} for gram, count in counts.items() if count >= LEAST]
    db.session.execute(delete(GramCount))
    for start in range(0, len(rows), ROWS):
        db.session.execute(insert(GramCount), rows[start : start + ROWS])
    db.session.execute(delete(GramSample))
    db.session.add(GramSample(documents=documents, counted_at=now))
    return documents


def of(ticket_id: int) -> Vector:
    """The stored vector of a ticket; empty when none is written yet."""
    row = db.session.get(TicketFingerprint, ticket_id)
    return restored(row.terms, row.weights) if row is not None else {}
