"""P."""

from flask import Blueprint

blueprint = Blueprint("dispatch", __name__)
