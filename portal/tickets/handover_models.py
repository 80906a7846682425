"""Hand-overs 交接: a cadre's open tickets, offered to a deputy on the first day of leave."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.directory.models import Leave
from portal.extensions import Base
from portal.tickets.models import Ticket

if TYPE_CHECKING:
    from portal.auth.models import User


class Handover(Base):
    """One list for one leave; it stands when the leave is taken back.

    `deputy_id`: who stands in at the end of the chain of deputies, None when nobody does.
    `give_back`: what was taken comes back at the end. `ended_at`: nothing more happens on it.
    """

    __table_args__ = (
        UniqueConstraint("leave_id"),
        CheckConstraint("deputy_id IS NULL OR deputy_id <> cadre_id", name="deputy"),
        Index("ix_handover_open", "id", postgresql_where="ended_at IS NULL"),
    )

    id: Mapped[BigId]
    leave_id: Mapped[int | None] = mapped_column(ForeignKey("leave.id", ondelete="SET NULL"))
    cadre_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    give_back: Mapped[bool]
    offered_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]

    leave: Mapped[Leave | None] = relationship()
    cadre: Mapped["User"] = relationship(foreign_keys=[cadre_id])
    deputy: Mapped["User | None"] = relationship(foreign_keys=[deputy_id])


class HandoverItem(Base):
    """One ticket of a hand-over: offered, then taken by the deputy or left; taken, then returned.

    `taken_by_id`: who has had it since it was taken.
    """

    __table_args__ = (
        UniqueConstraint("handover_id", "ticket_id"),
        CheckConstraint("state IN ('offered', 'taken', 'left', 'returned', 'kept')", name="state"),
        CheckConstraint(
            "state NOT IN ('taken', 'returned', 'kept') OR taken_by_id IS NOT NULL", name="taken"
        ),
    )

    id: Mapped[BigId]
    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    state: Mapped[Words] = mapped_column(default="offered")
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[Instant | None]

    handover: Mapped[Handover] = relationship()
    ticket: Mapped[Ticket] = relationship()
