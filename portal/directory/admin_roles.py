"""Roles as the system administrator meets them: asked for, and granted by somebody else."""

from flask_babel import gettext as _

from portal.auth import granting
from portal.auth import service as accounts
from portal.auth.roles import Role
from portal.db import transaction
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, page
from portal.directory.forms import RoleForm
from portal.errors import Invalid
from portal.fields import blame


@blueprint.route("/users/<int:user_id>/role", methods=["GET", "POST"])
def ask_role(user_id: int) -> Answer:
    """Asks the security administrator for another role."""
    person = accounts.get_user(user_id)
    form = RoleForm(obj=person)
    if form.validate_on_submit():
        role, unit = Role(form.role.data), form.department_id.data
        try:
            with transaction():
                granting.ask(editor(), user_id, role, unit)
            return done(_("申请已提交，等待安全管理员批准。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/ask_role.html", form, person=person)
