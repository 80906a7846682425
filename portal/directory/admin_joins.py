"""Who acts for firms, where the system administrator rules: firms without one of their own."""

from flask import render_template, url_for
from flask_babel import gettext as _

from portal.auth import joining
from portal.auth import service as accounts
from portal.auth.forms import RefusalForm
from portal.db import transaction
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, page, refused
from portal.errors import Invalid, NotFound


@blueprint.get("/joins")
def joins() -> Answer:
    """The requests to join firms that have no administrator in use."""
    return render_template("admin/joins.html", rows=joining.orphaned())


@blueprint.post("/joins/<int:request_id>/approve")
def approve_join(request_id: int) -> Answer:
    """Lets somebody act for such a firm; they become its administrator."""
    try:
        with transaction():
            user_id = joining.approve(editor(), request_id, None).id
    except Invalid as error:
        return refused(error, "admin.joins")
    return done(_("已同意加入，此人成为该企业的管理员。"), "admin.user", user_id=user_id)


@blueprint.route("/joins/<int:request_id>/refuse", methods=["GET", "POST"])
def refuse_join(request_id: int) -> Answer:
    """Refuses somebody, with a reason that they read."""
    row = next((one for one, _firm in joining.orphaned() if one.id == request_id), None)
    if row is None:
        raise NotFound("没有找到这个申请，可能已经处理。")
    form = RefusalForm()
    if form.validate_on_submit():
        with transaction():
            joining.refuse(editor(), request_id, None, form.reason.data or "")
        return done(_("申请已退回，对方登录时会看到原因。"), "admin.joins")
    return page("auth/join_refuse.html", form, row=row, back=url_for("admin.joins"))


@blueprint.post("/users/<int:user_id>/appoint")
def appoint(user_id: int) -> Answer:
    """Makes an applicant an administrator of their firm."""
    person = accounts.get_user(user_id)
    if person.enterprise_id is None:
        raise NotFound("没有找到这个账号。")
    with transaction():
        joining.appoint(editor(), person.enterprise_id, user_id, admin=True)
    return done(_("此人已成为该企业的管理员。"), "admin.user", user_id=user_id)
