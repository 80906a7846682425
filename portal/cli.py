"""The `flask` commands: each package brings its own group."""

from flask import Flask

from portal.auth.commands import user
from portal.demo.commands import demo
from portal.kpi.commands import kpi
from portal.outbox.commands import outbox, timer, worker
from portal.sla.calendar_commands import calendar
from portal.sla.commands import sla
from portal.tickets.commands import tickets

COMMANDS = (user, calendar, demo, kpi, outbox, sla, tickets, worker, timer)


def init_app(app: Flask) -> None:
    """Registers every command."""
    for command in COMMANDS:
        app.cli.add_command(command)
