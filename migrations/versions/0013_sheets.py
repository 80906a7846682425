"""Import and export of the registry.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATES = "'uploaded', 'planned', 'applying', 'done', 'unreadable', 'cancelled', 'failed'"
APPEND_ONLY = """
CREATE TRIGGER export_log_append_only BEFORE UPDATE OR DELETE ON export_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    instant, number = sa.DateTime(timezone=True), sa.BigInteger()
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "sheet_import",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("stored_name", sa.Text()),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", number, nullable=False),
        sa.Column("by_id", number),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("created_at", instant, server_default=sa.func.now(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text()),
        sa.Column("attempts", number, nullable=False),
        sa.Column("columns", json, nullable=False),
        sa.Column("problem", json),
        *(
            sa.Column(name, number, nullable=False)
            for name in ("new", "changed", "unchanged", "wrong", "written", "refused", "after_seq")
        ),
        *(sa.Column(name, instant) for name in ("planned_at", "confirmed_at", "finished_at")),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_sheet_import_state")),
        sa.CheckConstraint("mode IN ('good', 'all')", name=op.f("ck_sheet_import_mode")),
        sa.CheckConstraint(
            "state <> 'applying' OR mode IS NOT NULL", name=op.f("ck_sheet_import_confirmed")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_sheet_import_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_import")),
    )
    op.create_index(
        "ix_sheet_import_waiting",
        "sheet_import",
        ["id"],
        postgresql_where=sa.text("state IN ('uploaded', 'applying')"),
    )
    op.create_index("ix_sheet_import_created", "sheet_import", ["created_at", "id"])
    op.create_table(
        "sheet_line",
        sa.Column("import_id", number, nullable=False),
        sa.Column("seq", number, nullable=False),
        sa.Column("number", number, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("cells", json, nullable=False),
        sa.Column("changes", json, nullable=False),
        sa.Column("problems", json, nullable=False),
        sa.CheckConstraint(
            "action IN ('new', 'changed', 'unchanged', 'wrong')", name=op.f("ck_sheet_line_action")
        ),
        sa.CheckConstraint(
            "outcome IN ('written', 'refused')", name=op.f("ck_sheet_line_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["sheet_import.id"], name=op.f("fk_sheet_line_import_id_sheet_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "seq", name=op.f("pk_sheet_line")),
    )
    op.create_index("ix_sheet_line_action", "sheet_line", ["import_id", "action", "seq"])
    op.create_table(
        "export_log",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("rows", number, nullable=False),
        sa.Column("by_id", number),
        sa.Column("by_name", sa.Text(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_export_log_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_log")),
    )
    op.create_index("ix_export_log_at", "export_log", ["at", "id"])
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    for table in ("export_log", "sheet_line", "sheet_import"):
        op.drop_table(table)
