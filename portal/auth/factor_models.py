"""What proves a person besides the password, and what role an account waits for."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.auth.roles import ACCOUNT_ROLES
from portal.db import BigId, Instant, Words
from portal.directory.models import Department
from portal.extensions import Base
from portal.keys.columns import Secret

_ROLES = ", ".join(repr(str(role)) for role in ACCOUNT_ROLES)


class SecondFactor(Base):
    """A person's one authenticator. `secret` lies sealed under the key ring; in force once
    confirmed.

    `last_step`: the newest time step whose code was used, so that no code counts twice.
    `failures` counts wrong codes in a row; too many set `locked_until`.
    """

    __table_args__ = (CheckConstraint("failures >= 0", name="failures"),)

    user_id: Mapped[int] = mapped_column(
        ForeignKey("user.id"), primary_key=True, autoincrement=False
    )
    secret: Mapped[Words] = mapped_column(Secret("second_factor.secret"))
    created_at: Mapped[Instant]
    confirmed_at: Mapped[Instant | None]
    last_step: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[Instant | None]


class RecoveryCode(Base):
    """One code for the day the authenticator is lost: its digest, and when it was used."""

    __table_args__ = (
        UniqueConstraint("user_id", "digest", name="uq_recovery_code_user_id_digest"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    digest: Mapped[Words]
    made_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class ExternalIdentity(Base):
    """A person as the city's unified identity knows them: one account an identity, and one
    identity an account at each issuer."""

    __table_args__ = (
        UniqueConstraint("issuer", "subject", name="uq_external_identity_issuer_subject"),
        UniqueConstraint("user_id", "issuer", name="uq_external_identity_user_id_issuer"),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    issuer: Mapped[Words]
    subject: Mapped[Words]
    linked_at: Mapped[Instant]
    used_at: Mapped[Instant | None]


class SignOnAttempt(Base):
    """One way to the provider and back: what the answer has to fit. Used once.

    `state` is kept as a digest. `user_id`: who wants to link an identity; None: a sign-in.
    `wanted`: the local path to go on to. `subject`: an unknown identity that may register.
    """

    __table_args__ = (
        UniqueConstraint("state", name="uq_sign_on_attempt_state"),
        Index("ix_sign_on_attempt_began_at", "began_at"),
    )

    id: Mapped[BigId]
    state: Mapped[Words]
    nonce: Mapped[Words]
    verifier: Mapped[Words]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    wanted: Mapped[Words | None]
    began_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    subject: Mapped[Words | None]


class RoleRequest(Base):
    """A role that a system administrator asks for an account and the security administrator
    grants or refuses; one open request an account."""

    __table_args__ = (
        CheckConstraint(f"role IN ({_ROLES})", name="role"),
        CheckConstraint("state IN ('asked', 'granted', 'refused')", name="state"),
        CheckConstraint(
            "(role IN ('cadre', 'reviewer')) = (department_id IS NOT NULL)", name="department"
        ),
        CheckConstraint("(state = 'asked') = (ruled_at IS NULL)", name="ruled"),
        Index(
            "uq_role_request_user_id",
            "user_id",
            unique=True,
            postgresql_where="state = 'asked'",
        ),
    )

    id: Mapped[BigId]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    role: Mapped[Words]
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[Instant]
    state: Mapped[Words] = mapped_column(default="asked")
    ruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ruled_at: Mapped[Instant | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])
    department: Mapped[Department | None] = relationship(foreign_keys=[department_id])
