"""How people come in: sessions, attempts and locks, one-time links, requests to join a firm."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.auth.models import User
from portal.db import BigId, Instant, Words
from portal.extensions import Base
from portal.keys.columns import Secret

LOCK_KINDS = ("account", "address")
LINK_KINDS = ("invitation", "reset")
ENDS = ("idle", "age", "signed_out", "owner", "admin", "password", "stopped", "role")
JOIN_STATES = ("asked", "approved", "refused", "withdrawn", "expired")


class UserSession(Base):
    """One browser that somebody signed in with; the cookie holds what `token_hash` is made of."""

    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (ended_why IS NULL)", name="ended"),
        CheckConstraint(f"ended_why IN {ENDS}", name="ended_why"),
        Index("ix_user_session_user_id", "user_id", "id"),
        Index("ix_user_session_created_at", "created_at"),
    )

    id: Mapped[BigId]
    token_hash: Mapped[Words] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[Instant]
    # The last request, to a minute.
    seen_at: Mapped[Instant]
    address: Mapped[Words]
    agent: Mapped[Words]
    ended_at: Mapped[Instant | None]
    ended_why: Mapped[Words | None]


class SignInTry(Base):
    """One attempt to sign in that was not proved right; kept for a day.

    `account_key` is a hash of the name typed, known or not. An attempt during a lock is not
    `counted`: a lock ends when it was said to.
    """

    __table_args__ = (
        Index("ix_sign_in_try_account_key", "account_key", "at"),
        Index("ix_sign_in_try_address", "address", "at"),
        Index("ix_sign_in_try_at", "at"),
    )

    id: Mapped[BigId]
    account_key: Mapped[Words]
    address: Mapped[Words]
    at: Mapped[Instant]
    counted: Mapped[bool]


class SignInLock(Base):
    """An account or an address that may not sign in until an instant; `user_id` where one is known.

    `told_at`: when the person has heard of it, at their next sign-in.
    """

    __table_args__ = (
        CheckConstraint(f"kind IN {LOCK_KINDS}", name="kind"),
        CheckConstraint("until > at", name="until"),
        Index("ix_sign_in_lock_key", "kind", "key", "until"),
        Index("ix_sign_in_lock_user_id", "user_id", postgresql_where=text("user_id IS NOT NULL")),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    key: Mapped[Words]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    tries: Mapped[int]
    at: Mapped[Instant]
    until: Mapped[Instant]
    lifted_at: Mapped[Instant | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    told_at: Mapped[Instant | None]

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])


class OneTimeLink(Base):
    """A link by which one person sets a password once; shown once, only its hash is kept."""

    __table_args__ = (
        CheckConstraint(f"kind IN {LINK_KINDS}", name="kind"),
        CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name="one_end"),
        Index("ix_one_time_link_user_id", "user_id", "id"),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    token_hash: Mapped[Words] = mapped_column(unique=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])


class JoinRequest(Base):
    """Somebody who wants to act for a registered firm; no account exists until it is approved.

    `password_hash` is what the account will have; it is forgotten once it is of no use.
    """

    __table_args__ = (
        CheckConstraint(f"state IN {JOIN_STATES}", name="state"),
        CheckConstraint("(state = 'asked') = (ruled_at IS NULL)", name="ruled"),
        CheckConstraint("(state = 'approved') = (user_id IS NOT NULL)", name="approved"),
        Index(
            "uq_join_request_username",
            "username",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
        Index("ix_join_request_enterprise_id", "enterprise_id", "state", "id"),
        Index("ix_join_request_name", "username", "id"),
    )

    id: Mapped[BigId]
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprise.id"))
    username: Mapped[Words]
    name: Mapped[Words]
    phone: Mapped[Words] = mapped_column(Secret("join_request.phone"))
    password_hash: Mapped[Words | None]
    state: Mapped[Words]
    created_at: Mapped[Instant]
    ruled_at: Mapped[Instant | None]
    ruled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[Words | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    ruled_by: Mapped[User | None] = relationship(foreign_keys=[ruled_by_id])
    account: Mapped[User | None] = relationship(foreign_keys=[user_id])
