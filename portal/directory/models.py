"""Who is who: enterprises, departments, cadres' skills and leave, pairings, the dimensions."""

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, func
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal.auth.roles import OVERSIGHT_ROLES
from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.keys.columns import Blind, Secret

if TYPE_CHECKING:
    from portal.auth.models import User

SIZES = ("large", "medium", "small", "micro")
# Titles that a firm is granted for some years: 专精特新, 单项冠军, 瞪羚, 规上, 独角兽, 高新技术.
CLASSES = ("specialised", "champion", "gazelle", "above_scale", "unicorn", "high_tech")
# What a change of the directory is a change of.
NOUNS = ("enterprise", "department", "region", "chain", "category", "user")


class Region(Base):
    """A county, city or development zone 县市区; `position` is its place in lists."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class Chain(Base):
    """An industrial chain 产业链 and its chief 链长, a supervisor or leader."""

    id: Mapped[BigId]
    name: Mapped[Words] = mapped_column(unique=True)
    chief_id: Mapped[int | None] = mapped_column(
        ForeignKey("user.id", name="fk_chain_chief_id_user", use_alter=True)
    )
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    chief: Mapped["User | None"] = relationship(foreign_keys=[chief_id])

    @property
    def vacant(self) -> bool:
        """Whether nobody is chief: none was named, or they have left or hold another office."""
        chief = self.chief
        return chief is None or not chief.active or chief.role not in OVERSIGHT_ROLES


class Category(Base):
    """A kind of request 诉求类别; decides the text template, the review and the clocks.

    Two levels: a category with a parent is a kind of that parent, and never a parent itself.
    """

    __table_args__ = (CheckConstraint("parent_id <> id", name="parent"),)

    id: Mapped[BigId]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    name: Mapped[Words] = mapped_column(unique=True)
    template: Mapped[Words] = mapped_column(default="")
    needs_review: Mapped[bool] = mapped_column(default=True)
    by_pairing: Mapped[bool] = mapped_column(default=True)
    complex: Mapped[bool] = mapped_column(default=False)
    consult: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    parent: Mapped["Category | None"] = relationship(remote_side="Category.id")

    @property
    def full_name(self) -> str:
        """The name after its parent's: “融资 › 贷款续贷”."""
        return f"{self.parent.name} › {self.name}" if self.parent is not None else self.name


class Department(Base):
    """A unit that answers 承办单位; its reviewer 分管负责人 approves what its cadres resolve.

    Units form a tree; loops are refused by directory.place_service.
    """

    __table_args__ = (CheckConstraint("parent_id <> id", name="parent"),)

    id: Mapped[BigId]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    name: Mapped[Words] = mapped_column(unique=True)
    phone: Mapped[Words | None]
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    parent: Mapped["Department | None"] = relationship(remote_side="Department.id")


class Enterprise(Base):
    """A firm, identified by its uscc 统一社会信用代码 (GB 32100-2015)."""

    __table_args__ = (
        Index("ix_enterprise_newest", "created_at", "id"),
        CheckConstraint("uscc ~ '^[0-9A-Z]{18}$'", name="uscc"),
        CheckConstraint(f"size IN {SIZES}", name="size"),
    )

    id: Mapped[BigId]
    uscc: Mapped[Words] = mapped_column(unique=True)
    name: Mapped[Words]
    short_name: Mapped[Words | None]
    industry: Mapped[Words | None]
    region_id: Mapped[int] = mapped_column(ForeignKey("region.id"))
    chain_id: Mapped[int | None] = mapped_column(ForeignKey("chain.id"))
    size: Mapped[Words]
    contact_name: Mapped[Words] = mapped_column(Secret("enterprise.contact_name"))
    contact_phone: Mapped[Words] = mapped_column(Secret("enterprise.contact_phone"))
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    region: Mapped[Region] = relationship()
    chain: Mapped[Chain | None] = relationship()


class EnterpriseClass(Base):
    """A title of a firm, such as 专精特新, and the local days from and to which it holds."""

    __table_args__ = (
        CheckConstraint(f"name IN {CLASSES}", name="name"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates"),
        UniqueConstraint("enterprise_id", "name", "valid_from"),
    )

    id: Mapped[BigId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    name: Mapped[Words]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    enterprise: Mapped[Enterprise] = relationship()


class EnterpriseContact(Base):
    """One more person to ask for at a firm, besides the one on the firm's own row."""

    __table_args__ = (UniqueConstraint("enterprise_id", "phone_index"),)

    id: Mapped[BigId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    name: Mapped[Words] = mapped_column(Secret("enterprise_contact.name"))
    phone: Mapped[Words] = mapped_column(Secret("enterprise_contact.phone"))
    phone_index: Mapped[Words] = mapped_column(Blind("enterprise_contact.phone"))
    post: Mapped[Words | None]

    enterprise: Mapped[Enterprise] = relationship()

    @validates("phone")
    def _index_phone(self, _key: str, phone: str) -> str:
        self.phone_index = phone
        return phone


class Skill(Base):
    """A category that a cadre knows; a cadre of whom none is noted takes every category."""

    __table_args__ = (UniqueConstraint("cadre_id", "category_id"),)

    id: Mapped[BigId]
    cadre_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)

    category: Mapped[Category] = relationship()


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
    """Days on which a cadre is away 请假, and who stands in.

    `give_back`: what the deputy took over comes back when the leave ends. `offered_at`: when the
    open tickets were offered to the deputy, None before the first day. `noted_by`, `noted_at`: who
    wrote it down and when, None for rows of before.
    """

    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="dates"),
        CheckConstraint("deputy_id IS NULL OR deputy_id <> cadre_id", name="deputy"),
        Index("ix_leave_due", "starts_on", "id", postgresql_where="offered_at IS NULL"),
    )

    id: Mapped[BigId]
    cadre_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    give_back: Mapped[bool] = mapped_column(default=False, server_default=false())
    offered_at: Mapped[Instant | None]
    noted_by: Mapped[Words | None]
    noted_at: Mapped[Instant | None]

    cadre: Mapped["User"] = relationship(foreign_keys=[cadre_id])
    deputy: Mapped["User | None"] = relationship(foreign_keys=[deputy_id])


class DirectoryChange(Base):
    """Who changed what of the directory, from what and to what; written once, never changed.

    `old` and `new` hold the fields that differ, in words where they name another row.
    """

    __table_args__ = (
        CheckConstraint(f"noun IN {NOUNS}", name="noun"),
        Index("ix_directory_change_row", "noun", "row_id", "id"),
    )

    id: Mapped[BigId]
    noun: Mapped[Words]
    row_id: Mapped[int]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[Instant]
    old: Mapped[Json]
    new: Mapped[Json]

    actor: Mapped["User | None"] = relationship(foreign_keys=[actor_id])
