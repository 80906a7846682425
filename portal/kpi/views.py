"""P."""

from flask import Blueprint

blueprint = Blueprint("kpi", __name__)
