"""Thresholds with their history, the alerts they raise, and the bulletins 通报."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.supervision.bounds import SPANS, WORSE

if TYPE_CHECKING:
    from portal.auth.models import User

ALL = "all"  # the dimension of a threshold on the whole city
KINDS = ("week", "month")
STATES = ("waiting", "made", "failed")


class Threshold(Base):
    """A yellow and a red bound of one figure; `member` is empty for each value of the dimension.

    Rates and points are held from 0 to 100, times in working hours. `due_at`: when it is looked
    at next; none while it is not in use.
    """

    __table_args__ = (
        CheckConstraint(f"span IN {SPANS}", name="span"),
        CheckConstraint(f"worse IN {WORSE}", name="worse"),
        CheckConstraint(
            "CASE worse WHEN 'lower' THEN red <= yellow ELSE red >= yellow END", name="bounds"
        ),
        CheckConstraint("minimum >= 1", name="minimum"),
        CheckConstraint("active = (due_at IS NOT NULL)", name="active"),
        CheckConstraint("dimension <> 'all' OR member = ''", name="member"),
        Index(
            "uq_threshold_active",
            *("figure", "dimension", "member", "span"),
            unique=True,
            postgresql_where="active",
        ),
        Index("ix_threshold_due", "due_at", "id", postgresql_where="due_at IS NOT NULL"),
    )

    id: Mapped[BigId]
    figure: Mapped[Words]
    dimension: Mapped[Words]
    member: Mapped[Words]
    span: Mapped[Words]
    worse: Mapped[Words]
    yellow: Mapped[float]
    red: Mapped[float]
    minimum: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    due_at: Mapped[Instant | None]
    version: Mapped[int] = mapped_column(default=1)

    history: Mapped[list["ThresholdChange"]] = relationship(
        order_by="ThresholdChange.id.desc()", viewonly=True
    )


class ThresholdChange(Base):
    """Who changed what of a threshold, and when; append-only."""

    __table_args__ = (Index("ix_threshold_change_of", "threshold_id", "id"),)

    id: Mapped[BigId]
    threshold_id: Mapped[int] = mapped_column(ForeignKey("threshold.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[Instant]
    old: Mapped[Json]
    new: Mapped[Json]

    actor: Mapped["User | None"] = relationship()


class Alert(Base):
    """A figure beyond a bound, from crossing it to being back: one row a level and generation.

    A generation is one stay beyond the bounds. `member` is empty for the whole city; `n`, `d` and
    `value` are those of the last look, `first` and `last` the days they were counted over.
    """

    __table_args__ = (
        UniqueConstraint("threshold_id", "member", "level", "generation"),
        CheckConstraint("level IN ('yellow', 'red')", name="level"),
        CheckConstraint("(closed_at IS NULL) = (closed_why IS NULL)", name="closed"),
        Index(
            "uq_alert_open",
            *("threshold_id", "member"),
            unique=True,
            postgresql_where="closed_at IS NULL",
        ),
        Index("ix_alert_closed", "closed_at", "id", postgresql_where="closed_at IS NOT NULL"),
    )

    id: Mapped[BigId]
    threshold_id: Mapped[int] = mapped_column(ForeignKey("threshold.id"))
    member: Mapped[Words]
    member_name: Mapped[Words]
    level: Mapped[Words]
    generation: Mapped[int]
    bound: Mapped[float]
    first: Mapped[date]
    last: Mapped[date]
    n: Mapped[float]
    d: Mapped[int]
    value: Mapped[float]
    opened_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    closed_at: Mapped[Instant | None]
    closed_why: Mapped[Words | None]

    threshold: Mapped[Threshold] = relationship()


class Bulletin(Base):
    """A weekly or monthly bulletin: the row comes first, its two files lie under random names.

    `content`: what the bulletin says, as it was made. `problem`: why it could not be made.
    """

    __table_args__ = (
        UniqueConstraint("kind", "first"),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state = 'made') = (made_at IS NOT NULL)", name="made"),
        CheckConstraint("last > first", name="days"),
        Index("ix_bulletin_waiting", "id", postgresql_where="state = 'waiting'"),
        Index("ix_bulletin_first", "first", "id"),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    first: Mapped[date]
    last: Mapped[date]
    state: Mapped[Words] = mapped_column(default="waiting", server_default="waiting")
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    stored_name: Mapped[Words] = mapped_column(unique=True)
    content: Mapped[Json] = mapped_column(JSONB, default=dict, server_default="{}")
    pdf_size: Mapped[int | None]
    xlsx_size: Mapped[int | None]
    problem: Mapped[Words | None]
    asked_at: Mapped[Instant]
    made_at: Mapped[Instant | None]
