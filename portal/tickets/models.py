"""Tickets and their append-only events."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Sequence,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Json, Words
from portal.directory.models import Category, Chain, Department, Enterprise, Region
from portal.extensions import Base, db
from portal.keys.columns import Secret
from portal.tickets.lifecycle import Outcome, Status
from portal.tickets.policy import Facts

if TYPE_CHECKING:
    from portal.auth.models import User

_OPEN = "status <> 'closed'"
_ELEVATED = f"elevated_at IS NOT NULL AND {_OPEN}"
# A ticket's id is drawn before its row is written, so that its first event and clocks can name it.
TICKET_ID = Sequence("ticket_id_seq", metadata=db.metadata)


# Weekday (1 is Monday) × 24 + hour, on the wall clock of the service.
_WALL = "timezone('Asia/Shanghai', submitted_at)"
SUBMITTED_SLOT = f"(extract(isodow FROM {_WALL}) * 24 + extract(hour FROM {_WALL}))::integer"


class Ticket(Base):
    """One request of one enterprise 诉求; changed by tickets.service only."""

    __table_args__ = (
        CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)"
            " AND (status = 'closed') = (outcome IS NOT NULL)",
            name="closed",
        ),
        CheckConstraint(
            "(status = 'needs_info') = (paused_at IS NOT NULL)"
            " AND (status = 'needs_info') = (status_before_info IS NOT NULL)",
            name="paused",
        ),
        CheckConstraint(
            "status NOT IN ('assigned', 'in_progress', 'in_review', 'awaiting_confirmation',"
            " 'on_hold') OR (assignee_id IS NOT NULL AND department_id IS NOT NULL)",
            name="assignee",
        ),
        CheckConstraint(
            "status NOT IN ('in_review', 'awaiting_confirmation')"
            " OR (proposed_outcome IS NOT NULL AND author_id IS NOT NULL)",
            name="proposed",
        ),
        CheckConstraint("(status = 'on_hold') = (held_until IS NOT NULL)", name="held"),
        CheckConstraint(
            "(waiting_department_id IS NULL) = (waiting_since IS NULL)"
            " AND (waiting_since IS NULL OR status = 'submitted')",
            name="waiting",
        ),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint(
            "NOT vouch_pending OR (status <> 'closed' AND filed_by_id IS NOT NULL)", name="vouch"
        ),
        CheckConstraint("round >= 1 AND version >= 1", name="counters"),
        CheckConstraint("sealed OR sealed_about_id IS NULL", name="sealed"),
        CheckConstraint("outcome <> 'merged' OR merged_into_id IS NOT NULL", name="merged"),
        Index("ix_ticket_queue", "assignee_id", "next_due_at", "id", postgresql_where=_OPEN),
        Index("ix_ticket_department", "department_id", "next_due_at", "id", postgresql_where=_OPEN),
        Index("ix_ticket_unit", "department_id", "submitted_at", "id"),
        Index("ix_ticket_assignee", "assignee_id", "submitted_at", "id"),
        Index("ix_ticket_idle", "assignee_id", "assigned_at"),
        Index("ix_ticket_due", "next_due_at", "id", postgresql_where=_OPEN),
        Index("ix_ticket_status", "status", "submitted_at", "id", postgresql_where=_OPEN),
        Index("ix_ticket_enterprise", "enterprise_id", "submitted_at", "id"),
        Index("ix_ticket_accepted", "accepted_at", "id"),
        Index("ix_ticket_assigned", "assigned_at", "id"),
        Index("ix_ticket_submitted", "submitted_at", "id"),
        Index("ix_ticket_slot", text(f"({SUBMITTED_SLOT})"), "submitted_at", "id"),
        Index("ix_ticket_closed", "closed_at", "id"),
        Index("ix_ticket_rule", "rule_id", "id", postgresql_where="rule_id IS NOT NULL"),
        Index(
            *("ix_ticket_waiting", "waiting_department_id", "next_due_at", "id"),
            postgresql_where="waiting_department_id IS NOT NULL",
        ),
        Index("ix_ticket_sealed", "sealed_about_id", "id", postgresql_where="sealed"),
        Index("ix_ticket_elevated", "submitted_at", "id", postgresql_where=_ELEVATED),
    )

    id: Mapped[int] = mapped_column(BigInteger, TICKET_ID, primary_key=True)
    number: Mapped[Words] = mapped_column(unique=True)
    query_code: Mapped[Words]
    submit_key: Mapped[Words | None] = mapped_column(unique=True)
    channel: Mapped[Words]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    applicant_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    # The cadre who filed it on the firm's behalf 代填; the firm's word on it may still be out.
    filed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    vouch_pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("chain.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    urgency: Mapped[Words]
    # Frozen when it is submitted, as region and chain are: the firm's titles of that day, and
    # whether the firm had submitted another ticket shortly before.
    firm_classes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    repeated: Mapped[bool] = mapped_column(default=False, server_default=false())
    title: Mapped[Words]
    description: Mapped[Words]
    contact_name: Mapped[Words] = mapped_column(Secret("ticket.contact_name"))
    contact_phone: Mapped[Words] = mapped_column(Secret("ticket.contact_phone"))
    # A sealed ticket 密件, and the unit complained about where the firm names one: its people never
    # learn of it (domain.md §6.5).
    sealed: Mapped[bool] = mapped_column(default=False, server_default=false())
    sealed_about_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))

    status: Mapped[Words]
    status_before_info: Mapped[Words | None]
    paused_at: Mapped[Instant | None]
    round: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    event_count: Mapped[int] = mapped_column(default=0)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    # The unit that has nobody free, and since when; left with the status `submitted`.
    waiting_department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    waiting_since: Mapped[Instant | None]
    # The dispatch rule that routed it first; dispatches by hand leave it as it is.
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("dispatch_rule.id"))
    route_reasons: Mapped[list[str]] = mapped_column(JSONB, default=list)
    proposed_outcome: Mapped[Words | None]
    proposed_reply: Mapped[Words | None]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    outcome: Mapped[Words | None]
    confirmation: Mapped[Words | None]
    call_back_solved: Mapped[bool | None]
    rating: Mapped[int | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    reopen_until: Mapped[Instant | None]
    urged_in: Mapped[Words | None]
    return_pending: Mapped[bool] = mapped_column(default=False)
    order_pending: Mapped[bool] = mapped_column(default=False)
    extension_pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    hold_pending: Mapped[bool] = mapped_column(default=False, server_default=false())
    exclusion_asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    held_until: Mapped[date | None]
    # Returns granted in all, extensions granted in the present round.
    returned: Mapped[int] = mapped_column(default=0, server_default="0")
    extended: Mapped[int] = mapped_column(default=0, server_default="0")

    submitted_at: Mapped[Instant]
    accepted_at: Mapped[Instant | None]
    assigned_at: Mapped[Instant | None]
    closed_at: Mapped[Instant | None]
    last_event_at: Mapped[Instant]
    elevated_at: Mapped[Instant | None]
    # The nearest promise, kept by sla.service so that a queue is one index read.
    next_clock: Mapped[Words | None]
    next_due_at: Mapped[Instant | None]
    next_warn_at: Mapped[Instant | None]

    enterprise: Mapped[Enterprise] = relationship()
    region: Mapped[Region] = relationship()
    chain: Mapped[Chain | None] = relationship()
    category: Mapped[Category] = relationship()
    department: Mapped[Department | None] = relationship(foreign_keys=[department_id])
    waiting_department: Mapped[Department | None] = relationship(
        foreign_keys=[waiting_department_id]
    )
    sealed_about: Mapped[Department | None] = relationship(foreign_keys=[sealed_about_id])
    applicant: Mapped["User | None"] = relationship(foreign_keys=[applicant_id])
    filed_by: Mapped["User | None"] = relationship(foreign_keys=[filed_by_id])
    assignee: Mapped["User | None"] = relationship(foreign_keys=[assignee_id])
    merged_into: Mapped["Ticket | None"] = relationship(remote_side=[id])

    @property
    def facts(self) -> Facts:
        """What the pure rules need to know of this ticket."""
        return Facts(
            status=Status(self.status),
            enterprise_id=self.enterprise_id,
            department_id=self.department_id,
            assignee_id=self.assignee_id,
            author_id=self.author_id,
            outcome=Outcome(self.outcome) if self.outcome else None,
            unconfirmed=self.confirmation == "unconfirmed",
            reopen_until=self.reopen_until,
            urged=self.urged_in == f"{self.round}:{self.status}",
            return_pending=self.return_pending,
            order_pending=self.order_pending,
            extension_pending=self.extension_pending,
            hold_pending=self.hold_pending,
            vouch_pending=self.vouch_pending,
            exclusion_asked_by=self.exclusion_asked_by_id,
            returned=self.returned,
            extended=self.extended,
            elevated=self.elevated_at is not None,
            sealed=self.sealed,
        )


class TicketEvent(Base):
    """One action of one actor: the timeline, the audit and the source of every figure."""

    __table_args__ = (
        UniqueConstraint("ticket_id", "seq"),
        UniqueConstraint("ticket_id", "key"),
        Index("ix_ticket_event_at", "at", "id"),
        Index(
            "ix_ticket_event_given",
            text("((payload ->> 'department_id')::integer)"),
            "at",
            postgresql_where="payload ->> 'by' = 'choice'",
        ),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    seq: Mapped[int]
    version: Mapped[int]
    key: Mapped[Words | None]
    action: Mapped[Words]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_role: Mapped[Words]
    actor_name: Mapped[Words]
    at: Mapped[Instant]
    from_status: Mapped[Words | None]
    to_status: Mapped[Words]
    round: Mapped[int]
    public: Mapped[bool]
    payload: Mapped[Json] = mapped_column(default=dict)
