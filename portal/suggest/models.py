"""Versions of the model that suggests a category: asked for, trained or failed."""

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base


class SuggestModel(Base):
    """One version: who asked, from how much it was learned, what it is worth, and its numbers.

    The newest trained row with a body is the one in use, on every machine. `figures`: those of
    the cross-validation (accuracy, macro_f1, top3, curve). `note`: why it failed, or what was
    left out.
    """

    __table_args__ = (
        CheckConstraint("state IN ('asked', 'trained', 'failed')", name="state"),
        CheckConstraint("(state = 'asked') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("body IS NULL OR state = 'trained'", name="body"),
        Index("uq_suggest_model_asked", "state", unique=True, postgresql_where="state = 'asked'"),
        Index("ix_suggest_model_used", "id", postgresql_where="body IS NOT NULL"),
    )

    id: Mapped[BigId]
    state: Mapped[Words]
    asked_by: Mapped[Words]
    asked_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]
    n: Mapped[int | None]
    classes: Mapped[int | None]
    figures: Mapped[Json] = mapped_column(default=dict)
    note: Mapped[Words | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
