"""Who is who: enterprises, departments, cadres' leave, pairings, and the three dimensions."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.db import BigId, Instant, Words
from portal.extensions import Base

if TYPE_CHECKING:
    from portal.auth.models import User

SIZES = ("large", "medium", "small", "micro")


class Region(Base):
    """A county, city or development zone 县市区; `position` is its place in lists."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Chain(Base):
    """An industrial chain 产业链."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Category(Base):
    """A kind of request 诉求类别; decides the text template, the review and the clocks."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    template: Mapped[Words] = mapped_column(default="")
    needs_review: Mapped[bool] = mapped_column(default=True)
    by_pairing: Mapped[bool] = mapped_column(default=True)
    complex: Mapped[bool] = mapped_column(default=False)
    consult: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Department(Base):
    """A unit that answers 承办单位; its reviewer 分管负责人 approves what its cadres resolve."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    phone: Mapped[Words | None]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Enterprise(Base):
    """A firm, identified by its uscc 统一社会信用代码 (GB 32100-2015)."""

    __table_args__ = (
        CheckConstraint("uscc ~ '^[0-9A-Z]{18}$'", name="uscc"),
        CheckConstraint(f"size IN {SIZES}", name="size"),
    )

    id: Mapped[BigId]
    uscc: Mapped[Words] = mapped_column(unique=True)
    name: Mapped[Words]
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("chain.id"))
    size: Mapped[Words]
    contact_name: Mapped[Words]
    contact_phone: Mapped[Words]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    region: Mapped[Region] = relationship()
    chain: Mapped[Chain | None] = relationship()


class Pairing(Base):
    """The standing cadre of a firm 包联: an owner, a deputy, and the days it holds."""

    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        CheckConstraint("deputy_id IS NULL OR deputy_id <> owner_id", name="deputy"),
        Index("uq_pairing_open", "enterprise_id", unique=True, postgresql_where="ends_on IS NULL"),
    )

    id: Mapped[BigId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    enterprise: Mapped[Enterprise] = relationship()
    owner: Mapped["User"] = relationship(foreign_keys=[owner_id])
    deputy: Mapped["User | None"] = relationship(foreign_keys=[deputy_id])


class Leave(Base):
    """Days on which a cadre is away 请假, and who stands in."""

    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("deputy_id IS NULL OR deputy_id <> cadre_id", name="deputy"),
    )

    id: Mapped[BigId]
    cadre_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    cadre: Mapped["User"] = relationship(foreign_keys=[cadre_id])
    deputy: Mapped["User | None"] = relationship(foreign_keys=[deputy_id])
