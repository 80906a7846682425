"""The index of tickets' texts, the runs that fill it, saved views, and acts on many tickets."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.tickets.models import Ticket


class TicketText(Base):
    """What can be found of one ticket, normalised by search.terms; written by search.service only.

    `head`: title, number, and the firm's names and code, a line each. `replies`: what firm and
    officers said in public; `inner`: what only officers read. `grams`: the pairs of all of it,
    those of the head marked ^, those of replies and inner ~ (search.terms.lexemes).
    """

    __tablename__ = "ticket_text"
    __table_args__ = (
        Index(
            "ix_ticket_text_grams",
            "grams",
            postgresql_using="gin",
            # A long list of entries not yet sorted in would slow every search.
            postgresql_with={"gin_pending_list_limit": 512},
        ),
    )
    __mapper_args__ = {"eager_defaults": False}

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    head: Mapped[Words]
    body: Mapped[Words]
    replies: Mapped[Words]
    inner: Mapped[Words]
    grams: Mapped[str] = mapped_column(TSVECTOR, deferred=True)

    ticket: Mapped[Ticket] = relationship()


class SearchRun(Base):
    """One filling of the index: it has done the tickets up to `after_id`, `seen` of `total`."""

    __table_args__ = (
        Index(
            "uq_search_run_unfinished",
            "state",
            unique=True,
            postgresql_where="state = 'running'",
        ),
        CheckConstraint("state IN ('running', 'done')", name="state"),
    )

    id: Mapped[BigId]
    state: Mapped[Words] = mapped_column(default="running")
    after_id: Mapped[int] = mapped_column(default=0)
    seen: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    started_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]


class SavedView(Base):
    """A search that a person has named; `query` is the address behind the question mark."""

    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[Words]
    query: Mapped[Words]
    created_at: Mapped[Instant]


class Bulk(Base):
    """One act of one person on several tickets; `key` makes one confirmation one act."""

    id: Mapped[BigId]
    key: Mapped[Words] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    action: Mapped[Words]
    fields: Mapped[Json]
    created_at: Mapped[Instant]

    items: Mapped[list["BulkItem"]] = relationship(order_by="BulkItem.id")


class BulkItem(Base):
    """One ticket of such an act, as the person saw it, and what became of it."""

    __table_args__ = (
        CheckConstraint("result IN ('waiting', 'done', 'refused')", name="result"),
        CheckConstraint("(result = 'refused') = (reason IS NOT NULL)", name="reason"),
        UniqueConstraint("bulk_id", "ticket_id"),
    )

    id: Mapped[BigId]
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    seen: Mapped[int]
    result: Mapped[Words] = mapped_column(default="waiting")
    reason: Mapped[Words | None]

    ticket: Mapped[Ticket] = relationship()
