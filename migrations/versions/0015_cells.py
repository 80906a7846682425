"""Figures: what a ticket is cut by.

Rows of before get their firm's titles of the day they were submitted.

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


def upgrade() -> None:
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
    op.drop_column("ticket", "repeated")
    op.drop_column("ticket", "firm_classes")
