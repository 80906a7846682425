"""Who made a version, drafts of policies, and runs that count open clocks anew.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PROVISIONAL = "provisional AND state IN ('running', 'paused')"


def upgrade() -> None:
    op.add_column("calendar", sa.Column("made_by", sa.Text(), server_default="", nullable=False))
    op.add_column("policy", sa.Column("made_by", sa.Text(), server_default="", nullable=False))
    op.add_column("policy", sa.Column("enacted_at", sa.DateTime(timezone=True), nullable=True))
    # What was there before drafts existed was made to be used.
    op.execute("UPDATE policy SET enacted_at = created_at")
    op.create_index(
        "ix_clock_provisional", "clock", ["ticket_id"], postgresql_where=sa.text(PROVISIONAL)
    )
    _recompute()


def _recompute() -> None:
    op.create_table(
        "recompute",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("overdue", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('calendar', 'policy')", name=op.f("ck_recompute_kind")),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'superseded')", name=op.f("ck_recompute_state")
        ),
        sa.CheckConstraint(
            "(state = 'running') = (finished_at IS NULL)", name=op.f("ck_recompute_finished")
        ),
        sa.CheckConstraint(
            "(kind = 'policy') = (policy_id IS NOT NULL)", name=op.f("ck_recompute_policy")
        ),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["calendar.id"], name=op.f("fk_recompute_calendar_id_calendar")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["policy.id"], name=op.f("fk_recompute_policy_id_policy")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recompute")),
    )
    op.create_index(
        "ix_recompute_running", "recompute", ["id"], postgresql_where=sa.text("state = 'running'")
    )


def downgrade() -> None:
    op.drop_table("recompute")
    op.drop_index("ix_clock_provisional", table_name="clock")
    # A draft is nobody's rule yet; without its column it would pass for a version in use.
    op.execute("DELETE FROM policy WHERE enacted_at IS NULL")
    op.drop_column("policy", "enacted_at")
    op.drop_column("policy", "made_by")
    op.drop_column("calendar", "made_by")
