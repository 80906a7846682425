"""Petitions with deadlines: who rules by when, extensions, holds, exclusions; flags on tickets.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = ("ruler", "decide_by", "act_at", "days", "clock_id", "due_before", "due_after")
COLUMNS += ("promised_on", "report_on", "owner_id")
FLAGS = ("extension_pending", "hold_pending", "exclusion_asked_by_id", "held_until")
FLAGS += ("returned", "extended")


def upgrade() -> None:
    """What is open when the service is upgraded gets one day from now; nobody is notified."""
    _tickets()
    instant = sa.DateTime(timezone=True)
    op.add_column("petition", sa.Column("ruler", sa.Text()))
    op.add_column("petition", sa.Column("decide_by", instant))
    op.add_column("petition", sa.Column("act_at", instant))
    op.add_column("petition", sa.Column("days", sa.BigInteger()))
    op.add_column("petition", sa.Column("clock_id", sa.BigInteger()))
    op.add_column("petition", sa.Column("due_before", instant))
    op.add_column("petition", sa.Column("due_after", instant))
    op.add_column("petition", sa.Column("promised_on", sa.Date()))
    op.add_column("petition", sa.Column("report_on", sa.Date()))
    op.add_column("petition", sa.Column("owner_id", sa.BigInteger()))
    op.execute(
        "UPDATE petition SET"
        " ruler = CASE WHEN kind = 'return' THEN 'dispatcher' ELSE 'supervisor' END,"
        " decide_by = coalesce(decided_at, now() + interval '1 day'),"
        " act_at = CASE WHEN state = 'asked' THEN now() + interval '1 day' END"
    )
    op.alter_column("petition", "ruler", nullable=False)
    op.alter_column("petition", "decide_by", nullable=False)
    op.create_foreign_key(
        op.f("fk_petition_clock_id_clock"), "petition", "clock", ["clock_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_petition_owner_id_user"), "petition", "user", ["owner_id"], ["id"]
    )
    _constraints()


def _tickets() -> None:
    for name in ("extension_pending", "hold_pending"):
        column = sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        op.add_column("ticket", column)
    for name in ("returned", "extended"):
        column = sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
        op.add_column("ticket", column)
    op.add_column("ticket", sa.Column("exclusion_asked_by_id", sa.BigInteger()))
    op.add_column("ticket", sa.Column("held_until", sa.Date()))
    op.create_foreign_key(
        op.f("fk_ticket_exclusion_asked_by_id_user"),
        *("ticket", "user", ["exclusion_asked_by_id"], ["id"]),
    )
    op.execute(
        "UPDATE ticket SET returned = found.number FROM (SELECT ticket_id, count(*) AS number"
        " FROM petition WHERE kind = 'return' AND state = 'granted' GROUP BY ticket_id) AS found"
        " WHERE found.ticket_id = ticket.id"
    )
    op.create_check_constraint(
        op.f("ck_ticket_held"), "ticket", "(status = 'on_hold') = (held_until IS NOT NULL)"
    )


def _constraints() -> None:
    op.create_check_constraint(
        op.f("ck_petition_ruler"), "petition", "ruler IN ('dispatcher', 'supervisor', 'leader')"
    )
    op.create_check_constraint(
        op.f("ck_petition_act"), "petition", "state <> 'asked' OR act_at IS NOT NULL"
    )
    op.create_check_constraint(
        op.f("ck_petition_extension"),
        "petition",
        "state <> 'asked' OR kind <> 'extension' OR (days >= 1 AND clock_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_petition_hold"),
        "petition",
        "state <> 'asked' OR kind <> 'hold' OR (promised_on IS NOT NULL AND report_on IS NOT NULL"
        " AND owner_id IS NOT NULL)",
    )
    op.create_index(
        "uq_petition_exclusion",
        "petition",
        ["ticket_id"],
        unique=True,
        postgresql_where="kind = 'exclusion' AND state = 'granted'",
    )
    op.create_index(
        "ix_petition_inbox",
        "petition",
        ["decide_by", "id"],
        postgresql_where="state = 'asked'",
    )
    op.create_index(
        "ix_petition_act", "petition", ["act_at", "id"], postgresql_where="act_at IS NOT NULL"
    )


def downgrade() -> None:
    """What the older version cannot rule on expires, what it cannot resume is in progress again."""
    op.execute(
        "UPDATE petition SET state = 'expired', decided_at = now()"
        " WHERE state = 'asked' AND kind <> 'return'"
    )
    for name in ("ix_petition_act", "ix_petition_inbox", "uq_petition_exclusion"):
        op.drop_index(name, table_name="petition")
    for name in ("hold", "extension", "act", "ruler"):
        op.drop_constraint(op.f(f"ck_petition_{name}"), "petition")
    for name in ("owner_id_user", "clock_id_clock"):
        op.drop_constraint(op.f(f"fk_petition_{name}"), "petition")
    for name in reversed(COLUMNS):
        op.drop_column("petition", name)
    op.drop_constraint(op.f("ck_ticket_held"), "ticket")
    op.drop_constraint(op.f("fk_ticket_exclusion_asked_by_id_user"), "ticket")
    op.execute("UPDATE ticket SET status = 'in_progress' WHERE status = 'on_hold'")
    for name in FLAGS:
        op.drop_column("ticket", name)
