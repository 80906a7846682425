"""Figures: what a ticket is cut by, and the daily and monthly cells that pages read.

Rows of before get their firm's titles of the day they were submitted; the cells are built by the
job (portal.kpi.job), which finds that there are none. Whoever writes an event, by whatever way,
leaves the ticket's id for the rollup in the same transaction.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


TOUCH = """
CREATE FUNCTION note_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kpi_touched (ticket_id) VALUES (NEW.ticket_id);
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_event_touches AFTER INSERT ON ticket_event
    FOR EACH ROW EXECUTE FUNCTION note_touched();
"""
# As they were in this version; a new figure adds its own in a migration of its own.
COLUMNS = (
    "accept_rate_n",
    "accept_rate_d",
    "accept_rate_x_merged",
    "contact_rate_n",
    "contact_rate_d",
    "contact_rate_x_cancelled",
    "on_time_rate_n",
    "on_time_rate_d",
    "on_time_rate_x_cancelled",
    "on_time_extended_n",
    "on_time_extended_d",
    "on_time_extended_x_cancelled",
    "close_rate_n",
    "close_rate_d",
    "resolution_gross_n",
    "resolution_gross_d",
    "resolution_net_n",
    "resolution_net_d",
    "resolution_net_x_withdrawn",
    "resolution_net_x_merged",
    "resolution_net_x_transferred",
    "resolution_net_x_exclusion",
    "resolution_reported_n",
    "resolution_reported_d",
    "overclaim_n",
    "overclaim_d",
    "satisfaction_n",
    "satisfaction_d",
    "satisfaction_w",
    "satisfaction_x_unrated",
    "rating_coverage_n",
    "rating_coverage_d",
    "once_done_n",
    "once_done_d",
    "rework_rate_n",
    "rework_rate_d",
    "dispute_rate_n",
    "dispute_rate_d",
    "unconfirmed_rate_n",
    "unconfirmed_rate_d",
    "call_back_share_n",
    "call_back_share_d",
    "explained_share_n",
    "explained_share_d",
    "urge_rate_n",
    "urge_rate_d",
    "withdraw_rate_n",
    "withdraw_rate_d",
    "withdraw_asked_n",
    "withdraw_asked_d",
    "accept_on_time_n",
    "accept_on_time_d",
    "accept_on_time_x_cancelled",
    "sign_rate_n",
    "sign_rate_d",
    "sign_rate_x_cancelled",
    "verify_rate_n",
    "verify_rate_d",
    "verify_rate_x_cancelled",
    "reply_rate_n",
    "reply_rate_d",
    "reply_rate_x_cancelled",
    "overdue_n",
    "overdue_d",
    "closed_late_n",
    "closed_late_d",
    "return_rate_n",
    "return_rate_d",
    "extension_rate_n",
    "extension_rate_d",
    "hold_rate_n",
    "hold_rate_d",
    "exclusion_rate_n",
    "exclusion_rate_d",
    "supervised_rate_n",
    "supervised_rate_d",
    "elevated_rate_n",
    "elevated_rate_d",
    "submissions_n",
    "submissions_d",
    "load_n",
    "load_d",
    "backlog_n",
    "backlog_d",
    "repeat_rate_n",
    "repeat_rate_d",
    "problem_share_n",
    "problem_share_d",
    "time_to_contact_d",
    "time_to_contact_x_no_contact",
    "time_to_resolve_d",
)


# The lists behind the figures are read in the order of these: name, table, columns.
ORDERED = (
    ("ix_ticket_accepted", "ticket", ["accepted_at"]),
    ("ix_ticket_closed", "ticket", ["closed_at"]),
    ("ix_clock_kind_original_due", "clock", ["kind", "original_due_at"]),
    ("ix_clock_kind_due", "clock", ["kind", "due_at"]),
)


def upgrade() -> None:
    _tables()
    for name, table, columns in ORDERED:
        op.drop_index(name, table)
        op.create_index(name, table, [*columns, "id"])
    op.create_index("ix_ticket_assigned", "ticket", ["assigned_at", "id"])
    op.execute(TOUCH)
    _ticket()


def _keys() -> list[sa.Column]:
    return [
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
    ]


def _tables() -> None:
    op.create_table(
        "clock_move",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("clock_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("original_due_before", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name="fk_clock_move_clock_id_clock"),
        sa.PrimaryKeyConstraint("id", name="pk_clock_move"),
    )
    op.create_index("ix_clock_move_clock_id", "clock_move", ["clock_id"])
    op.create_table(
        "kpi_touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kpi_touched"),
    )
    op.create_table(
        "kpi_fact",
        sa.Column("ticket_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("added", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_kpi_fact_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_kpi_fact"),
    )
    op.create_table(
        "kpi_state",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ready", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sweep_after", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_kpi_state_one"),
        sa.PrimaryKeyConstraint("id", name="pk_kpi_state"),
    )
    key = ("dimension", "grain", "start", "value")
    op.create_table(
        "kpi_cell",
        *_keys(),
        *(sa.Column(name, sa.Integer(), server_default="0", nullable=False) for name in COLUMNS),
        sa.CheckConstraint("grain IN ('day', 'month')", name="ck_kpi_cell_grain"),
        sa.PrimaryKeyConstraint(*key, name="pk_kpi_cell"),
    )
    op.create_table(
        "kpi_hour",
        *_keys(),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("slot BETWEEN 0 AND 167", name="ck_kpi_hour_slot"),
        sa.PrimaryKeyConstraint(*key, "slot", name="pk_kpi_hour"),
    )
    op.create_table(
        "kpi_time",
        *_keys(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tenths", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*key, "name", "tenths", name="pk_kpi_time"),
    )


def _ticket() -> None:
    op.add_column(
        "ticket",
        sa.Column(
            "firm_classes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
    )
    op.add_column(
        "ticket", sa.Column("repeated", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.execute(
        """
        UPDATE ticket SET firm_classes = held.names FROM (
            SELECT t.id, array_agg(DISTINCT c.name ORDER BY c.name) AS names
            FROM ticket t JOIN enterprise_class c ON c.enterprise_id = t.enterprise_id
            AND (t.submitted_at AT TIME ZONE 'Asia/Shanghai')::date
                BETWEEN c.valid_from AND coalesce(c.valid_to, 'infinity'::date)
            GROUP BY t.id
        ) held WHERE held.id = ticket.id
        """
    )
    op.execute(
        """
        UPDATE ticket t SET repeated = true WHERE EXISTS (
            SELECT 1 FROM ticket o WHERE o.enterprise_id = t.enterprise_id AND o.id <> t.id
            AND o.channel <> 'import' AND o.submitted_at <= t.submitted_at
            AND o.submitted_at > t.submitted_at - interval '90 days'
        )
        """
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_assigned", "ticket")
    for name, table, columns in ORDERED:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
    op.execute("DROP TRIGGER ticket_event_touches ON ticket_event")
    op.execute("DROP FUNCTION note_touched()")
    for table in ("kpi_time", "kpi_hour", "kpi_cell", "kpi_state", "kpi_fact", "kpi_touched"):
        op.drop_table(table)
    op.drop_table("clock_move")
    op.drop_column("ticket", "repeated")
    op.drop_column("ticket", "firm_classes")
