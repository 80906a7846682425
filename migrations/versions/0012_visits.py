"""Cadre visits: plans and records, what was heard, corrections; filing on behalf and its links.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("ticket", sa.Column("filed_by_id", sa.BigInteger()))
    column = sa.Column("vouch_pending", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("ticket", column)
    op.create_foreign_key(
        op.f("fk_ticket_filed_by_id_user"), "ticket", "user", ["filed_by_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_ticket_vouch"),
        "ticket",
        "NOT vouch_pending OR (status <> 'closed' AND filed_by_id IS NOT NULL)",
    )
    _visits()
    _items_and_corrections()
    _links()


def _visits() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("cadre_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("companions", sa.Text(), nullable=False),
        sa.Column("met", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'done', 'cancelled')", name=op.f("ck_visit_state")
        ),
        sa.CheckConstraint(
            "(state = 'done') = (recorded_at IS NOT NULL)", name=op.f("ck_visit_recorded")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"], ["enterprise.id"], name=op.f("fk_visit_enterprise_id_enterprise")
        ),
        sa.ForeignKeyConstraint(["cadre_id"], ["user.id"], name=op.f("fk_visit_cadre_id_user")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_visit_department_id_department")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("cadre_id", "key", name=op.f("uq_visit_cadre_id_key")),
    )
    for name in ("enterprise", "cadre", "department"):
        op.create_index(f"ix_visit_{name}", "visit", [f"{name}_id", "day"])
    op.create_index("ix_visit_day", "visit", ["day", "id"])
    op.create_index("ix_visit_recorded", "visit", ["enterprise_id", "recorded_at", "id"])


def _items_and_corrections() -> None:
    op.create_table(
        "visit_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("ticket_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('problem', 'none')", name=op.f("ck_visit_item_kind")),
        sa.CheckConstraint(
            "kind = 'problem' OR (ticket_id IS NULL AND category_id IS NULL)",
            name=op.f("ck_visit_item_none"),
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_item_visit_id_visit")
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_visit_item_category_id_category")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_visit_item_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_item")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_visit_item_ticket_id")),
    )
    op.create_index("ix_visit_item_visit_id", "visit_item", ["visit_id"])
    op.create_table(
        "visit_correction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_visit_correction_visit_id_visit")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_visit_correction_author_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_correction")),
        sa.UniqueConstraint("visit_id", "key", name=op.f("uq_visit_correction_visit_id_key")),
    )


def _links() -> None:
    op.create_table(
        "vouch_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("issued_by_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(used_at IS NULL) = (answer IS NULL)", name=op.f("ck_vouch_link_answer")
        ),
        sa.CheckConstraint(
            "used_at IS NULL OR revoked_at IS NULL", name=op.f("ck_vouch_link_revoked")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_vouch_link_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["user.id"], name=op.f("fk_vouch_link_issued_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vouch_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_vouch_link_token_hash")),
    )
    op.create_index(
        "uq_vouch_link_live",
        "vouch_link",
        ["ticket_id"],
        unique=True,
        postgresql_where="used_at IS NULL AND revoked_at IS NULL",
    )


def downgrade() -> None:
    for table in ("vouch_link", "visit_correction", "visit_item", "visit"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_ticket_vouch"), "ticket")
    op.drop_column("ticket", "vouch_pending")
    op.drop_column("ticket", "filed_by_id")
