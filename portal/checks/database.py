"""What is unsafe in the database: rights of the role, accounts, schema, clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.checks.finding import Check, Severity
from portal.config import PROJECT
from portal.db import utcnow
from portal.demo.accounts import ACCOUNTS, PASSWORD
from portal.extensions import db

Config = Mapping[str, Any]
DRIFT_SECONDS = 5
# Rows that say what was done: they are added, never changed (domain.md §4).
APPEND_ONLY = (
    *("ticket_event", "ticket_access", "directory_change", "audit_entry", "audit_checkpoint"),
    *("audit_shape", "audit_queue"),
)
_ROLE = text(
    "SELECT rolsuper OR rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
    " WHERE rolname = current_user"
)
_OWNS = text(
    "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner = current_user"
)
_MAY_CHANGE = text(
    "SELECT has_table_privilege(:name, 'UPDATE') OR has_table_privilege(:name, 'DELETE')"
    " OR has_table_privilege(:name, 'TRUNCATE') WHERE to_regclass(:name) IS NOT NULL"
)


def _role(config: Config) -> str | None:
    """The application's role is no superuser, makes no roles and owns no table."""
    above, roles, databases = db.session.execute(_ROLE).one()
    found = [
        word
        for word, yes in (("superuser", above), ("createrole", roles), ("createdb", databases))
        if yes
    ]
    owned = db.session.scalar(_OWNS) or 0
    return ", ".join([*found, f"owner of {owned}"] if owned else found) or None


def _append_only(config: Config) -> str | None:
    open_to = [name for name in APPEND_ONLY if db.session.scalar(_MAY_CHANGE, {"name": name})]
    return ", ".join(open_to) or None


def _demo(config: Config) -> str | None:
    """Accounts that still open with the password that is printed in the documentation."""
    names = [account.username for account in ACCOUNTS]
    rows = select(User.username, User.password_hash).where(User.username.in_(names), User.active)
    found = db.session.execute(rows)
    return ", ".join(name for name, kept in found if HASHER.matches(kept, PASSWORD)) or None


def _migrations(config: Config) -> str | None:
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(PROJECT / "migrations"))
    wanted = ScriptDirectory.from_config(settings).get_current_head()
    now = MigrationContext.configure(db.session.connection()).get_current_revision()
    return None if now == wanted else f"{now} < {wanted}"


def _clock(config: Config) -> str | None:
    there: datetime = db.session.scalars(select(func.clock_timestamp())).one()
    apart = abs((there - utcnow()).total_seconds())
    return f"{apart:.0f} s" if apart > DRIFT_SECONDS else None


def _text(config: Config) -> str | None:
    """The sort order that Chinese search needs (stack.md 10)."""
    query = text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
    kind = str(db.session.scalar(query))
    return kind if kind in ("C", "POSIX") else None


_E, _W = Severity.ERROR, Severity.WARNING
ROWS: tuple[Check, ...] = (
    Check(
        "database-role",
        _E,
        "应用的数据库账号权限过大",
        "the application's database role may too much",
        _role,
    ),
    Check(
        "append-only",
        _E,
        "应用能修改或删除办理记录",
        "the application may change or delete what was recorded",
        _append_only,
    ),
    Check(
        "demo-accounts",
        _E,
        "演示账号还能用公开的密码登录",
        "demonstration accounts open with their published password",
        _demo,
    ),
    Check("migrations", _E, "数据库结构不是最新", "the schema is behind", _migrations),
    Check("clock", _E, "数据库与本机的时间不一致", "the clocks differ", _clock),
    Check("collation", _W, "数据库的排序规则不适合中文检索", "no Chinese search", _text),
)
