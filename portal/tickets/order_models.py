"""Supervision orders 督办单."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.tickets.models import Ticket

if TYPE_CHECKING:
    from portal.auth.models import User

_UNANSWERED = "answered_at IS NULL AND cancelled_at IS NULL"
_ACTS = f"act_at IS NOT NULL AND {_UNANSWERED}"


class Order(Base):
    """A supervision order 督办单: asks the cadre for a written answer by its own due.

    Without an issuer it is the system's. `act_at`: when the sweep looks at it next.
    """

    __tablename__ = "supervision_order"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
        Index("uq_supervision_order_open", "ticket_id", unique=True, postgresql_where=_UNANSWERED),
        Index("ix_supervision_order_act", "act_at", "id", postgresql_where=_ACTS),
        Index("ix_supervision_order_issued", "issued_at", "id"),
        Index("ix_supervision_order_due", "due_at", "id", postgresql_where=_UNANSWERED),
        Index("ix_supervision_order_answered", "answered_at", "id"),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    issued_at: Mapped[Instant]
    text: Mapped[Words]
    due_at: Mapped[Instant]
    act_at: Mapped[Instant | None]
    answered_at: Mapped[Instant | None]
    answer: Mapped[Words | None]
    cancelled_at: Mapped[Instant | None]

    ticket: Mapped[Ticket] = relationship()
    issued_by: Mapped["User | None"] = relationship()
