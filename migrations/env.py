"""Runs the migrations as the database's owner, then gives the application's role its rights."""

import logging
from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from portal.extensions import db

config = context.config
logging.getLogger("alembic").setLevel(logging.WARNING)

OWNER_URL = current_app.config["MIGRATION_DATABASE_URL"]
APP_ROLE = make_url(current_app.config["DATABASE_URL"]).username
OWNER_ROLE = make_url(OWNER_URL).username
# Rows that are written once and never changed; a trigger says so too, to every role.
APPEND_ONLY = ("ticket_event", "directory_change", "ticket_access", "audit_entry")
APPEND_ONLY += ("audit_shape", "audit_checkpoint")
# What triggers write for the application, which reads it only.
READ_ONLY = ("audit_queue",)
# A migration gives up rather than hold up the whole site behind a lock it cannot get.
LOCK_TIMEOUT = "5s"


def no_empty_revision(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Autogenerate writes no file when nothing changed."""
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def grant_rights(connection: Connection) -> None:
    """The application reads and writes rows; it owns nothing and cannot rewrite events."""
    if APP_ROLE is None or APP_ROLE == OWNER_ROLE:
        return
    role = connection.dialect.identifier_preparer.quote(APP_ROLE)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    for kind, rights in (
        ("TABLES", "SELECT, INSERT, UPDATE, DELETE"),
        ("SEQUENCES", "USAGE, SELECT"),
    ):
        connection.execute(text(f"GRANT {rights} ON ALL {kind} IN SCHEMA public TO {role}"))
    refused = dict.fromkeys(APPEND_ONLY, "UPDATE, DELETE, TRUNCATE")
    refused |= dict.fromkeys(READ_ONLY, "INSERT, UPDATE, DELETE, TRUNCATE")
    for table, rights in refused.items():
        exists = connection.scalar(text("SELECT to_regclass(:name)"), {"name": table})
        if exists is not None:
            connection.execute(text(f"REVOKE {rights} ON {table} FROM {role}"))


def run() -> None:
    """Upgrades or downgrades in one transaction for each revision."""
    engine = create_engine(OWNER_URL)
    with engine.connect() as connection:
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            process_revision_directives=no_empty_revision,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        grant_rights(connection)
        connection.commit()
    engine.dispose()


run()
