"""Versions of the dispatch rules; a ticket names the rule that routed it.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CONDITIONS = ["category_id", "region_id", "chain_id", "urgency"]
ACTIVE = dict(unique=True, postgresql_nulls_not_distinct=True)
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The rules in force become version 1; those out of force stay, in no version."""
    _rulebook()
    op.execute(
        "INSERT INTO rulebook (version, state, note, revision, made_at, enacted_at)"
        " SELECT 1, 'in_force', '', 0, now(), now()"
        " WHERE EXISTS (SELECT 1 FROM dispatch_rule WHERE active)"
    )
    op.add_column("dispatch_rule", sa.Column("rulebook_id", sa.BigInteger()))
    op.add_column("dispatch_rule", sa.Column("number", sa.BigInteger()))
    op.execute(
        "UPDATE dispatch_rule SET number = id,"
        " rulebook_id = CASE WHEN active THEN (SELECT id FROM rulebook) END"
    )
    op.alter_column("dispatch_rule", "number", nullable=False)
    op.create_foreign_key(
        "fk_dispatch_rule_rulebook_id_rulebook", "dispatch_rule", "rulebook", ["rulebook_id"], ["id"]
    )
    op.create_index("ix_dispatch_rule_number", "dispatch_rule", ["number"])
    op.create_index(
        "uq_dispatch_rule_conditions",
        "dispatch_rule",
        ["rulebook_id", *CONDITIONS],
        postgresql_where="rulebook_id IS NOT NULL",
        **ACTIVE,
    )
    op.drop_column("dispatch_rule", "active")  # and with it the index of the active ones
    op.add_column("ticket", sa.Column("rule_id", sa.BigInteger()))
    op.create_foreign_key(
        "fk_ticket_rule_id_dispatch_rule", "ticket", "dispatch_rule", ["rule_id"], ["id"]
    )
    op.create_index(
        "ix_ticket_rule", "ticket", ["rule_id", "id"], postgresql_where="rule_id IS NOT NULL"
    )


def _rulebook() -> None:
    big, user = sa.BigInteger, "user.id"
    op.create_table(
        "rulebook",
        sa.Column("id", big(), sa.Identity(always=False), nullable=False),
        sa.Column("version", big(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("base_id", big(), nullable=True),
        sa.Column("revision", big(), nullable=False),
        sa.Column("ticket_id", big(), nullable=True),
        sa.Column("made_by_id", big(), nullable=True),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("enacted_by_id", big(), nullable=True),
        sa.Column("enacted_at", INSTANT, nullable=True),
        sa.Column("superseded_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'in_force', 'superseded')", name=op.f("ck_rulebook_state")
        ),
        sa.CheckConstraint(
            "(state = 'draft') = (enacted_at IS NULL)", name=op.f("ck_rulebook_enacted")
        ),
        sa.CheckConstraint(
            "(state = 'superseded') = (superseded_at IS NOT NULL)",
            name=op.f("ck_rulebook_superseded"),
        ),
        _refers("rulebook", "base_id", "rulebook.id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_rulebook_ticket_id_ticket"),
        _refers("rulebook", "made_by_id", user),
        _refers("rulebook", "enacted_by_id", user),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook")),
        sa.UniqueConstraint("version", name=op.f("uq_rulebook_version")),
    )
    op.create_index(
        "uq_rulebook_in_force",
        "rulebook",
        ["state"],
        unique=True,
        postgresql_where="state = 'in_force'",
    )
    op.create_table(
        "rulebook_edit",
        sa.Column("id", big(), sa.Identity(always=False), nullable=False),
        sa.Column("rulebook_id", big(), nullable=False),
        sa.Column("revision", big(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("by_id", big(), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        _refers("rulebook_edit", "rulebook_id", "rulebook.id"),
        _refers("rulebook_edit", "by_id", user),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rulebook_edit")),
        sa.UniqueConstraint(
            "rulebook_id", "revision", name=op.f("uq_rulebook_edit_rulebook_id_revision")
        ),
    )


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{target.partition('.')[0]}")
    return sa.ForeignKeyConstraint([column], [target], name=name)


def downgrade() -> None:
    """The version in force is what is active; every other rule stays, out of force."""
    op.add_column("dispatch_rule", sa.Column("active", sa.Boolean()))
    op.execute(
        "UPDATE dispatch_rule SET active ="
        " coalesce(rulebook_id = (SELECT id FROM rulebook WHERE state = 'in_force'), false)"
    )
    op.alter_column("dispatch_rule", "active", nullable=False)
    op.drop_index("ix_ticket_rule", table_name="ticket")
    op.drop_column("ticket", "rule_id")
    op.drop_index("uq_dispatch_rule_conditions", table_name="dispatch_rule")
    op.drop_column("dispatch_rule", "number")
    op.drop_column("dispatch_rule", "rulebook_id")
    op.create_index(
        "uq_dispatch_rule_active", "dispatch_rule", CONDITIONS, postgresql_where="active", **ACTIVE
    )
    op.drop_table("rulebook_edit")
    op.drop_table("rulebook")
