"""Consents to the notice on personal data, wishes to be forgotten, and what went at its time."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base

if TYPE_CHECKING:
    from portal.auth.models import User


class Consent(Base):
    """A person has read one version of the notice on personal data, and agreed to it."""

    __table_args__ = (UniqueConstraint("user_id", "version"),)

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    version: Mapped[Words]
    at: Mapped[Instant]


class Erasure(Base):
    """A wish to be forgotten, done from `due_at` on. `ended_at` without `done`: taken back."""

    __table_args__ = (
        CheckConstraint("NOT done OR ended_at IS NOT NULL", name="done"),
        Index("uq_erasure_open", "user_id", unique=True, postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[Instant]
    due_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    done: Mapped[bool] = mapped_column(default=False, server_default=false())

    user: Mapped["User"] = relationship(foreign_keys=[user_id])


class RetentionRun(Base):
    """What went on one local day because its time was over, by kind; one row a day."""

    day: Mapped[date] = mapped_column(primary_key=True)
    finished_at: Mapped[Instant]
    counts: Mapped[Json] = mapped_column(default=dict)
