"""The administrator's page of the suggestion: the model's state, its versions, and a new one."""

from typing import Any

from flask import Blueprint, current_app, render_template
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal import queue
from portal.db import transaction, utcnow
from portal.directory.admin_blueprint import done
from portal.suggest import rules, service, training
from portal.suggest.models import SuggestModel

blueprint = Blueprint("suggest_admin", __name__, url_prefix="/admin")


@blueprint.get("/suggestion")
def show() -> str:
    """What is in use, what it is worth, and what became of the others."""
    used, rows = service.used(), service.versions()
    return render_template(
        "suggest/admin.html",
        used=used,
        rows=rows,
        asked=any(row.state == "asked" for row in rows),
        threshold=current_app.config["SUGGEST_THRESHOLD"],
        at_threshold=_at(used, current_app.config["SUGGEST_THRESHOLD"] / 100),
        least=rules.LEAST,
        system=training.SYSTEM,
        states={"asked": _("等待训练"), "trained": _("已训练"), "failed": _("未成功")},
    )


def _at(used: SuggestModel | None, threshold: float) -> dict[str, Any] | None:
    """How often the model in use speaks at the threshold, and is right, in per cent."""
    curve = used.figures.get("curve", []) if used is not None else []
    fitting = [(spoken, right) for at, spoken, right in curve if at <= threshold]
    if not fitting:
        return None
    spoken, right = fitting[-1]
    return {"spoken": round(100 * spoken), "right": round(100 * right)}


@blueprint.post("/suggestion/train")
def train() -> Response:
    """Asks for a new model; a worker makes it."""
    with transaction():
        service.ask(current_user.name, utcnow())
    queue.nudge(queue.TRAIN)
    return done(_("已安排训练，通常几秒钟完成，刷新本页可见结果。"), "suggest_admin.show")
