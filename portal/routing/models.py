"""Dispatch rules: category × region × chain × urgency → department."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Words
from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import Base


class DispatchRule(Base):
    """One rule; an empty dimension matches everything, the most specific rule wins."""

    __table_args__ = (
        Index(
            "uq_dispatch_rule_active",
            "category_id",
            "region_id",
            "chain_id",
            "urgency",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="active",
        ),
    )

    id: Mapped[BigId]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"))
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("chain.id"))
    urgency: Mapped[Words | None]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    active: Mapped[bool] = mapped_column(default=True)

    category: Mapped[Category | None] = relationship()
    region: Mapped[Region | None] = relationship()
    chain: Mapped[Chain | None] = relationship()
    department: Mapped[Department] = relationship()
