"""Runs of large exports: what was asked, by whom, how far it is, where the file lies."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base

STATES = ("waiting", "running", "done", "failed", "cancelled", "expired")
OPEN = ("waiting", "running")
OWN = "own"  # the source of a person's own data, which has pages of its own (private.views)


class ExportRun(Base):
    """One large export. `asked`: the values of the list's address; `after_id`: the last row read.

    Rows are gathered in a spool file, of which `spool_bytes` are certain: what a killed worker
    has written beyond is cut off by the next one, so no row is lost or comes twice.
    """

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(
            "(state = 'done') = (stored_name IS NOT NULL AND expires_at IS NOT NULL)", name="done"
        ),
        Index("ix_export_run_by", "by_id", "created_at", "id"),
        Index("ix_export_run_waiting", "id", postgresql_where=f"state IN {OPEN}"),
        Index("ix_export_run_expiry", "expires_at", postgresql_where="state = 'done'"),
    )

    id: Mapped[BigId]
    source: Mapped[Words]
    asked: Mapped[Json]
    format: Mapped[Words]
    language: Mapped[Words]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[Words] = mapped_column(default="waiting")
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    spool_name: Mapped[Words]
    spool_bytes: Mapped[int] = mapped_column(default=0)
    after_id: Mapped[int | None]
    stored_name: Mapped[Words | None]
    created_at: Mapped[Instant]
    finished_at: Mapped[Instant | None]
    expires_at: Mapped[Instant | None]

    by: Mapped[User] = relationship()
