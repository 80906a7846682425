"""Who looked at a ticket; what was refused; the chained log, its queue and its checkpoints."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base

# `open`: a sealed ticket; `reveal`: a telephone or identity number shown in full.
LOOKS = ("view", "download", "print", "export", "open", "reveal")
# `refused`: a page or act that is not for the person; `missing`: an object that is not there for
# them; `forgery`: a form without its token; `proof`: a wrong password of who is signed in; `query`:
# a wrong code of a ticket.
REFUSALS = ("refused", "missing", "forgery", "limit", "upload", "virus")
REFUSALS += ("sign_in", "factor", "proof", "query")


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


class Refusal(Base):
    """A security event: what was refused, once for each kind, person, address and minute.

    `actor_id`: who was signed in; `user_id`: whose account was tried, where there is one.
    `address`: of IPv6 the /64; `*` for the rest of an hour whose rows are used up (`minute` is the
    hour's first). `minute`: since 1970. `endpoint` and `detail`: of the first one of the minute.
    """

    __table_args__ = (
        CheckConstraint(f"what IN {REFUSALS}", name="what"),
        CheckConstraint("times > 0", name="times"),
        UniqueConstraint(
            *("minute", "what", "actor_id", "user_id", "address"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_refusal_at", "at", "id"),
        *(
            Index(f"ix_refusal_{one}", one, "at", postgresql_where=f"{one} IS NOT NULL")
            for one in ("actor_id", "user_id")
        ),
    )

    id: Mapped[BigId]
    what: Mapped[Words]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    address: Mapped[Words]
    minute: Mapped[int]
    endpoint: Mapped[Words]
    detail: Mapped[Words]
    times: Mapped[int]
    at: Mapped[Instant]
    last_at: Mapped[Instant]

    actor: Mapped[User | None] = relationship(foreign_keys=[actor_id])
    user: Mapped[User | None] = relationship(foreign_keys=[user_id])


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
