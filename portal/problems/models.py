"""Fingerprints of tickets, links between them, common problems 共性问题 and their one answer."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.tickets.models import Ticket


class TicketFingerprint(Base):
    """The most telling bigrams of a ticket's words, with their weights in ten-thousandths."""

    __table_args__ = (
        CheckConstraint("cardinality(terms) = cardinality(weights)", name="pairs"),
        Index("ix_ticket_fingerprint_terms", "terms", postgresql_using="gin"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    terms: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    weights: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))


class GramCount(Base):
    """In how many tickets of the last sample a bigram stands."""

    gram: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    documents: Mapped[int] = mapped_column(Integer)


class GramSample(Base):
    """When bigrams were counted, over how many tickets, and when groups were last looked for."""

    id: Mapped[BigId]
    documents: Mapped[int]
    counted_at: Mapped[Instant]
    grouped_at: Mapped[Instant | None]


class TicketLink(Base):
    """Two tickets that belong together 关联, seen from both; `split`: one came of the other."""

    __table_args__ = (
        CheckConstraint("low_id < high_id", name="order"),
        CheckConstraint("kind IN ('linked', 'split')", name="kind"),
        UniqueConstraint("low_id", "high_id"),
        Index("ix_ticket_link_high_id", "high_id"),
    )

    id: Mapped[BigId]
    low_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    high_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    kind: Mapped[Words]
    linked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    linked_at: Mapped[Instant]


class Problem(Base):
    """A common problem: what several firms meet, with one cadre who answers for it."""

    __table_args__ = (
        CheckConstraint("state IN ('open', 'answered', 'closed')", name="state"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        Index("ix_problem_created_at", "created_at", "id"),
        Index("ix_problem_owner_id", "owner_id"),
    )

    id: Mapped[BigId]
    name: Mapped[Words]
    description: Mapped[Words]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[Words] = mapped_column(default="open")
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[Instant]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    changed_by: Mapped[User] = relationship(foreign_keys=[changed_by_id])


class ProblemMember(Base):
    """A ticket of a common problem; of one at most."""

    __table_args__ = (Index("ix_problem_member_problem_id", "problem_id", "ticket_id"),)

    id: Mapped[BigId]
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), unique=True)
    added_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    added_at: Mapped[Instant]

    problem: Mapped[Problem] = relationship()
    ticket: Mapped[Ticket] = relationship()


class ProblemAnswer(Base):
    """What the owner answers to all; `resolve_as`: proposes this outcome where the rules allow."""

    __table_args__ = (
        CheckConstraint("resolve_as IN ('solved', 'explained')", name="resolve_as"),
        Index("ix_problem_answer_problem_id", "problem_id"),
    )

    id: Mapped[BigId]
    problem_id: Mapped[int] = mapped_column(ForeignKey("problem.id"))
    text: Mapped[Words]
    resolve_as: Mapped[Words | None]
    answered_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    answered_at: Mapped[Instant]

    problem: Mapped[Problem] = relationship()
    answered_by: Mapped[User] = relationship()


class ProblemDelivery(Base):
    """The answer on its way to one member ticket: once, whatever happens to the worker."""

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'replied', 'resolved', 'refused')", name="state"),
        CheckConstraint("(state = 'pending') = (done_at IS NULL)", name="done"),
        CheckConstraint("(state = 'refused') = (reason IS NOT NULL)", name="refused"),
        UniqueConstraint("answer_id", "ticket_id"),
        Index("ix_problem_delivery_ticket_id", "ticket_id"),
    )

    id: Mapped[BigId]
    answer_id: Mapped[int] = mapped_column(ForeignKey("problem_answer.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    state: Mapped[Words] = mapped_column(default="pending")
    reason: Mapped[Words | None]
    done_at: Mapped[Instant | None]

    answer: Mapped[ProblemAnswer] = relationship()
    ticket: Mapped[Ticket] = relationship()


class ProblemSuggestion(Base):
    """Tickets that look like one problem, found by a job; nothing happens by itself."""

    __table_args__ = (
        CheckConstraint("(dismissed_at IS NULL) = (dismissed_by_id IS NULL)", name="dismissed"),
        Index(
            "ix_problem_suggestion_firms", "firms", "id", postgresql_where="dismissed_at IS NULL"
        ),
    )

    id: Mapped[BigId]
    ticket_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    firms: Mapped[int]
    made_at: Mapped[Instant]
    dismissed_at: Mapped[Instant | None]
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
