"""Sealed tickets: the flag, and the unit complained about.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The flag has a constant default, so no row is rewritten; checks are made after the lock."""
    op.add_column(
        "ticket", sa.Column("sealed", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("ticket", sa.Column("sealed_about_id", sa.BigInteger(), nullable=True))
    op.execute(
        "ALTER TABLE ticket ADD CONSTRAINT fk_ticket_sealed_about_id_department"
        " FOREIGN KEY (sealed_about_id) REFERENCES department (id) NOT VALID"
    )
    op.execute("ALTER TABLE ticket VALIDATE CONSTRAINT fk_ticket_sealed_about_id_department")
    op.execute(
        "ALTER TABLE ticket ADD CONSTRAINT ck_ticket_sealed"
        " CHECK (sealed OR sealed_about_id IS NULL) NOT VALID"
    )
    op.execute("ALTER TABLE ticket VALIDATE CONSTRAINT ck_ticket_sealed")
    op.create_index(
        "ix_ticket_sealed", "ticket", ["sealed_about_id", "id"], postgresql_where="sealed"
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_sealed", "ticket", postgresql_where="sealed")
    op.drop_constraint("ck_ticket_sealed", "ticket")
    op.drop_constraint("fk_ticket_sealed_about_id_department", "ticket")
    op.drop_column("ticket", "sealed_about_id")
    op.drop_column("ticket", "sealed")
