"""Calendars and policies as versions; clocks, their pauses and timers as rows (domain.md §3)."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.tickets.models import Ticket


class CalendarVersion(Base):
    """One immutable calendar; a new year or a changed day is a new version."""

    __tablename__ = "calendar"
    __table_args__ = (
        Index("uq_calendar_current", "current", unique=True, postgresql_where="current"),
    )

    id: Mapped[BigId]
    time_zone: Mapped[Words]
    seasons: Mapped[list] = mapped_column(JSONB)
    confirmed_years: Mapped[list[int]] = mapped_column(JSONB)
    current: Mapped[bool] = mapped_column(default=False)
    note: Mapped[Words] = mapped_column(default="")
    made_by: Mapped[Words] = mapped_column(default="", server_default="")
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class CalendarDay(Base):
    """A day that differs from its week: holiday, make-up day 调休, half day."""

    __table_args__ = (
        CheckConstraint("kind IN ('holiday', 'makeup', 'half', 'statutory')", name="kind"),
    )

    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendar.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[Words]
    name: Mapped[Words]
    windows: Mapped[list | None] = mapped_column(JSONB)


class Policy(Base):
    """One version of a profile's clock rules, as the JSON of sla.default_policy.

    A draft (`enacted_at` null) may be edited; once enacted it never changes.
    """

    __table_args__ = (
        UniqueConstraint("profile", "version"),
        Index("uq_policy_current", "current", unique=True, postgresql_where="current"),
    )

    id: Mapped[BigId]
    profile: Mapped[Words]
    version: Mapped[int]
    rules: Mapped[list] = mapped_column(JSONB)
    current: Mapped[bool] = mapped_column(default=False)
    made_by: Mapped[Words] = mapped_column(default="", server_default="")
    enacted_at: Mapped[Instant | None]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())


class Clock(Base):
    """One running promise of one ticket and round; freezes policy, calendar, start and dues.

    `original_due_at` moves with pauses but never with extensions; `attempt` counts the same clock
    started again in one round (sign, after a return or a reassignment).
    """

    __table_args__ = (
        UniqueConstraint("ticket_id", "round", "kind", "attempt"),
        CheckConstraint("state IN ('running', 'paused', 'stopped', 'cancelled')", name="state"),
        CheckConstraint(
            "(state IN ('stopped', 'cancelled')) = (stopped_at IS NOT NULL)", name="stopped"
        ),
        Index("ix_clock_open", "ticket_id", postgresql_where="state IN ('running', 'paused')"),
        Index(
            "ix_clock_provisional",
            "ticket_id",
            postgresql_where="provisional AND state IN ('running', 'paused')",
        ),
        Index("ix_clock_kind_original_due", "kind", "original_due_at", "id"),
        Index("ix_clock_kind_due", "kind", "due_at", "id"),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    round: Mapped[int]
    kind: Mapped[Words]
    attempt: Mapped[int] = mapped_column(default=1)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"))
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendar.id"))
    target: Mapped[Words]
    pausable: Mapped[bool]
    state: Mapped[Words] = mapped_column(default="running")
    started_at: Mapped[Instant]
    warn_at: Mapped[Instant]
    due_at: Mapped[Instant]
    original_due_at: Mapped[Instant]
    provisional: Mapped[bool] = mapped_column(default=False)
    stopped_at: Mapped[Instant | None]

    ticket: Mapped[Ticket] = relationship()


class ClockMove(Base):
    """The dues of a clock until `at`, when a pause, an extension or a recount moved them.

    So that the figures can be told as they were known at any instant; written once.
    """

    id: Mapped[BigId]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"), index=True)
    at: Mapped[Instant]
    due_before: Mapped[Instant]
    original_due_before: Mapped[Instant]


class Pause(Base):
    """A stretch in which the clocks of a ticket stood still; belongs to the ticket, not a clock."""

    __table_args__ = (
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="span"),
        Index("uq_pause_open", "ticket_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_pause_ticket", "ticket_id"),
    )

    id: Mapped[BigId]
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    started_at: Mapped[Instant]
    ended_at: Mapped[Instant | None]


class Timer(Base):
    """One instant at which one level of one clock fires, once for each generation."""

    __table_args__ = (
        UniqueConstraint("clock_id", "level", "generation"),
        CheckConstraint("state IN ('armed', 'fired', 'cancelled', 'skipped')", name="state"),
        CheckConstraint("(state = 'fired') = (fired_at IS NOT NULL)", name="fired"),
        Index("ix_timer_armed", "fire_at", "id", postgresql_where="state = 'armed'"),
        Index("ix_timer_clock_armed", "clock_id", postgresql_where="state = 'armed'"),
        Index("ix_timer_fired", "fired_at", postgresql_where="state = 'fired'"),
    )

    id: Mapped[BigId]
    clock_id: Mapped[int] = mapped_column(ForeignKey("clock.id"))
    level: Mapped[Words]
    generation: Mapped[int] = mapped_column(default=1)
    fire_at: Mapped[Instant]
    state: Mapped[Words] = mapped_column(default="armed")
    fired_at: Mapped[Instant | None]

    clock: Mapped[Clock] = relationship()


class Recompute(Base):
    """A run over open tickets that counts their clocks anew, resumed wherever it stopped.

    `kind` calendar: provisional clocks under `calendar_id`; policy: all under `policy_id`.
    `after_id` is the last ticket that is done; the counts are of tickets.
    """

    __table_args__ = (
        CheckConstraint("kind IN ('calendar', 'policy')", name="kind"),
        CheckConstraint("state IN ('running', 'done', 'superseded')", name="state"),
        CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="finished"),
        CheckConstraint("(kind = 'policy') = (policy_id IS NOT NULL)", name="policy"),
        Index("ix_recompute_running", "id", postgresql_where="state = 'running'"),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    calendar_id: Mapped[int] = mapped_column(ForeignKey("calendar.id"))
    policy_id: Mapped[int | None] = mapped_column(ForeignKey("policy.id"))
    state: Mapped[Words] = mapped_column(default="running")
    after_id: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    seen: Mapped[int] = mapped_column(default=0)
    moved: Mapped[int] = mapped_column(default=0)
    overdue: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    started_by: Mapped[Words] = mapped_column(default="")
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    finished_at: Mapped[Instant | None]

    policy: Mapped[Policy | None] = relationship()
