"""The `flask` commands: each package brings its own group."""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import ProgrammingError

from portal.audit.commands import audit
from portal.auth.commands import user
from portal.auth.rights_commands import rights
from portal.checks.commands import check
from portal.demo.commands import demo
from portal.keys.commands import keys
from portal.kpi.commands import kpi
from portal.openapi.commands import openapi
from portal.outbox.commands import outbox, timer, worker
from portal.private.commands import retention_group
from portal.problems.commands import problems
from portal.routing.commands import routing
from portal.search.commands import search
from portal.sheets.commands import registry
from portal.sla.calendar_commands import calendar
from portal.sla.commands import sla
from portal.suggest.commands import suggest
from portal.supervision.commands import bulletin
from portal.tickets.commands import tickets

COMMANDS = (
    audit,
    bulletin,
    calendar,
    check,
    demo,
    keys,
    kpi,
    openapi,
    outbox,
    problems,
    registry,
    retention_group,
    rights,
    routing,
    search,
    sla,
    suggest,
    tickets,
    timer,
    user,
    worker,
)


def init_app(app: Flask) -> None:
    """Registers every command."""
    for command in COMMANDS:
        command.invoke = _explained(command.invoke)  # pyright: ignore[reportAttributeAccessIssue]
        app.cli.add_command(command)


def _explained(invoke: Callable[[click.Context], Any]) -> Callable[[click.Context], Any]:
    """Says what to do when a command meets a database that was never migrated."""

    def explained(context: click.Context) -> Any:
        try:
            return invoke(context)
        except ProgrammingError as error:
            if not isinstance(error.orig, UndefinedTable):
                raise
            raise click.ClickException(
                "数据库里还没有表，请先执行 flask --app wsgi db upgrade（make run 会自动执行）。"
            ) from error

    return explained
