"""P."""

from flask.cli import AppGroup

kpi = AppGroup("kpi")
