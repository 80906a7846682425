"""显示: whole telephone numbers for an administrator who says why; noted before they are shown."""

from flask import render_template, url_for
from flask_babel import gettext as _

from portal.auth import service as accounts
from portal.db import transaction
from portal.directory import firm_queries, firm_service
from portal.directory.admin_blueprint import Answer, blueprint, editor
from portal.directory.changes import record
from portal.directory.firm_forms import ShowForm

Shown = list[tuple[str, str | None]]


@blueprint.route("/enterprises/<int:enterprise_id>/show", methods=["GET", "POST"])
def show_contacts(enterprise_id: int) -> Answer:
    """The telephones of a firm's contacts."""
    firm = firm_service.get_firm(enterprise_id)
    shown: Shown = [(firm.contact_name, firm.contact_phone)]
    shown += [(one.name, one.phone) for one in firm_queries.contacts(enterprise_id)]
    back = url_for("admin.enterprise", enterprise_id=enterprise_id)
    return _asked("enterprise", enterprise_id, firm.name, shown, back)


@blueprint.route("/users/<int:user_id>/show", methods=["GET", "POST"])
def show_phone(user_id: int) -> Answer:
    """The telephone of an account."""
    person = accounts.get_user(user_id)
    back = url_for("admin.user", user_id=user_id)
    return _asked("user", user_id, person.name, [(_("电话"), person.phone)], back)


def _asked(noun: str, row_id: int, name: str, shown: Shown, back: str) -> Answer:
    """Asks why, notes it in the log of the directory, and shows it on this one page."""
    form = ShowForm()
    context = {"form": form, "name": name, "back": back}
    if not form.validate_on_submit():
        page = render_template("admin/contacts_shown.html", shown=None, **context)
        return page, 422 if form.errors else 200
    with transaction():
        record(editor(), noun, row_id, {}, {"shown": form.purpose.data})
    return render_template("admin/contacts_shown.html", shown=shown, **context)
