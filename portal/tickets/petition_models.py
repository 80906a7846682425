"""Petitions 申请: requests to depart from the rules, each with its deadline and its story."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.tickets.models import Ticket

if TYPE_CHECKING:
    from portal.auth.models import User


class Petition(Base):
    """Asked, then granted or refused by another person, or expired at `decide_by`.

    `ruler` is the role that decides. `act_at` is when the sweep looks at it next: the deadline of
    what is asked, the next report or the promised day of a running hold, else nothing.
    `days`, `clock_id`, `due_before` and `due_after` are an extension's, the last two once it is
    granted; `promised_on`, `report_on` and `owner_id` are a hold's.
    """

    __table_args__ = (
        CheckConstraint("kind IN ('return', 'extension', 'hold', 'exclusion')", name="kind"),
        CheckConstraint("state IN ('asked', 'granted', 'refused', 'expired')", name="state"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("decided_by_id <> asked_by_id", name="second_person"),
        CheckConstraint("ruler IN ('dispatcher', 'supervisor', 'leader')", name="ruler"),
        CheckConstraint("state <> 'asked' OR act_at IS NOT NULL", name="act"),
        CheckConstraint(
            "state <> 'asked' OR kind <> 'extension' OR (days >= 1 AND clock_id IS NOT NULL)",
            name="extension",
        ),
        CheckConstraint(
            "state <> 'asked' OR kind <> 'hold' OR (promised_on IS NOT NULL"
            " AND report_on IS NOT NULL AND owner_id IS NOT NULL)",
            name="hold",
        ),
        Index(
            "uq_petition_asked",
            "ticket_id",
            "kind",
            unique=True,
            postgresql_where="state = 'asked'",
        ),
        Index(
            "uq_petition_return_department",
            "ticket_id",
            "department_id",
            unique=True,
            postgresql_where="kind = 'return'",
        ),
        Index(
            "uq_petition_exclusion",
            "ticket_id",
            unique=True,
            postgresql_where="kind = 'exclusion' AND state = 'granted'",
        ),
        Index("ix_petition_inbox", "decide_by", "id", postgresql_where="state = 'asked'"),
        Index("ix_petition_act", "act_at", "id", postgresql_where="act_at IS NOT NULL"),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[Words]
    state: Mapped[Words] = mapped_column(default="asked")
    ruler: Mapped[Words]
    reason_code: Mapped[Words]
    reason: Mapped[Words]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[Instant]
    decide_by: Mapped[Instant]
    act_at: Mapped[Instant | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[Instant | None]
    answer: Mapped[Words | None]
    days: Mapped[int | None]
    clock_id: Mapped[int | None] = mapped_column(ForeignKey("clock.id"))
    due_before: Mapped[Instant | None]
    due_after: Mapped[Instant | None]
    promised_on: Mapped[date | None]
    report_on: Mapped[date | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    ticket: Mapped[Ticket] = relationship()
    asked_by: Mapped["User"] = relationship(foreign_keys=[asked_by_id])
    decided_by: Mapped["User | None"] = relationship(foreign_keys=[decided_by_id])
    owner: Mapped["User | None"] = relationship(foreign_keys=[owner_id])
