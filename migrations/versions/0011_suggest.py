"""Category suggestion.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "suggest_model",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("classes", sa.BigInteger(), nullable=True),
        sa.Column("figures", JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'trained', 'failed')", name=op.f("ck_suggest_model_state")
        ),
        sa.CheckConstraint(
            "(state = 'asked') = (ended_at IS NULL)", name=op.f("ck_suggest_model_ended")
        ),
        sa.CheckConstraint("body IS NULL OR state = 'trained'", name=op.f("ck_suggest_model_body")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggest_model")),
    )
    op.create_index(
        "uq_suggest_model_asked",
        "suggest_model",
        ["state"],
        unique=True,
        postgresql_where="state = 'asked'",
    )
    op.create_index(
        "ix_suggest_model_used", "suggest_model", ["id"], postgresql_where="body IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("suggest_model")
