"""Second factors, single sign-on, and roles that wait for the security administrator.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ROLES = (
    "'applicant', 'cadre', 'reviewer', 'dispatcher', 'supervisor', 'leader', 'admin',"
    " 'security_admin', 'auditor'"
)
NUMBER, WORDS, INSTANT = sa.BigInteger(), sa.Text(), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("user", sa.Column("factor_at", INSTANT))
    _roles(f"{ROLES}, 'none'")
    _factors()
    _sign_on()
    _requests()


def _roles(words: str) -> None:
    """Checked for new rows at once, for the old ones without holding up writers."""
    name = op.f("ck_user_role")
    op.drop_constraint(name, "user")
    op.execute(f'ALTER TABLE "user" ADD CONSTRAINT {name} CHECK (role IN ({words})) NOT VALID')
    op.execute(f'ALTER TABLE "user" VALIDATE CONSTRAINT {name}')


def _person(table: str, column: str = "user_id") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["user.id"], name=op.f(f"fk_{table}_{column}_user"))


def _id(table: str) -> tuple[sa.Column, sa.PrimaryKeyConstraint]:
    column = sa.Column("id", NUMBER, sa.Identity(always=False), nullable=False)
    return column, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _factors() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("secret", WORDS, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("last_step", NUMBER, nullable=False),
        sa.Column("failures", NUMBER, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_second_factor_failures")),
        _person("second_factor"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "recovery_code",
        *_id("recovery_code"),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("digest", WORDS, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        _person("recovery_code"),
        sa.UniqueConstraint("user_id", "digest", name="uq_recovery_code_user_id_digest"),
    )


def _sign_on() -> None:
    op.create_table(
        "external_identity",
        *_id("external_identity"),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("issuer", WORDS, nullable=False),
        sa.Column("subject", WORDS, nullable=False),
        sa.Column("linked_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        _person("external_identity"),
        sa.UniqueConstraint("issuer", "subject", name="uq_external_identity_issuer_subject"),
        sa.UniqueConstraint("user_id", "issuer", name="uq_external_identity_user_id_issuer"),
    )
    op.create_table(
        "sign_on_attempt",
        *_id("sign_on_attempt"),
        *(sa.Column(name, WORDS, nullable=False) for name in ("state", "nonce", "verifier")),
        sa.Column("user_id", NUMBER),
        sa.Column("wanted", WORDS),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("subject", WORDS),
        _person("sign_on_attempt"),
        sa.UniqueConstraint("state", name="uq_sign_on_attempt_state"),
    )
    op.create_index("ix_sign_on_attempt_began_at", "sign_on_attempt", ["began_at"])


def _requests() -> None:
    op.create_table(
        "role_request",
        *_id("role_request"),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("role", WORDS, nullable=False),
        sa.Column("department_id", NUMBER),
        sa.Column("asked_by_id", NUMBER),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("ruled_by_id", NUMBER),
        sa.Column("ruled_at", INSTANT),
        sa.CheckConstraint(f"role IN ({ROLES})", name=op.f("ck_role_request_role")),
        sa.CheckConstraint(
            "state IN ('asked', 'granted', 'refused')", name=op.f("ck_role_request_state")
        ),
        sa.CheckConstraint(
            "(role IN ('cadre', 'reviewer')) = (department_id IS NOT NULL)",
            name=op.f("ck_role_request_department"),
        ),
        sa.CheckConstraint(
            "(state = 'asked') = (ruled_at IS NULL)", name=op.f("ck_role_request_ruled")
        ),
        *(_person("role_request", name) for name in ("user_id", "asked_by_id", "ruled_by_id")),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["department.id"],
            name=op.f("fk_role_request_department_id_department"),
        ),
    )
    op.create_index(
        "uq_role_request_user_id",
        "role_request",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )


def downgrade() -> None:
    """An account without a role becomes one that cannot sign in."""
    for table in (
        *("role_request", "sign_on_attempt", "external_identity"),
        *("recovery_code", "second_factor"),
    ):
        op.drop_table(table)
    op.execute("UPDATE \"user\" SET role = 'auditor', active = false WHERE role = 'none'")
    _roles(ROLES)
    op.drop_column("user", "factor_at")
