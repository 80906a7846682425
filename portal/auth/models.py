"""Accounts: one row a person, one role an account."""

from datetime import datetime
from typing import TYPE_CHECKING

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from portal.auth.roles import ACCOUNT_ROLES, Actor, Role
from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.keys.columns import Blind, Secret

if TYPE_CHECKING:
    from portal.directory.models import Department, Enterprise


_STORED = ", ".join(repr(str(role)) for role in (*ACCOUNT_ROLES, Role.NONE))


class User(Base, UserMixin):
    """A person who can sign in; `username` is stored in lower case."""

    __table_args__ = (
        CheckConstraint("username = lower(username)", name="username_lower"),
        CheckConstraint(f"role IN ({_STORED})", name="role"),
        CheckConstraint(
            "(role = 'applicant') = (enterprise_id IS NOT NULL)", name="applicant_enterprise"
        ),
        CheckConstraint(
            "(role IN ('cadre', 'reviewer')) = (department_id IS NOT NULL)", name="staff_department"
        ),
        CheckConstraint("capacity > 0", name="capacity"),
        CheckConstraint("NOT firm_admin OR role = 'applicant'", name="firm_admin"),
    )

    id: Mapped[BigId]
    username: Mapped[Words] = mapped_column(unique=True)
    name: Mapped[Words]
    phone: Mapped[Words | None] = mapped_column(Secret("user.phone"))
    # Found by the whole number only: the digest tells nothing.
    phone_index: Mapped[Words | None] = mapped_column(Blind("user.phone"), index=True)
    password_hash: Mapped[Words]
    role: Mapped[Words]
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprise.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    # How many open tickets a cadre can hold at once; None: no limit.
    capacity: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    # Whether this applicant decides who else acts for the firm.
    firm_admin: Mapped[bool] = mapped_column(default=False)
    # Made by the demonstration load: skips the expiry of passwords and the second factor, and only
    # outside production.
    demonstration: Mapped[bool] = mapped_column(default=False)
    must_change_password: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    password_changed_at: Mapped[Instant | None]
    last_sign_in_at: Mapped[Instant | None]
    # Since when sign-in needs a second factor (auth.factors); None: the person has none.
    factor_at: Mapped[Instant | None]
    # When the person asked to be forgotten and was: the row stays, nothing in it tells who.
    erased_at: Mapped[Instant | None]

    enterprise: Mapped["Enterprise | None"] = relationship()
    department: Mapped["Department | None"] = relationship(foreign_keys=[department_id])

    @validates("phone")
    def _index_phone(self, _key: str, phone: str | None) -> str | None:
        self.phone_index = phone
        return phone

    @property
    def is_active(self) -> bool:
        return self.active

    @property
    def actor(self) -> Actor:
        """This person as the rules see it."""
        return Actor(self.id, Role(self.role), self.name, self.department_id, self.enterprise_id)

    def signed_in(self, now: datetime) -> None:
        """Notes a sign-in at the instant `now` (UTC)."""
        self.last_sign_in_at = now
