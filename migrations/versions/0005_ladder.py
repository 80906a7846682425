"""The rest of the ladder: orders that open by themselves, elevation, and new policy versions.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MADE_BY = "升级：督办和提级"
NEW = [
    {"name": "order", "at": "due+2wd", "who": ["cadre"]},
    {"name": "elevate", "at": "due+5wd", "who": ["leader"]},
]
CLOCKS = ("reply", "resolve")
OPEN_ORDER = "act_at IS NOT NULL AND answered_at IS NULL AND cancelled_at IS NULL"

policy = sa.table(
    "policy",
    sa.column("id", sa.BigInteger),
    sa.column("profile", sa.Text),
    sa.column("version", sa.BigInteger),
    sa.column("rules", JSONB),
    sa.column("current", sa.Boolean),
    sa.column("made_by", sa.Text),
    sa.column("enacted_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Clocks that run keep their policy version: an upgrade escalates nothing by itself."""
    instant = sa.DateTime(timezone=True)
    op.add_column("ticket", sa.Column("elevated_at", instant))
    op.create_index(
        "ix_ticket_elevated",
        "ticket",
        ["submitted_at", "id"],
        postgresql_where="elevated_at IS NOT NULL AND status <> 'closed'",
    )
    op.add_column("supervision_order", sa.Column("act_at", instant))
    op.create_index(
        "ix_supervision_order_act",
        "supervision_order",
        ["act_at", "id"],
        postgresql_where=OPEN_ORDER,
    )
    op.create_index("ix_timer_fired", "timer", ["fired_at"], postgresql_where="state = 'fired'")
    _new_versions()


def _new_versions() -> None:
    """A next version of each profile whose newest one in use lacks the new levels."""
    connection = op.get_bind()
    query = sa.select(policy).where(policy.c.enacted_at.is_not(None))
    rows = connection.execute(query.order_by(policy.c.version)).all()
    newest = {row.profile: row for row in rows}
    newest |= {row.profile: row for row in rows if row.current}
    for profile, row in newest.items():
        rules = [_with_ladder(rule) for rule in row.rules]
        if rules == row.rules:
            continue
        top = sa.select(sa.func.max(policy.c.version)).where(policy.c.profile == profile)
        if row.current:
            connection.execute(sa.update(policy).where(policy.c.current).values(current=False))
        connection.execute(
            sa.insert(policy).values(
                profile=profile,
                version=(connection.execute(top).scalar_one()) + 1,
                rules=rules,
                current=row.current,
                made_by=MADE_BY,
                enacted_at=sa.func.now(),
            )
        )


def _with_ladder(rule: dict) -> dict:
    names = {level["name"] for level in rule["levels"]}
    if rule["clock"] not in CLOCKS or "due" not in names:
        return rule
    missing = [level for level in NEW if level["name"] not in names]
    return {**rule, "levels": [*rule["levels"], *missing]}


def downgrade() -> None:
    """The older version does not know the new levels: their timers end, its policy comes back."""
    op.execute(
        "UPDATE timer SET state = 'cancelled'"
        " WHERE level IN ('order', 'elevate') AND state = 'armed'"
    )
    op.execute(
        f"CREATE TEMP TABLE back ON COMMIT DROP AS SELECT max(old.id) AS id FROM policy AS old"
        f" JOIN policy AS new ON new.current AND new.made_by = '{MADE_BY}'"
        f" AND old.profile = new.profile AND old.version < new.version"
        f" AND old.enacted_at IS NOT NULL HAVING max(old.id) IS NOT NULL"
    )
    op.execute("UPDATE policy SET current = false WHERE current AND EXISTS (SELECT 1 FROM back)")
    op.execute("UPDATE policy SET current = true WHERE id IN (SELECT id FROM back)")
    op.execute(
        f"DELETE FROM policy WHERE made_by = '{MADE_BY}' AND NOT current"
        " AND NOT EXISTS (SELECT 1 FROM clock WHERE clock.policy_id = policy.id)"
        " AND NOT EXISTS (SELECT 1 FROM recompute WHERE recompute.policy_id = policy.id)"
    )
    op.drop_index("ix_timer_fired", table_name="timer")
    op.drop_index("ix_supervision_order_act", table_name="supervision_order")
    op.drop_column("supervision_order", "act_at")
    op.drop_index("ix_ticket_elevated", table_name="ticket")
    op.drop_column("ticket", "elevated_at")
