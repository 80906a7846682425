"""Sessions, locks, invitations and membership of firms.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ENDS = "'idle', 'age', 'signed_out', 'owner', 'admin', 'password', 'stopped', 'role'"
JOIN_STATES = "'asked', 'approved', 'refused', 'withdrawn'"
# The first applicant of each firm that is in use decides who joins it.
FIRST_APPLICANTS = """
UPDATE "user" SET firm_admin = true WHERE id IN (
    SELECT min(id) FROM "user" WHERE role = 'applicant' AND active GROUP BY enterprise_id
)
"""


def upgrade() -> None:
    for name in ("firm_admin", "demonstration"):
        op.add_column(
            "user", sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.create_check_constraint(
        op.f("ck_user_firm_admin"), "user", "NOT firm_admin OR role = 'applicant'"
    )
    op.execute(FIRST_APPLICANTS)
    op.drop_column("user", "session_epoch")
    _sessions()
    _tries()
    _locks()
    _links()
    _join_requests()


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _whole(name: str, *, needed: bool = True) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _words(name: str, *, needed: bool = True) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _instant(name: str, *, needed: bool = True) -> sa.Column:
    return sa.Column(name, INSTANT, nullable=not needed)


def _to(table: str, column: str, other: str = "user") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name)


def _sessions() -> None:
    op.create_table(
        "user_session",
        _id(),
        _words("token_hash"),
        _whole("user_id"),
        _instant("created_at"),
        _instant("seen_at"),
        _words("address"),
        _words("agent"),
        _instant("ended_at", needed=False),
        _words("ended_why", needed=False),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_why IS NULL)", name=op.f("ck_user_session_ended")
        ),
        sa.CheckConstraint(f"ended_why IN ({ENDS})", name=op.f("ck_user_session_ended_why")),
        _to("user_session", "user_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_session_token_hash")),
    )
    op.create_index("ix_user_session_user_id", "user_session", ["user_id", "id"])
    op.create_index("ix_user_session_created_at", "user_session", ["created_at"])


def _tries() -> None:
    op.create_table(
        "sign_in_try",
        _id(),
        _words("account_key"),
        _words("address"),
        _instant("at"),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_try")),
    )
    op.create_index("ix_sign_in_try_account_key", "sign_in_try", ["account_key", "at"])
    op.create_index("ix_sign_in_try_address", "sign_in_try", ["address", "at"])
    op.create_index("ix_sign_in_try_at", "sign_in_try", ["at"])


def _locks() -> None:
    op.create_table(
        "sign_in_lock",
        _id(),
        _words("kind"),
        _words("key"),
        _whole("user_id", needed=False),
        _whole("tries"),
        _instant("at"),
        _instant("until"),
        _instant("lifted_at", needed=False),
        _whole("lifted_by_id", needed=False),
        _instant("told_at", needed=False),
        sa.CheckConstraint("kind IN ('account', 'address')", name=op.f("ck_sign_in_lock_kind")),
        sa.CheckConstraint("until > at", name=op.f("ck_sign_in_lock_until")),
        _to("sign_in_lock", "user_id"),
        _to("sign_in_lock", "lifted_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_lock")),
    )
    op.create_index("ix_sign_in_lock_key", "sign_in_lock", ["kind", "key", "until"])
    op.create_index(
        "ix_sign_in_lock_user_id",
        "sign_in_lock",
        ["user_id"],
        postgresql_where="user_id IS NOT NULL",
    )


def _links() -> None:
    op.create_table(
        "one_time_link",
        _id(),
        _words("kind"),
        _whole("user_id"),
        _words("token_hash"),
        _whole("made_by_id"),
        _instant("created_at"),
        _instant("expires_at"),
        _instant("used_at", needed=False),
        _instant("revoked_at", needed=False),
        sa.CheckConstraint("kind IN ('invitation', 'reset')", name=op.f("ck_one_time_link_kind")),
        sa.CheckConstraint(
            "used_at IS NULL OR revoked_at IS NULL", name=op.f("ck_one_time_link_one_end")
        ),
        _to("one_time_link", "user_id"),
        _to("one_time_link", "made_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_link_token_hash")),
    )
    op.create_index("ix_one_time_link_user_id", "one_time_link", ["user_id", "id"])


def _join_requests() -> None:
    op.create_table(
        "join_request",
        _id(),
        _whole("enterprise_id"),
        _words("username"),
        _words("name"),
        _words("phone"),
        _words("password_hash", needed=False),
        _words("state"),
        _instant("created_at"),
        _instant("ruled_at", needed=False),
        _whole("ruled_by_id", needed=False),
        _words("reason", needed=False),
        _whole("user_id", needed=False),
        sa.CheckConstraint(f"state IN ({JOIN_STATES})", name=op.f("ck_join_request_state")),
        sa.CheckConstraint(
            "(state = 'asked') = (ruled_at IS NULL)", name=op.f("ck_join_request_ruled")
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (user_id IS NOT NULL)", name=op.f("ck_join_request_approved")
        ),
        _to("join_request", "enterprise_id", "enterprise"),
        _to("join_request", "ruled_by_id"),
        _to("join_request", "user_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_request")),
    )
    op.create_index(
        "uq_join_request_username",
        "join_request",
        ["username"],
        unique=True,
        postgresql_where="state = 'asked'",
    )
    op.create_index(
        "ix_join_request_enterprise_id", "join_request", ["enterprise_id", "state", "id"]
    )
    op.create_index("ix_join_request_name", "join_request", ["username", "id"])


def downgrade() -> None:
    for name in ("join_request", "one_time_link", "sign_in_lock", "sign_in_try", "user_session"):
        op.drop_table(name)
    op.add_column(
        "user",
        sa.Column("session_epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.drop_constraint(op.f("ck_user_firm_admin"), "user", type_="check")
    for name in ("demonstration", "firm_admin"):
        op.drop_column("user", name)
