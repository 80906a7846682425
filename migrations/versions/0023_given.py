"""What was given by choice, by the unit that got it: an index for the page of a department.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_ticket_event_given",
        "ticket_event",
        [sa.text("((payload ->> 'department_id')::integer)"), "at"],
        postgresql_where="payload ->> 'by' = 'choice'",
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_event_given", "ticket_event")
