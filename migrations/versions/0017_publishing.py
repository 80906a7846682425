"""The open page's cases, runs of large exports, and what was filtered in the log of exports.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
STATES = "'waiting', 'published', 'withdrawn'"
RUN_STATES = "'waiting', 'running', 'done', 'failed', 'cancelled', 'expired'"
APPEND_ONLY = """
CREATE TRIGGER {0}_append_only BEFORE UPDATE OR DELETE ON {0}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    _cases()
    _runs()
    op.add_column(
        "export_log",
        sa.Column("filter", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
    )
    op.add_column(
        "export_log",
        sa.Column("personal", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def _cases() -> None:
    op.create_table(
        "published_case",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger(), nullable=False),
        sa.Column("prepared_at", INSTANT, nullable=False),
        sa.Column("checked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_published_case_state")),
        sa.CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL)"
            " AND (published_at IS NULL) = (checked_by_id IS NULL)",
            name=op.f("ck_published_case_published"),
        ),
        sa.CheckConstraint(
            "checked_by_id <> prepared_by_id", name=op.f("ck_published_case_two_people")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_published_case_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by_id"], ["user.id"], name=op.f("fk_published_case_prepared_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["user.id"], name=op.f("fk_published_case_checked_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_case")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_published_case_ticket_id")),
    )
    op.create_index("ix_published_case_prepared_at", "published_case", ["prepared_at", "id"])
    op.create_index(
        "ix_published_case_published_at",
        "published_case",
        ["published_at", "id"],
        postgresql_where="published_at IS NOT NULL",
    )
    op.create_table(
        "published_case_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("texts", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["published_case.id"], name=op.f("fk_published_case_step_case_id")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user.id"], name=op.f("fk_published_case_step_actor_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_published_case_step")),
    )
    op.create_index("ix_published_case_step_case_id", "published_case_step", ["case_id", "id"])
    op.execute(APPEND_ONLY.format("published_case_step"))


def _runs() -> None:
    op.create_table(
        "export_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("asked", JSONB(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("spool_name", sa.Text(), nullable=False),
        sa.Column("spool_bytes", sa.BigInteger(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=True),
        sa.Column("stored_name", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.CheckConstraint(f"state IN ({RUN_STATES})", name=op.f("ck_export_run_state")),
        sa.CheckConstraint(
            "(state = 'done') = (stored_name IS NOT NULL AND expires_at IS NOT NULL)",
            name=op.f("ck_export_run_done"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_export_run_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_run")),
    )
    op.create_index("ix_export_run_by", "export_run", ["by_id", "created_at", "id"])
    op.create_index(
        "ix_export_run_waiting",
        "export_run",
        ["id"],
        postgresql_where="state IN ('waiting', 'running')",
    )
    op.create_index(
        "ix_export_run_expiry", "export_run", ["expires_at"], postgresql_where="state = 'done'"
    )


def downgrade() -> None:
    op.drop_column("export_log", "personal")
    op.drop_column("export_log", "filter")
    op.drop_table("export_run")
    op.drop_table("published_case_step")
    op.drop_table("published_case")
