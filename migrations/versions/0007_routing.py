"""Choice of the cadre: waiting for a place; leave that hands over what is open.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("ticket", sa.Column("waiting_department_id", ID()))
    op.add_column("ticket", sa.Column("waiting_since", INSTANT))
    op.create_foreign_key(
        op.f("fk_ticket_waiting_department_id_department"),
        *("ticket", "department", ["waiting_department_id"], ["id"]),
    )
    op.create_check_constraint(
        op.f("ck_ticket_waiting"),
        "ticket",
        "(waiting_department_id IS NULL) = (waiting_since IS NULL)"
        " AND (waiting_since IS NULL OR status = 'submitted')",
    )
    op.create_index(
        "ix_ticket_waiting",
        "ticket",
        ["waiting_department_id", "next_due_at", "id"],
        postgresql_where="waiting_department_id IS NOT NULL",
    )
    _leave()
    _handover()


def _leave() -> None:
    """Leave that runs or is over when this comes offers nothing any more."""
    op.add_column("leave", sa.Column("give_back", sa.Boolean(), server_default=sa.false()))
    op.alter_column("leave", "give_back", nullable=False)
    op.add_column("leave", sa.Column("offered_at", INSTANT))
    op.add_column("leave", sa.Column("noted_by", sa.Text()))
    op.add_column("leave", sa.Column("noted_at", INSTANT))
    op.execute(
        "UPDATE leave SET offered_at = now()"
        " WHERE starts_on <= (now() AT TIME ZONE 'Asia/Shanghai')::date"
    )
    op.create_index(
        "ix_leave_due", "leave", ["starts_on", "id"], postgresql_where="offered_at IS NULL"
    )


def _handover() -> None:
    op.create_table(
        "handover",
        sa.Column("id", ID(), sa.Identity(always=False), nullable=False),
        sa.Column("leave_id", ID(), nullable=True),
        sa.Column("cadre_id", ID(), nullable=False),
        sa.Column("deputy_id", ID(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("give_back", sa.Boolean(), nullable=False),
        sa.Column("offered_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "deputy_id IS NULL OR deputy_id <> cadre_id", name=op.f("ck_handover_deputy")
        ),
        sa.ForeignKeyConstraint(
            ["leave_id"], ["leave.id"], name=op.f("fk_handover_leave_id_leave"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["cadre_id"], ["user.id"], name=op.f("fk_handover_cadre_id_user")),
        sa.ForeignKeyConstraint(["deputy_id"], ["user.id"], name=op.f("fk_handover_deputy_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("leave_id", name=op.f("uq_handover_leave_id")),
    )
    op.create_index("ix_handover_cadre_id", "handover", ["cadre_id"])
    op.create_index("ix_handover_deputy_id", "handover", ["deputy_id"])
    op.create_index("ix_handover_open", "handover", ["id"], postgresql_where="ended_at IS NULL")
    op.create_table(
        "handover_item",
        sa.Column("id", ID(), sa.Identity(always=False), nullable=False),
        sa.Column("handover_id", ID(), nullable=False),
        sa.Column("ticket_id", ID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("taken_by_id", ID(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "state IN ('offered', 'taken', 'left', 'returned', 'kept')",
            name=op.f("ck_handover_item_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('taken', 'returned', 'kept') OR taken_by_id IS NOT NULL",
            name=op.f("ck_handover_item_taken"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_handover_item_{column}_{table}")
            )
            for column, table in (
                *(("handover_id", "handover"), ("ticket_id", "ticket")),
                ("taken_by_id", "user"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_item")),
        sa.UniqueConstraint(
            "handover_id", "ticket_id", name=op.f("uq_handover_item_handover_id_ticket_id")
        ),
    )
    op.create_index("ix_handover_item_ticket_id", "handover_item", ["ticket_id"])


def downgrade() -> None:
    """The older version does not know the message: what waits is routed again by the old one."""
    op.drop_table("handover_item")
    op.drop_table("handover")
    op.drop_index("ix_leave_due", table_name="leave")
    for column in ("give_back", "offered_at", "noted_by", "noted_at"):
        op.drop_column("leave", column)
    op.execute("UPDATE message SET state = 'done' WHERE kind = 'vacancy' AND state = 'pending'")
    op.execute(
        "INSERT INTO message (kind, payload, state, attempts)"
        " SELECT 'route', jsonb_build_object('ticket_id', id), 'pending', 0 FROM ticket"
        " WHERE waiting_department_id IS NOT NULL"
    )
    op.drop_index("ix_ticket_waiting", table_name="ticket")
    op.drop_constraint(op.f("ck_ticket_waiting"), "ticket")
    op.drop_column("ticket", "waiting_since")
    op.drop_column("ticket", "waiting_department_id")
