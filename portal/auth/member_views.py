"""本企业成员: who acts for the firm, who wants to, and what its administrator decides."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth import joining, links, signed
from portal.auth.forms import RefusalForm
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.errors import Invalid
from portal.language import said

blueprint = Blueprint("members", __name__, url_prefix="/enterprise/members")
Answer = Response | str | tuple[str, int]


def _editor() -> Editor:
    return Editor(current_user.id, utcnow())


def _done(sentence: str, category: str = "success") -> Response:
    flash(sentence, category)
    return redirect(url_for("members.index"), 303)


def _confirm(title: str, consequence: str, button: str) -> str:
    back = url_for("members.index")
    context = {"heading": title, "consequence": consequence, "button": button, "back": back}
    return render_template("admin/confirm.html", **context)


@blueprint.get("")
def index() -> Answer:
    """The members for everybody of the firm; the requests for its administrators."""
    firm_id = current_user.enterprise_id
    return render_template(
        "auth/members.html",
        members=joining.members(firm_id),
        requests=joining.requests_of(firm_id) if current_user.firm_admin else [],
        firm=current_user.enterprise,
    )


@blueprint.post("/requests/<int:request_id>/approve")
def approve(request_id: int) -> Answer:
    """Lets somebody act for the firm."""
    firm_id = joining.demand_administrator(signed.me())
    try:
        with transaction():
            name = joining.approve(_editor(), request_id, firm_id).name
    except Invalid as error:
        return _done(said(error), "danger")
    return _done(_("已同意%(name)s加入，现在就可以登录。", name=name))


@blueprint.route("/requests/<int:request_id>/refuse", methods=["GET", "POST"])
def refuse(request_id: int) -> Answer:
    """Refuses somebody, with a reason that they read."""
    firm_id = joining.demand_administrator(signed.me())
    row = joining.waiting_in(firm_id, request_id)
    form = RefusalForm()
    if form.validate_on_submit():
        with transaction():
            joining.refuse(_editor(), request_id, firm_id, form.reason.data or "")
        return _done(_("申请已退回，对方登录时会看到原因。"))
    back = url_for("members.index")
    page = render_template("auth/join_refuse.html", form=form, row=row, back=back)
    return page, 422 if form.errors else 200


@blueprint.post("/<int:user_id>/appoint")
def appoint(user_id: int) -> Answer:
    """Makes a member an administrator of the firm, too."""
    firm_id = joining.demand_administrator(signed.me())
    with transaction():
        name = joining.appoint(_editor(), firm_id, user_id, admin=True).name
    return _done(_("%(name)s已成为本企业管理员。", name=name))


@blueprint.route("/<int:user_id>/step-down", methods=["GET", "POST"])
def step_down(user_id: int) -> Answer:
    """Takes the administrator's right of a member away, or gives up one's own."""
    firm_id = joining.demand_administrator(signed.me())
    person = joining.member(firm_id, user_id)
    if request.method == "GET":
        title = _("不再让“%(name)s”当本企业管理员？", name=person.name)
        return _confirm(
            title, _("此人仍可提交和查看本企业的诉求，但不能再审批成员。"), _("取消管理员")
        )
    try:
        with transaction():
            joining.appoint(_editor(), firm_id, user_id, admin=False)
    except Invalid as error:
        return _done(said(error), "danger")
    return _done(_("已取消此人的管理员身份。"))


@blueprint.route("/<int:user_id>/remove", methods=["GET", "POST"])
def remove(user_id: int) -> Answer:
    """Stops the account of a member who has left."""
    firm_id = joining.demand_administrator(signed.me())
    person = joining.member(firm_id, user_id)
    if request.method == "GET":
        consequence = _("移除后，此人立即退出登录，不能再代表本企业办事；提交过的诉求全部保留。")
        return _confirm(_("移除成员“%(name)s”？", name=person.name), consequence, _("移除成员"))
    try:
        with transaction():
            joining.remove(_editor(), firm_id, user_id)
    except Invalid as error:
        return _done(said(error), "danger")
    if user_id == current_user.id:
        signed.end_session()
        return redirect(url_for("home.index"), 303)
    return _done(_("成员已移除。"))


@blueprint.post("/<int:user_id>/link")
def link(user_id: int) -> Answer:
    """A link for a member who forgot the password; shown once."""
    person = joining.member(joining.demand_administrator(signed.me()), user_id)
    try:
        with transaction():
            token, row = links.issue(_editor(), user_id)
            expires_at = row.expires_at
    except Invalid as error:
        return _done(said(error), "danger")
    address = url_for("links.welcome", token=token, _external=True)
    back = url_for("members.index")
    context = {"person": person, "address": address, "expires_at": expires_at, "back": back}
    return render_template("auth/link_made.html", **context)
