"""Solved cases shown to everybody, in words a supervisor has redacted; and who did what to them."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.tickets.models import Ticket

# waiting for a second person → published; taken back any time, and put forward again.
STATES = ("waiting", "published", "withdrawn")


class PublishedCase(Base):
    """One ticket's redacted words. Each change is a new `version`, looked at by a second person."""

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)"
            " AND (published_at IS NULL) = (checked_by_id IS NULL)",
            name="published",
        ),
        CheckConstraint("checked_by_id <> prepared_by_id", name="two_people"),
        Index("ix_published_case_prepared_at", "prepared_at", "id"),
        Index(
            "ix_published_case_published_at",
            "published_at",
            "id",
            postgresql_where="published_at IS NOT NULL",
        ),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), unique=True)
    state: Mapped[Words] = mapped_column(default="waiting")
    version: Mapped[int] = mapped_column(default=1)
    title: Mapped[Words]
    problem: Mapped[Words]
    answer: Mapped[Words]
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    prepared_at: Mapped[Instant]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    published_at: Mapped[Instant | None]

    ticket: Mapped[Ticket] = relationship()
    prepared_by: Mapped[User] = relationship(foreign_keys=[prepared_by_id])
    checked_by: Mapped[User | None] = relationship(foreign_keys=[checked_by_id])


class PublishedCaseStep(Base):
    """Prepared, revised, published or withdrawn: by whom, when, and the words at that time."""

    __table_args__ = (Index("ix_published_case_step_case_id", "case_id", "id"),)

    id: Mapped[BigId]
    case_id: Mapped[int] = mapped_column(
        ForeignKey("published_case.id", name="fk_published_case_step_case_id")
    )
    action: Mapped[Words]
    version: Mapped[int]
    actor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    actor_name: Mapped[Words]
    at: Mapped[Instant]
    texts: Mapped[Json]
