"""The registry: trees of units and categories, titles, contacts, skills, capacity, chain chiefs.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CLASSES = "'specialised', 'champion', 'gazelle', 'above_scale', 'unicorn', 'high_tech'"


def upgrade() -> None:
    for table in ("department", "category"):
        op.add_column(table, sa.Column("parent_id", sa.BigInteger()))
        op.create_index(f"ix_{table}_parent_id", table, ["parent_id"])
        op.create_foreign_key(f"fk_{table}_parent_id_{table}", table, table, ["parent_id"], ["id"])
        op.create_check_constraint(op.f(f"ck_{table}_parent"), table, "parent_id <> id")
    op.add_column("chain", sa.Column("chief_id", sa.BigInteger()))
    op.create_foreign_key("fk_chain_chief_id_user", "chain", "user", ["chief_id"], ["id"])
    op.add_column("enterprise", sa.Column("short_name", sa.Text()))
    op.add_column("enterprise", sa.Column("industry", sa.Text()))
    op.add_column("user", sa.Column("capacity", sa.BigInteger()))
    op.create_check_constraint(op.f("ck_user_capacity"), "user", "capacity > 0")
    _titles_and_contacts()
    op.create_table(
        "skill",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cadre_id", sa.BigInteger(), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["cadre_id"], ["user.id"], name=op.f("fk_skill_cadre_id_user")),
        sa.ForeignKeyConstraint(
            ["category_id"], ["category.id"], name=op.f("fk_skill_category_id_category")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skill")),
        sa.UniqueConstraint("cadre_id", "category_id", name=op.f("uq_skill_cadre_id_category_id")),
    )
    op.create_index("ix_skill_category_id", "skill", ["category_id"])


def _titles_and_contacts() -> None:
    op.create_table(
        "enterprise_class",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(f"name IN ({CLASSES})", name=op.f("ck_enterprise_class_name")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_enterprise_class_dates")
        ),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_enterprise_class_enterprise_id_enterprise"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_class")),
        sa.UniqueConstraint(
            "enterprise_id",
            "name",
            "valid_from",
            name=op.f("uq_enterprise_class_enterprise_id_name_valid_from"),
        ),
    )
    op.create_table(
        "enterprise_contact",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("enterprise_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enterprise_id"],
            ["enterprise.id"],
            name=op.f("fk_enterprise_contact_enterprise_id_enterprise"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprise_contact")),
        sa.UniqueConstraint(
            "enterprise_id", "phone", name=op.f("uq_enterprise_contact_enterprise_id_phone")
        ),
    )


def downgrade() -> None:
    for table in ("skill", "enterprise_contact", "enterprise_class"):
        op.drop_table(table)
    op.drop_column("user", "capacity")
    op.drop_column("enterprise", "industry")
    op.drop_column("enterprise", "short_name")
    op.drop_column("chain", "chief_id")
    op.drop_column("category", "parent_id")
    op.drop_column("department", "parent_id")
