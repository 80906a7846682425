"""All tickets of a unit, the newest first: what its reviewer searches, most of them closed.

Revision ID: 0024
Revises: 0027
"""

from alembic import op

revision = "0024"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_ticket_unit", "ticket", ["department_id", "submitted_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_ticket_unit", "ticket")
