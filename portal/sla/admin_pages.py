"""The blueprint of the administrator's calendar and policy pages, and how far a run has come."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal import queue
from portal.db import transaction
from portal.sla import recompute_runs
from portal.sla.explain_words import profile_name
from portal.sla.models import Recompute

blueprint = Blueprint("sla_admin", __name__, url_prefix="/admin")


def my_name() -> str:
    """The administrator who asks, as versions and runs keep it."""
    return current_user.name


def run_views(kind: str) -> list[dict[str, Any]]:
    """The newest runs of a kind in words."""
    return [run_view(run) for run in recompute_runs.latest(kind)]


def run_view(run: Recompute) -> dict[str, Any]:
    """One run: what for, how far, with what result."""
    if run.policy is not None:
        title = _(
            "按时限政策 %(profile)s 第 %(version)d 版",
            profile=profile_name(run.policy.profile),
            version=run.policy.version,
        )
    else:
        title = _("按工作日历第 %(version)d 版", version=run.calendar_id)
    states = {"running": _("进行中"), "done": _("已完成"), "superseded": _("已被新版本取代")}
    return {"run": run, "title": title, "state": states[run.state]}


@blueprint.get("/recompute/<int:run_id>")
def recompute(run_id: int) -> str:
    """How far a run has come; the reader loads the page again."""
    view = run_view(recompute_runs.get(run_id))
    return render_template("sla/recompute.html", **view)


@blueprint.post("/recompute/<int:run_id>/again")
def again(run_id: int) -> Response:
    """The same run once more, for the tickets that failed."""
    with transaction():
        run = recompute_runs.again(recompute_runs.get(run_id), my_name())
        new_id = run.id
    queue.nudge(queue.RECOMPUTE)
    flash(_("已重新开始计算。"), "success")
    return redirect(url_for("sla_admin.recompute", run_id=new_id), 303)
