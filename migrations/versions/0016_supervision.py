"""Thresholds, alerts and bulletins; orders in the order of their pages.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE TRIGGER threshold_change_append_only BEFORE UPDATE OR DELETE ON threshold_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
OPEN_ORDER = "answered_at IS NULL AND cancelled_at IS NULL"


def upgrade() -> None:
    _thresholds()
    _alerts()
    _bulletins()
    op.create_index("ix_supervision_order_issued", "supervision_order", ["issued_at", "id"])
    op.create_index(
        "ix_supervision_order_due",
        "supervision_order",
        ["due_at", "id"],
        postgresql_where=sa.text(OPEN_ORDER),
    )
    op.create_index("ix_supervision_order_answered", "supervision_order", ["answered_at", "id"])


def _thresholds() -> None:
    instant, number, words = sa.DateTime(timezone=True), sa.BigInteger(), sa.Text()
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "threshold",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        *(
            sa.Column(name, words, nullable=False)
            for name in ("figure", "dimension", "member", "span", "worse")
        ),
        sa.Column("yellow", sa.Float(), nullable=False),
        sa.Column("red", sa.Float(), nullable=False),
        sa.Column("minimum", number, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("due_at", instant),
        sa.Column("version", number, nullable=False),
        sa.CheckConstraint(
            "span IN ('rolling', 'month', 'year')", name=op.f("ck_threshold_span")
        ),
        sa.CheckConstraint("worse IN ('lower', 'higher')", name=op.f("ck_threshold_worse")),
        sa.CheckConstraint(
            "CASE worse WHEN 'lower' THEN red <= yellow ELSE red >= yellow END",
            name=op.f("ck_threshold_bounds"),
        ),
        sa.CheckConstraint("minimum >= 1", name=op.f("ck_threshold_minimum")),
        sa.CheckConstraint(
            "active = (due_at IS NOT NULL)", name=op.f("ck_threshold_active")
        ),
        sa.CheckConstraint(
            "dimension <> 'all' OR member = ''", name=op.f("ck_threshold_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold")),
    )
    op.create_index(
        "uq_threshold_active",
        "threshold",
        ["figure", "dimension", "member", "span"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        "ix_threshold_due",
        "threshold",
        ["due_at", "id"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "threshold_change",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        sa.Column("threshold_id", number, nullable=False),
        sa.Column("actor_id", number),
        sa.Column("at", instant, nullable=False),
        sa.Column("old", json, nullable=False),
        sa.Column("new", json, nullable=False),
        sa.ForeignKeyConstraint(
            ["threshold_id"], ["threshold.id"], name=op.f("fk_threshold_change_threshold_id_threshold")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user.id"], name=op.f("fk_threshold_change_actor_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_threshold_change")),
    )
    op.create_index("ix_threshold_change_of", "threshold_change", ["threshold_id", "id"])
    op.execute(APPEND_ONLY)


def _alerts() -> None:
    instant, number, words = sa.DateTime(timezone=True), sa.BigInteger(), sa.Text()
    op.create_table(
        "alert",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        sa.Column("threshold_id", number, nullable=False),
        sa.Column("member", words, nullable=False),
        sa.Column("member_name", words, nullable=False),
        sa.Column("level", words, nullable=False),
        sa.Column("generation", number, nullable=False),
        sa.Column("bound", sa.Float(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("n", sa.Float(), nullable=False),
        sa.Column("d", number, nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("opened_at", instant, nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.Column("closed_at", instant),
        sa.Column("closed_why", words),
        sa.CheckConstraint("level IN ('yellow', 'red')", name=op.f("ck_alert_level")),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_why IS NULL)", name=op.f("ck_alert_closed")
        ),
        sa.ForeignKeyConstraint(
            ["threshold_id"], ["threshold.id"], name=op.f("fk_alert_threshold_id_threshold")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            *("threshold_id", "member", "level", "generation"),
            name=op.f("uq_alert_threshold_id_member_level_generation"),
        ),
    )
    op.create_index(
        "uq_alert_open",
        "alert",
        ["threshold_id", "member"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "ix_alert_closed",
        "alert",
        ["closed_at", "id"],
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )


def _bulletins() -> None:
    instant, number, words = sa.DateTime(timezone=True), sa.BigInteger(), sa.Text()
    op.create_table(
        "bulletin",
        sa.Column("id", number, sa.Identity(always=False), nullable=False),
        sa.Column("kind", words, nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("state", words, server_default="waiting", nullable=False),
        sa.Column("attempts", number, server_default="0", nullable=False),
        sa.Column("stored_name", words, nullable=False),
        sa.Column(
            "content", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("pdf_size", number),
        sa.Column("xlsx_size", number),
        sa.Column("problem", words),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("made_at", instant),
        sa.CheckConstraint("kind IN ('week', 'month')", name=op.f("ck_bulletin_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'made', 'failed')", name=op.f("ck_bulletin_state")
        ),
        sa.CheckConstraint(
            "(state = 'made') = (made_at IS NOT NULL)", name=op.f("ck_bulletin_made")
        ),
        sa.CheckConstraint("last > first", name=op.f("ck_bulletin_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulletin")),
        sa.UniqueConstraint("kind", "first", name=op.f("uq_bulletin_kind_first")),
        sa.UniqueConstraint("stored_name", name=op.f("uq_bulletin_stored_name")),
    )
    op.create_index(
        "ix_bulletin_waiting",
        "bulletin",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_bulletin_first", "bulletin", ["first", "id"])


def downgrade() -> None:
    for name in ("answered", "due", "issued"):
        op.drop_index(f"ix_supervision_order_{name}", table_name="supervision_order")
    for table in ("bulletin", "alert", "threshold_change", "threshold"):
        op.drop_table(table)
