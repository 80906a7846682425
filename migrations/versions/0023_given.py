"""Indexes for what was given by choice to a unit, and for the hours of the week.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

WALL = "timezone('Asia/Shanghai', submitted_at)"
SLOT = f"((extract(isodow FROM {WALL}) * 24 + extract(hour FROM {WALL}))::integer)"


def upgrade() -> None:
    op.create_index("ix_ticket_slot", "ticket", [sa.text(SLOT), "submitted_at", "id"])
    op.create_index(
        "ix_ticket_event_given",
        "ticket_event",
        [sa.text("((payload ->> 'department_id')::integer)"), "at"],
        postgresql_where="payload ->> 'by' = 'choice'",
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_event_given", "ticket_event")
    op.drop_index("ix_ticket_slot", "ticket")
