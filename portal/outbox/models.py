"""What must leave the database: one row a message, written in the transaction that caused it."""

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base


class Message(Base):
    """An effect to come; `key`, where given, makes it happen once at most."""

    __table_args__ = (
        CheckConstraint("state IN ('pending', 'done', 'dead', 'muted')", name="state"),
        Index("ix_message_pending", "available_at", "id", postgresql_where="state = 'pending'"),
        Index("ix_message_dead", "id", postgresql_where="state = 'dead'"),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    payload: Mapped[Json]
    key: Mapped[Words | None] = mapped_column(unique=True)
    state: Mapped[Words] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[Words | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    available_at: Mapped[Instant] = mapped_column(server_default=func.now())
    done_at: Mapped[Instant | None]
