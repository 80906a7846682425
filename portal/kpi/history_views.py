"""The page of imported history: its replies have figures apart from the workflow's."""

from flask import Blueprint, render_template

from portal.kpi.history import WITHIN, history

blueprint = Blueprint("history", __name__)


@blueprint.get("/figures/history")
def show() -> str:
    """Replies on time within 15 working days, median and p90, in all and by year."""
    return render_template("kpi/history.html", found=history(), within=WITHIN)
