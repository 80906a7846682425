"""The blueprint of the administrator's pages, and what each of them does the same way."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.auth.roles import ACCOUNT_ROLES, Role
from portal.db import utcnow
from portal.directory import queries
from portal.directory.changes import Editor
from portal.directory.models import Enterprise
from portal.errors import Invalid
from portal.fields import clean
from portal.language import said
from portal.paging import cursor_from
from portal.wording import role_name

LOCAL = ZoneInfo("Asia/Shanghai")
MANY = 5
SHOWN_ROLES = (*ACCOUNT_ROLES, Role.NONE)
Answer = Response | str | tuple[str, int]

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def my_id() -> int:
    """The id of the administrator who asks."""
    return current_user.id


def editor() -> Editor:
    """The administrator who asks, and the instant, as services note who changed what."""
    return Editor(my_id(), utcnow())


def today() -> date:
    """The local day."""
    return utcnow().astimezone(LOCAL).date()


def done(sentence: str, endpoint: str, **values: Any) -> Response:
    """Back to a page, with what was done in a sentence."""
    flash(sentence, "success")
    return redirect(url_for(endpoint, **values), 303)


def refused(error: Invalid, endpoint: str, **values: Any) -> Response:
    """Back to a page, with why it was not done."""
    flash(said(error), "danger")
    return redirect(url_for(endpoint, **values), 303)


def page(template: str, form: FlaskForm, **context: Any) -> Answer:
    """A page with a form: 422 when it was refused."""
    return render_template(template, form=form, **context), 422 if form.errors else 200


def listed_accounts(template: str, endpoint: str) -> Answer:
    """All accounts, searched by `q` and narrowed to `role` of the address."""
    search = clean(request.args.get("q"))[:50]
    wanted = request.args.get("role")
    role = wanted if wanted in SHOWN_ROLES else None

    def address(**kw: Any) -> str:
        return url_for(endpoint, q=search or None, role=role, **kw)

    counts = queries.users_by_role()
    labels = [(None, _("全部"), sum(counts.values()))]
    labels += [(str(code), role_name(code), counts.get(code, 0)) for code in SHOWN_ROLES]
    chips = [
        {
            "label": label,
            "url": url_for(endpoint, role=code, q=search or None),
            "count": count,
            "current": code == role,
        }
        for code, label, count in labels
    ]
    found = queries.users(search, role, cursor_from(request.args), address)
    return render_template(template, page=found, chips=chips, q=search, role=role)


def confirm(title: str, consequence: str, button: str, back: str) -> Answer:
    """Asks once, on a page of its own, with the consequence in words."""
    return render_template(
        "admin/confirm.html", heading=title, consequence=consequence, button=button, back=back
    )


def find_firm(text: str) -> Enterprise:
    """The one firm that `text` names. Raises Invalid (field `firm`) when none or several match."""
    found = queries.enterprises(text, MANY + 1)
    if not found:
        raise Invalid("没有找到这家企业，请核对名称或信用代码；企业须先注册。", "firm")
    if len(found) > 1:
        names = _("、").join(firm.name for firm in found[:MANY])
        raise Invalid("有多家企业符合：%(names)s。请填写信用代码或全称。", "firm", names=names)
    return found[0]
