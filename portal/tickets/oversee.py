"""P."""

from flask import Blueprint

blueprint = Blueprint("oversee", __name__)
