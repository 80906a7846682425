"""Visits of a cadre to a firm 走访: planned or done, what was heard, corrections, vouch links."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.directory.models import Category, Department, Enterprise
from portal.extensions import Base
from portal.keys.columns import Secret
from portal.tickets.models import Ticket

if TYPE_CHECKING:
    from portal.auth.models import User

_LIVE = "used_at IS NULL AND revoked_at IS NULL"


class Visit(Base):
    """One visit on a local `day`; the unit is the cadre's own when the visit was entered.

    `key` makes one sending of its form happen once; `version` tells two open pages apart.
    """

    __table_args__ = (
        CheckConstraint("state IN ('planned', 'done', 'cancelled')", name="state"),
        CheckConstraint("(state = 'done') = (recorded_at IS NOT NULL)", name="recorded"),
        UniqueConstraint("cadre_id", "key"),
        Index("ix_visit_enterprise", "enterprise_id", "day"),
        Index("ix_visit_cadre", "cadre_id", "day"),
        Index("ix_visit_department", "department_id", "day"),
        Index("ix_visit_day", "day", "id"),
        Index("ix_visit_recorded", "enterprise_id", "recorded_at", "id"),
    )

    id: Mapped[BigId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    cadre_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    state: Mapped[Words]
    day: Mapped[date]
    purpose: Mapped[Words] = mapped_column(default="")
    companions: Mapped[Words] = mapped_column(Secret("visit.companions"), default="")
    met: Mapped[Words] = mapped_column(Secret("visit.met"), default="")
    key: Mapped[Words]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    recorded_at: Mapped[Instant | None]

    enterprise: Mapped[Enterprise] = relationship()
    cadre: Mapped["User"] = relationship()
    department: Mapped[Department] = relationship()
    items: Mapped[list["VisitItem"]] = relationship(
        back_populates="visit", order_by="VisitItem.position, VisitItem.id"
    )
    corrections: Mapped[list["VisitCorrection"]] = relationship(order_by="VisitCorrection.id")


class VisitItem(Base):
    """What was heard: a problem, which may have become a ticket, or that there is none."""

    __table_args__ = (
        CheckConstraint("kind IN ('problem', 'none')", name="kind"),
        CheckConstraint(
            "kind = 'problem' OR (ticket_id IS NULL AND category_id IS NULL)", name="none"
        ),
    )

    id: Mapped[BigId]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    position: Mapped[int]
    kind: Mapped[Words]
    text: Mapped[Words]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), unique=True)

    visit: Mapped[Visit] = relationship(back_populates="items")
    category: Mapped[Category | None] = relationship()
    ticket: Mapped[Ticket | None] = relationship()


class VisitCorrection(Base):
    """What its author adds to a record that is more than a day old; never changed afterwards."""

    __table_args__ = (UniqueConstraint("visit_id", "key"),)

    id: Mapped[BigId]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    at: Mapped[Instant]
    text: Mapped[Words]
    key: Mapped[Words]

    author: Mapped["User"] = relationship()


class VouchLink(Base):
    """A link by which a firm without an account says whether a filed ticket is its own.

    Only the token's hash is kept; one live link a ticket.
    """

    __table_args__ = (
        CheckConstraint("(used_at IS NULL) = (answer IS NULL)", name="answer"),
        CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name="revoked"),
        Index("uq_vouch_link_live", "ticket_id", unique=True, postgresql_where=_LIVE),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    token_hash: Mapped[Words] = mapped_column(unique=True)
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    issued_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[Instant | None]
    used_at: Mapped[Instant | None]
    answer: Mapped[Words | None]

    ticket: Mapped[Ticket] = relationship()
    issued_by: Mapped["User"] = relationship()
