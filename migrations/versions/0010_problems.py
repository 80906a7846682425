"""Similar tickets and common problems: fingerprints, links, problems with their one answer.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _similar()
    _problems()


def _similar() -> None:
    op.create_table(
        "gram_count",
        sa.Column("gram", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gram", name=op.f("pk_gram_count")),
    )
    op.create_table(
        "gram_sample",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("documents", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grouped_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gram_sample")),
    )
    op.create_table(
        "ticket_fingerprint",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("terms", ARRAY(sa.Integer()), nullable=False),
        sa.Column("weights", ARRAY(sa.SmallInteger()), nullable=False),
        sa.CheckConstraint(
            "cardinality(terms) = cardinality(weights)", name=op.f("ck_ticket_fingerprint_pairs")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_fingerprint_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_fingerprint")),
    )
    op.create_index(
        "ix_ticket_fingerprint_terms",
        "ticket_fingerprint",
        ["terms"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "ticket_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("linked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('linked', 'split')", name=op.f("ck_ticket_link_kind")),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_ticket_link_order")),
        sa.ForeignKeyConstraint(
            ["high_id"], ["ticket.id"], name=op.f("fk_ticket_link_high_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["linked_by_id"], ["user.id"], name=op.f("fk_ticket_link_linked_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["low_id"], ["ticket.id"], name=op.f("fk_ticket_link_low_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_link")),
        sa.UniqueConstraint("low_id", "high_id", name=op.f("uq_ticket_link_low_id_high_id")),
    )
    op.create_index("ix_ticket_link_high_id", "ticket_link", ["high_id"], unique=False)


def _problems() -> None:
    op.create_table(
        "problem",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_problem_closed")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'closed')", name=op.f("ck_problem_state")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["user.id"], name=op.f("fk_problem_changed_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user.id"], name=op.f("fk_problem_created_by_id_user")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_problem_owner_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem")),
    )
    op.create_index("ix_problem_created_at", "problem", ["created_at", "id"], unique=False)
    op.create_index("ix_problem_owner_id", "problem", ["owner_id"], unique=False)
    op.create_table(
        "problem_suggestion",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_ids", ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("firms", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(dismissed_at IS NULL) = (dismissed_by_id IS NULL)",
            name=op.f("ck_problem_suggestion_dismissed"),
        ),
        sa.ForeignKeyConstraint(
            ["dismissed_by_id"],
            ["user.id"],
            name=op.f("fk_problem_suggestion_dismissed_by_id_user"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_suggestion")),
    )
    op.create_index(
        "ix_problem_suggestion_firms",
        "problem_suggestion",
        ["firms", "id"],
        unique=False,
        postgresql_where="dismissed_at IS NULL",
    )
    op.create_table(
        "problem_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("problem_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("resolve_as", sa.Text(), nullable=True),
        sa.Column("answered_by_id", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "resolve_as IN ('solved', 'explained')", name=op.f("ck_problem_answer_resolve_as")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["user.id"], name=op.f("fk_problem_answer_answered_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_answer_problem_id_problem")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_answer")),
    )
    op.create_index("ix_problem_answer_problem_id", "problem_answer", ["problem_id"], unique=False)
    op.create_table(
        "problem_member",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("problem_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("added_by_id", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["user.id"], name=op.f("fk_problem_member_added_by_id_user")
        ),
        sa.ForeignKeyConstraint(
            ["problem_id"], ["problem.id"], name=op.f("fk_problem_member_problem_id_problem")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_problem_member_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_member")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_problem_member_ticket_id")),
    )
    op.create_index(
        "ix_problem_member_problem_id", "problem_member", ["problem_id", "ticket_id"], unique=False
    )
    op.create_table(
        "problem_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("answer_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (done_at IS NULL)", name=op.f("ck_problem_delivery_done")
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (reason IS NOT NULL)", name=op.f("ck_problem_delivery_refused")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'replied', 'resolved', 'refused')",
            name=op.f("ck_problem_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["answer_id"],
            ["problem_answer.id"],
            name=op.f("fk_problem_delivery_answer_id_problem_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_problem_delivery_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_delivery")),
        sa.UniqueConstraint(
            "answer_id", "ticket_id", name=op.f("uq_problem_delivery_answer_id_ticket_id")
        ),
    )
    op.create_index(
        "ix_problem_delivery_ticket_id", "problem_delivery", ["ticket_id"], unique=False
    )


def downgrade() -> None:
    op.drop_table("problem_delivery")
    op.drop_table("problem_answer")
    op.drop_table("problem_member")
    op.drop_table("problem_suggestion")
    op.drop_table("problem")
    op.drop_table("ticket_link")
    op.drop_table("ticket_fingerprint")
    op.drop_table("gram_sample")
    op.drop_table("gram_count")
