"""Acts on many tickets: one page that says what will happen, one sending, one page of results."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Actor, Role
from portal.auth.views import local_path
from portal.db import transaction, utcnow
from portal.errors import NotFound
from portal.language import lazy as _l
from portal.queue import nudge
from portal.search import bulk
from portal.tickets import choices, staff_forms
from portal.tickets.forms import ActForm, grouped, new_key, options
from portal.tickets.lifecycle import Action
from portal.web import back_url
from portal.wording import action_name

blueprint = Blueprint("bulk", __name__)

FORMS: dict[Action, type[ActForm]] = {
    Action.DISPATCH: staff_forms.DispatchForm,
    Action.REASSIGN: staff_forms.ReassignForm,
    Action.SUPERVISE: staff_forms.SuperviseForm,
}
CONSEQUENCES: dict[Action, str] = {
    Action.DISPATCH: _l("派出后各项时限立即起算，承办人会收到消息。"),
    Action.REASSIGN: _l("改派后新的承办人重新签收，其他时限不重新计算。"),
    Action.SUPERVISE: _l("承办人须在期限内书面回复，逾期会再次提醒；回复之前诉求标为“督办”。"),
}


@blueprint.get("/search/act")
def ask() -> str | tuple[str, int]:
    """What the act will do to the chosen tickets, and to which it will not."""
    actor, action = current_user.actor, _action()
    numbers = request.args.getlist("ticket")
    found = bulk.prospects(actor, action, numbers, utcnow())
    return page(prepared(actor, action), action, found)


@blueprint.post("/search/act")
def act() -> Response | tuple[str, int]:
    """Does it once, however often the form is sent, and shows what became of each ticket."""
    actor, action = current_user.actor, _action()
    form = _form(actor, action)
    seen = _seen()
    if not form.validate_on_submit() or not form.key.data:
        form.key.data = form.key.data or new_key()
        found = bulk.prospects(actor, action, list(seen), utcnow())
        return page(form, action, found), 422
    with transaction():
        bulk_id = bulk.begin(actor, action, form.key.data, _fields(form), seen, utcnow())
    bulk.perform(actor, bulk_id)
    nudge()
    return redirect(url_for("bulk.done", bulk_id=bulk_id), 303)


@blueprint.get("/search/act/<int:bulk_id>")
def done(bulk_id: int) -> str:
    """What became of each ticket of an act."""
    act_ = bulk.of(current_user.actor, bulk_id)
    return render_template("search/done.html", act=act_, label=action_name(act_.action))


def _action() -> Action:
    """The act that the address names. Raises NotFound where the role has no such act."""
    for action in bulk.actions(Role(current_user.role)):
        if request.values.get("action") == action:
            return action
    raise NotFound("没有这项批量操作。")


def _form(actor: Actor, action: Action) -> Any:
    form: Any = FORMS[action]()
    if action is Action.DISPATCH:
        form.department_id.choices = options({0: _("请选择"), **choices.departments()})
        form.cadre_id.choices = grouped(choices.cadres(), _("由系统按未办结最少选定"))
    if action is Action.REASSIGN:
        own = actor.department_id if actor.role is Role.REVIEWER else None
        form.cadre_id.choices = grouped(choices.cadres(own), _("请选择"))
    return form


def _came_from() -> str:
    """The list that the reader came from, else all tickets."""
    parts = urlsplit(back_url(url_for("search.find")))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _fields(form: Any) -> dict[str, Any]:
    """What the act is done with, as it is kept."""
    fields: dict[str, Any] = {"text": form.text.data}
    for name in ("department_id", "cadre_id", "days"):
        if name in form:
            fields[name] = form[name].data or None
    return fields


def _seen() -> dict[str, int]:
    """The version of each ticket that the person saw, by number."""
    found = {}
    for text in request.form.getlist("seen")[: bulk.MOST]:
        number, _sep, version = text.partition(":")
        if version.isascii() and version.isdigit() and len(version) < 10:
            found[number] = int(version)
    return found


def prepared(actor: Actor, action: Action) -> Any:
    """A fresh form of an act, with the key that makes it happen once."""
    form = _form(actor, action)
    form.key.data = new_key()
    return form


def page(form: Any, action: Action, found: list[bulk.Prospect], limit: str = "") -> str:
    """The confirmation; `limit` says that there are more tickets than one act takes."""
    return render_template(
        "search/act.html",
        form=form,
        action=action,
        label=action_name(action),
        consequence=CONSEQUENCES[action],
        limit=limit,
        back=local_path(request.form.get("back")) or _came_from(),
        able=[one for one in found if one.refusal is None],
        refused=[one for one in found if one.refusal is not None],
    )
