"""Search: the index of tickets' texts and its runs, saved views, acts on many tickets.

Rows of tickets that are there already are written by the job (portal.search.fill), which finds the
run that is put down here.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


# Whoever renames a firm that has tickets, by whatever way, leaves a message: its rows in the index
# follow it.
FIRM_NAMES = """
CREATE FUNCTION note_firm_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ticket WHERE enterprise_id = NEW.id) THEN
        INSERT INTO message (kind, payload, state, attempts)
        VALUES ('firm_text', jsonb_build_object('enterprise_id', NEW.id), 'pending', 0);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER enterprise_names AFTER UPDATE OF name, short_name, uscc ON enterprise
    FOR EACH ROW
    WHEN ((OLD.name, OLD.short_name, OLD.uscc) IS DISTINCT FROM (NEW.name, NEW.short_name, NEW.uscc))
    EXECUTE FUNCTION note_firm_name();
"""


def upgrade() -> None:
    _index()
    op.execute(FIRM_NAMES)
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_saved_view_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    _bulk()


def _index() -> None:
    op.create_table(
        "ticket_text",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("replies", sa.Text(), nullable=False),
        sa.Column("inner", sa.Text(), nullable=False),
        sa.Column("grams", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_text_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_text")),
    )
    op.create_index(
        "ix_ticket_text_grams",
        "ticket_text",
        ["grams"],
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": 512},
    )
    op.create_table(
        "search_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done')", name=op.f("ck_search_run_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_run")),
    )
    op.create_index(
        "uq_search_run_unfinished",
        "search_run",
        ["state"],
        unique=True,
        postgresql_where="state = 'running'",
    )
    op.execute(
        "INSERT INTO search_run (state, after_id, seen, total, started_at)"
        " SELECT 'running', 0, 0, count(*), now() FROM ticket HAVING count(*) > 0"
    )


def _bulk() -> None:
    op.create_table(
        "bulk",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_bulk_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk")),
        sa.UniqueConstraint("key", name=op.f("uq_bulk_key")),
    )
    op.create_index(op.f("ix_bulk_user_id"), "bulk", ["user_id"])
    op.create_table(
        "bulk_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("bulk_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "result IN ('waiting', 'done', 'refused')", name=op.f("ck_bulk_item_result")
        ),
        sa.CheckConstraint(
            "(result = 'refused') = (reason IS NOT NULL)", name=op.f("ck_bulk_item_reason")
        ),
        sa.ForeignKeyConstraint(["bulk_id"], ["bulk.id"], name=op.f("fk_bulk_item_bulk_id_bulk")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_bulk_item_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_item")),
        sa.UniqueConstraint("bulk_id", "ticket_id", name=op.f("uq_bulk_item_bulk_id_ticket_id")),
    )
    op.create_index(op.f("ix_bulk_item_ticket_id"), "bulk_item", ["ticket_id"])


def downgrade() -> None:
    op.execute("DROP TRIGGER enterprise_names ON enterprise; DROP FUNCTION note_firm_name()")
    for table in ("bulk_item", "bulk", "saved_view", "search_run", "ticket_text"):
        op.drop_table(table)
