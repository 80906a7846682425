"""The rulebook: versions of the dispatch rules, the rules of each, and every edit of a draft."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Json, Words
from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import Base

STATES = ("draft", "in_force", "superseded")


class Rulebook(Base):
    """One version of the rules; a draft can be edited, at most one version is in force.

    `base_id`: the version that the draft was made from. `revision` counts its edits. `ticket_id`:
    the ticket whose return it corrects. Nobody made the version that an upgrade found.
    """

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(state = 'draft') = (enacted_at IS NULL)", name="enacted"),
        CheckConstraint("(state = 'superseded') = (superseded_at IS NOT NULL)", name="superseded"),
        Index("uq_rulebook_in_force", "state", unique=True, postgresql_where="state = 'in_force'"),
    )

    id: Mapped[BigId]
    version: Mapped[int] = mapped_column(unique=True)
    state: Mapped[Words] = mapped_column(default="draft")
    note: Mapped[Words] = mapped_column(default="")
    base_id: Mapped[int | None] = mapped_column(ForeignKey("rulebook.id"))
    revision: Mapped[int] = mapped_column(default=0)
    ticket_id: Mapped[int | None] = mapped_column(
        ForeignKey("ticket.id", name="fk_rulebook_ticket_id_ticket", use_alter=True)
    )
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    made_at: Mapped[Instant]
    enacted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    enacted_at: Mapped[Instant | None]
    superseded_at: Mapped[Instant | None]

    base: Mapped["Rulebook | None"] = relationship(remote_side="Rulebook.id")
    made_by: Mapped[User | None] = relationship(foreign_keys=[made_by_id])
    enacted_by: Mapped[User | None] = relationship(foreign_keys=[enacted_by_id])


class DispatchRule(Base):
    """One rule of one version; an empty dimension matches everything, the most specific rule wins.

    `number` is the same in every version that holds the same sentence: these conditions to this
    unit. Rules that were out of force before there were versions belong to none.
    """

    __table_args__ = (
        Index(
            "uq_dispatch_rule_conditions",
            "rulebook_id",
            "category_id",
            "region_id",
            "chain_id",
            "urgency",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="rulebook_id IS NOT NULL",
        ),
        Index("ix_dispatch_rule_number", "number"),
    )

    id: Mapped[BigId]
    rulebook_id: Mapped[int | None] = mapped_column(ForeignKey("rulebook.id"))
    number: Mapped[int]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("chain.id"))
    urgency: Mapped[Words | None]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))

    rulebook: Mapped[Rulebook | None] = relationship()
    category: Mapped[Category | None] = relationship()
    region: Mapped[Region | None] = relationship()
    chain: Mapped[Chain | None] = relationship()
    department: Mapped[Department] = relationship()


class RulebookEdit(Base):
    """One edit of a draft: who, when, and the rule before and after it (None: there was none)."""

    __table_args__ = (UniqueConstraint("rulebook_id", "revision"),)

    id: Mapped[BigId]
    rulebook_id: Mapped[int] = mapped_column(ForeignKey("rulebook.id"))
    revision: Mapped[int]
    at: Mapped[Instant]
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    before: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[Json | None] = mapped_column(JSONB(none_as_null=True))

    by: Mapped[User] = relationship()
