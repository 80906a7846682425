"""P."""

from flask.cli import AppGroup

tickets = AppGroup("tickets")
