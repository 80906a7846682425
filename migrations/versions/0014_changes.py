"""Who changed what of the directory; the newest firms first.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

NOUNS = "'enterprise', 'department', 'region', 'chain', 'category', 'user'"
APPEND_ONLY = """
CREATE TRIGGER directory_change_append_only BEFORE UPDATE OR DELETE ON directory_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "directory_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old", json, nullable=False),
        sa.Column("new", json, nullable=False),
        sa.CheckConstraint(f"noun IN ({NOUNS})", name=op.f("ck_directory_change_noun")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user.id"], name=op.f("fk_directory_change_actor_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_change")),
    )
    op.create_index("ix_directory_change_row", "directory_change", ["noun", "row_id", "id"])
    op.execute(APPEND_ONLY)
    op.create_index("ix_enterprise_newest", "enterprise", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_enterprise_newest", table_name="enterprise")
    op.drop_table("directory_change")
