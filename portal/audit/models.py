"""Who looked at a ticket; the chained log, what waits for it, and its checkpoints."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base

# `open`: a sealed ticket; `reveal`: a telephone or identity number shown in full.
LOOKS = ("view", "download", "print", "export", "open", "reveal")


class TicketAccess(Base):
    """One look of staff at a ticket; written once, never changed.

    `five_minutes`: of views only, which are one row for each person, address and five minutes
    (seconds since 1970 / 300); None for all else, each of which is a row. `detail`: the
    attachment's id, or an export's format; `reason`: why, where one is asked for. `unit`: empty
    for who has none.
    """

    __table_args__ = (
        CheckConstraint(f"what IN {LOOKS}", name="what"),
        CheckConstraint("(what = 'view') = (five_minutes IS NOT NULL)", name="five_minutes"),
        UniqueConstraint("ticket_id", "user_id", "address", "five_minutes"),
        Index("ix_ticket_access_at", "ticket_id", "at", "id"),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    user_name: Mapped[Words]
    role: Mapped[Words]
    unit: Mapped[Words]
    what: Mapped[Words]
    detail: Mapped[Words | None]
    reason: Mapped[Words | None]
    address: Mapped[Words]
    at: Mapped[Instant]
    five_minutes: Mapped[int | None]


class AuditQueue(Base):
    """A change that waits to be sealed; triggers write it, the entry made of it takes it out.

    `op`: insert, update or delete. `old` and `new`: the row before and after, of tables whose rows
    change. `reason`: why a row that is written once was changed after all.
    """

    __table_args__ = (Index("ix_audit_queue_source", "source", "source_id"),)

    id: Mapped[BigId]
    source: Mapped[Words]
    source_id: Mapped[int]
    op: Mapped[Words]
    old: Mapped[dict | None] = mapped_column(JSONB)
    new: Mapped[dict | None] = mapped_column(JSONB)
    reason: Mapped[Words | None]
    at: Mapped[Instant] = mapped_column(server_default=func.now())


class AuditShape(Base):
    """The columns of a table that a digest covers; a later version of the program may add some."""

    id: Mapped[BigId]
    source: Mapped[Words]
    columns: Mapped[list] = mapped_column(JSONB)


class AuditEntry(Base):
    """One link of the chain; `id` counts without a gap, `hash` covers all the rest.

    `at`: when it happened; `sealed_at`: when it came into the chain. `digest`: of the whole source
    row, of which `content` holds only what the auditor may read. `segment`: the local month of
    sealing, `2026-11`. `algorithm`: of digest and hash. `previous`: the hash before, empty for the
    first.
    """

    __table_args__ = (
        Index("ix_audit_entry_source", "source", "source_id", "id"),
        Index("ix_audit_entry_at", "at", "id"),
        Index("ix_audit_entry_actor_id", "actor_id", "at", "id"),
        Index("ix_audit_entry_subject", "subject", "at", "id"),
        Index("ix_audit_entry_kind", "kind", "at", "id"),
        Index("ix_audit_entry_segment", "segment", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    sealed_at: Mapped[Instant]
    actor_id: Mapped[int | None]
    actor: Mapped[Words]
    role: Mapped[Words]
    kind: Mapped[Words]
    subject: Mapped[Words]
    source: Mapped[Words]
    source_id: Mapped[int]
    op: Mapped[Words]
    queue_id: Mapped[int]
    reason: Mapped[Words | None]
    shape_id: Mapped[int] = mapped_column(ForeignKey("audit_shape.id"))
    content: Mapped[Json]
    digest: Mapped[Words]
    segment: Mapped[Words]
    algorithm: Mapped[Words]
    previous: Mapped[Words]
    hash: Mapped[Words]


class AuditCheckpoint(Base):
    """The head of the chain at an instant, signed; the same line lies in a file outside.

    `why`: day, export or asked.
    """

    id: Mapped[BigId]
    seq: Mapped[int]
    hash: Mapped[Words]
    at: Mapped[Instant]
    why: Mapped[Words]
    signature: Mapped[Words]
