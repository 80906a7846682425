"""The defaults a new installation works with: calendar, policy profiles, categories.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, insert

from portal.directory.defaults import CATEGORIES
from portal.sla.calendar_data import load_overrides
from portal.sla.default_policy import PROFILES, to_json
from portal.sla.worktime import DEFAULT_WEEK

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

calendar = sa.table(
    "calendar",
    sa.column("id", sa.BigInteger),
    sa.column("time_zone", sa.Text),
    sa.column("seasons", JSONB),
    sa.column("confirmed_years", JSONB),
    sa.column("current", sa.Boolean),
    sa.column("note", sa.Text),
)
calendar_day = sa.table(
    "calendar_day",
    sa.column("calendar_id", sa.BigInteger),
    sa.column("day", sa.Date),
    sa.column("kind", sa.Text),
    sa.column("name", sa.Text),
    sa.column("windows", JSONB),
)
policy = sa.table(
    "policy",
    sa.column("profile", sa.Text),
    sa.column("version", sa.Integer),
    sa.column("rules", JSONB),
    sa.column("current", sa.Boolean),
)
category = sa.table(
    "category",
    sa.column("name", sa.Text),
    sa.column("template", sa.Text),
    sa.column("needs_review", sa.Boolean),
    sa.column("by_pairing", sa.Boolean),
    sa.column("complex", sa.Boolean),
    sa.column("consult", sa.Boolean),
    sa.column("position", sa.Integer),
    sa.column("active", sa.Boolean),
)


# What a step down leaves in place, because rows of the city's own refer to it.
USED = {
    "calendar": "SELECT 1 FROM clock WHERE clock.calendar_id = calendar.id",
    "policy": "SELECT 1 FROM clock WHERE clock.policy_id = policy.id",
    "category": "SELECT 1 FROM ticket WHERE ticket.category_id = category.id"
    " UNION ALL SELECT 1 FROM dispatch_rule WHERE dispatch_rule.category_id = category.id",
}


def upgrade() -> None:
    """Adds what is missing, so that it also follows a step down that kept rows in use."""
    _add_calendar()
    for name, rules in PROFILES.items():
        row = {
            "profile": name,
            "version": 1,
            "rules": to_json(rules),
            "current": name == "default",
        }
        op.execute(insert(policy).values(**row).on_conflict_do_nothing())
    for place, one in enumerate(CATEGORIES, 1):
        row = {
            "name": one.name,
            "template": one.template,
            "needs_review": one.needs_review,
            "by_pairing": True,
            "complex": one.complex,
            "consult": False,
            "position": place,
            "active": True,
        }
        op.execute(insert(category).values(**row).on_conflict_do_nothing())


def _add_calendar() -> None:
    overrides, confirmed_years = load_overrides()
    row = {
        "time_zone": "Asia/Shanghai",
        "seasons": [season.to_json() for season in DEFAULT_WEEK],
        "confirmed_years": sorted(confirmed_years),
        "current": True,
        "note": "国务院办公厅历年节假日安排通知",
    }
    statement = insert(calendar).values(**row).on_conflict_do_nothing().returning(calendar.c.id)
    calendar_id = op.get_bind().execute(statement).scalar_one_or_none()
    if calendar_id is None:
        return
    op.bulk_insert(
        calendar_day,
        [
            {
                "calendar_id": calendar_id,
                "day": one.day,
                "kind": one.kind,
                "name": one.name,
                "windows": None if one.windows is None else [list(w) for w in one.windows],
            }
            for one in overrides
        ],
    )


def downgrade() -> None:
    unused = sa.select(calendar.c.id).where(_unused("calendar"))
    op.execute(sa.delete(calendar_day).where(calendar_day.c.calendar_id.in_(unused)))
    op.execute(sa.delete(calendar).where(_unused("calendar")))
    op.execute(sa.delete(policy).where(_unused("policy")))
    names = [one.name for one in CATEGORIES]
    op.execute(sa.delete(category).where(category.c.name.in_(names), _unused("category")))


def _unused(name: str) -> sa.TextClause:
    return sa.text(f"NOT EXISTS ({USED[name]})")
