"""The security administrator's pages: roles, second factors, sessions, locks, settings.

They show accounts and never a ticket.
"""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.auth import factors, granting, guard, role_requests, sessions
from portal.auth import service as accounts
from portal.auth.roles import Role
from portal.auth.security_words import settings
from portal.auth.session_words import lines
from portal.auth.signed import limits
from portal.db import transaction, utcnow
from portal.directory import change_words, queries
from portal.directory.admin_blueprint import confirm, done, editor, listed_accounts, my_id, page
from portal.directory.forms import RoleForm
from portal.errors import Conflict, Invalid
from portal.fields import blame
from portal.language import said

blueprint = Blueprint("security", __name__, url_prefix="/security")
Answer = Response | str | tuple[str, int]


@blueprint.get("/requests")
def requests() -> Answer:
    """The roles that system administrators ask for."""
    return render_template("security/requests.html", rows=role_requests.all_open(), me=my_id())


@blueprint.post("/requests/<int:request_id>/grant")
def grant(request_id: int) -> Answer:
    """Puts an asked role into force."""
    try:
        with transaction():
            name = granting.grant(editor(), request_id).name
    except (Invalid, Conflict) as error:
        return _refused(error)
    return done(_("已授权：%(name)s。", name=name), "security.requests")


@blueprint.post("/requests/<int:request_id>/refuse")
def refuse(request_id: int) -> Answer:
    """Ends a request without a role."""
    try:
        with transaction():
            granting.refuse(editor(), request_id)
    except Conflict as error:
        return _refused(error)
    return done(_("已驳回，账号保持原样。"), "security.requests")


@blueprint.get("/people")
def people() -> Answer:
    """All accounts, searched and narrowed to a role, with what protects each."""
    return listed_accounts("security/people.html", "security.people")


@blueprint.get("/people/<int:user_id>")
def person(user_id: int) -> Answer:
    """One account: its role, its second factor, where it is signed in, what was changed."""
    found = accounts.get_user(user_id)
    return render_template(
        "security/person.html",
        person=found,
        is_me=found.id == my_id(),
        asked=role_requests.open_of(user_id),
        sessions=lines(sessions.for_user(found, utcnow(), limits())),
        history=change_words.said(queries.changes_of("user", user_id)),
    )


@blueprint.route("/people/<int:user_id>/role", methods=["GET", "POST"])
def role(user_id: int) -> Answer:
    """Gives a role, or another one."""
    found = accounts.get_user(user_id)
    form = RoleForm(obj=found)
    if form.validate_on_submit():
        try:
            with transaction():
                granting.give(editor(), user_id, Role(form.role.data), form.department_id.data)
            return done(_("角色已生效，此人须重新登录。"), "security.person", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("security/role.html", form, person=found)


@blueprint.route("/people/<int:user_id>/factor/reset", methods=["GET", "POST"])
def reset_factor(user_id: int) -> Answer:
    """Takes away the factor of somebody who has lost it."""
    found = accounts.get_user(user_id)
    if request.method == "GET":
        title = _("重置“%(name)s”的动态验证码？", name=found.name)
        words = _("请先当面或电话核实是本人。重置后此人退出全部登录，下次登录须重新启用。")
        return confirm(title, words, _("重置"), url_for("security.person", user_id=user_id))
    with transaction():
        factors.reset(editor(), user_id)
    return done(_("动态验证码已重置，已通知本人。"), "security.person", user_id=user_id)


@blueprint.post("/people/<int:user_id>/unlock")
def unlock(user_id: int) -> Answer:
    """Lets a person try codes again."""
    accounts.get_user(user_id)
    with transaction():
        factors.unlock(editor(), user_id)
        if (lock := guard.lock_of(user_id, utcnow())) is not None:
            guard.lift(editor(), lock)
    return done(_("锁定已解除。"), "security.person", user_id=user_id)


@blueprint.post("/people/<int:user_id>/sessions/end")
def end_sessions(user_id: int) -> Answer:
    """Signs somebody out everywhere."""
    with transaction():
        count = accounts.end_sessions(editor(), accounts.get_user(user_id).id)
    return done(_("已退出 %(n)s 处登录", n=count), "security.person", user_id=user_id)


@blueprint.get("/settings")
def show_settings() -> Answer:
    """The settings that protect accounts, as they are in force; no secret among them."""
    rows, (count, without) = settings(current_app.config), factors.without()
    return render_template("security/settings.html", rows=rows, count=count, without=without)


def _refused(error: Invalid | Conflict) -> Response:
    flash(said(error), "danger")
    return redirect(url_for("security.requests"), 303)
