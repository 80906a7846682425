"""Encrypted contacts, retention and quarantined files.

Contacts are sealed in batches with the ring of this installation (FIELD_KEYS), and opened again on
the way down. Only rows are locked meanwhile; what locks a table comes last.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from flask import current_app
from sqlalchemy.dialects.postgresql import JSONB

from portal.keys.source import ring_from

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
BATCH = 1000
SEALED = {
    "user": ("phone",),
    "enterprise": ("contact_name", "contact_phone"),
    "enterprise_contact": ("name", "phone"),
    "ticket": ("contact_name", "contact_phone"),
    "visit": ("companions", "met"),
    "join_request": ("phone",),
    "second_factor": ("secret",),
    "draft": ("fields",),
}
BLIND = ("user", "enterprise_contact")
KEYS = {"second_factor": "user_id"}  # all others have an id
BOUND = {"draft": "user_id"}  # what names the row to the sealed value, where it is not the key
STATES = "'waiting', 'ready', 'infected', 'expired'"


def upgrade() -> None:
    op.execute('ALTER TABLE "user" ADD COLUMN phone_index TEXT')
    op.execute("ALTER TABLE enterprise_contact ADD COLUMN phone_index TEXT")
    op.execute("ALTER TABLE draft ALTER COLUMN fields TYPE TEXT USING fields::text")
    ring = ring_from(current_app.config)
    _rewrite(ring.seal, ring.blind)
    op.create_index(op.f("ix_user_phone_index"), "user", ["phone_index"])
    op.alter_column("enterprise_contact", "phone_index", nullable=False)
    _one_contact("phone", "phone_index")
    _tables()


def _tables() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_consent_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint("user_id", "version", name=op.f("uq_consent_user_id_version")),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_by_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("NOT done OR ended_at IS NOT NULL", name=op.f("ck_erasure_done")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_erasure_user_id_user")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user.id"], name=op.f("fk_erasure_asked_by_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
    )
    open_ = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_erasure_open", "erasure", ["user_id"], unique=True, postgresql_where=open_
    )
    op.create_table(
        "retention_run",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("finished_at", INSTANT, nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_retention_run")),
    )
    for table in ("consent", "erasure"):
        op.execute(f"SELECT audit_watch('{table}', 'state')")
    op.add_column("user", sa.Column("erased_at", INSTANT, nullable=True))
    op.add_column(
        "attachment", sa.Column("state", sa.Text(), server_default="ready", nullable=False)
    )
    op.add_column("attachment", sa.Column("scan_at", INSTANT, nullable=True))
    waiting = "state <> 'waiting' OR scan_at IS NOT NULL"
    op.create_check_constraint(op.f("ck_attachment_waiting"), "attachment", waiting)
    op.create_check_constraint(op.f("ck_attachment_state"), "attachment", f"state IN ({STATES})")
    op.create_index(
        "ix_attachment_waiting",
        "attachment",
        ["id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index("ix_attachment_waiting", "attachment")
    op.drop_constraint(op.f("ck_attachment_state"), "attachment")
    op.drop_constraint(op.f("ck_attachment_waiting"), "attachment")
    op.drop_column("attachment", "scan_at")
    op.drop_column("attachment", "state")
    op.drop_column("user", "erased_at")
    for table in ("retention_run", "erasure", "consent"):
        op.drop_table(table)
    ring = ring_from(current_app.config)
    _rewrite(ring.open, None)
    _one_contact("phone_index", "phone")
    op.drop_column("enterprise_contact", "phone_index")
    op.drop_index(op.f("ix_user_phone_index"), "user")
    op.drop_column("user", "phone_index")
    op.execute("ALTER TABLE draft ALTER COLUMN fields TYPE JSONB USING fields::jsonb")


def _one_contact(old: str, new: str) -> None:
    """A firm has a number once: said by the column that can be compared."""
    table = "enterprise_contact"
    op.drop_constraint(op.f(f"uq_enterprise_contact_enterprise_id_{old}"), table)
    op.create_unique_constraint(
        op.f(f"uq_enterprise_contact_enterprise_id_{new}"), table, ["enterprise_id", new]
    )


def _rewrite(changed, digest) -> None:
    """Every sealed column of every row, a batch at a time, in the order of ids."""
    connection = op.get_bind()
    for table, columns in SEALED.items():
        key = KEYS.get(table, "id")
        bound = BOUND.get(table, key)
        read = sa.text(
            f'SELECT {key} AS id, {bound} AS bound, {", ".join(columns)} FROM "{table}" WHERE {key} > :after'
            f" ORDER BY {key} LIMIT {BATCH} FOR UPDATE"
        )
        also = ", phone_index = :phone_index" if digest and table in BLIND else ""
        sets = ", ".join(f"{name} = :{name}" for name in columns)
        write = sa.text(f'UPDATE "{table}" SET {sets}{also} WHERE {key} = :id')
        after = 0
        while rows := [dict(row) for row in connection.execute(read, {"after": after}).mappings()]:
            after = rows[-1]["id"]
            for row in rows:
                if also:
                    phone = row["phone"]
                    row["phone_index"] = digest(phone, f"{table}.phone") if phone else None
                for name in columns:
                    if row[name]:
                        row[name] = changed(row[name], f"{table}.{name}", str(row["bound"]))
            connection.execute(write, rows)
