"""A firm's own profile: its applicants see it and keep names and contacts up to date."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.db import transaction, utcnow
from portal.directory import firm_queries, firm_service
from portal.directory.changes import Editor
from portal.directory.firm_forms import ContactForm, OwnFirmForm
from portal.directory.firm_service import Contact
from portal.errors import Invalid
from portal.fields import blame
from portal.wording import LOCAL

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("enterprise", __name__, url_prefix="/enterprise")


def _editor() -> Editor:
    return Editor(current_user.id, utcnow())


def _done(sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for("enterprise.show"), 303)


@blueprint.get("")
def show() -> Answer:
    """The profile that everybody here works with, titles and standing cadre included."""
    firm_id, day = current_user.enterprise_id, utcnow().astimezone(LOCAL).date()
    return render_template(
        "enterprise/show.html",
        firm=firm_service.get_firm(firm_id),
        titles=firm_queries.titles(firm_id),
        contacts=firm_queries.contacts(firm_id),
        cadre=firm_queries.pairings_on([firm_id], day).get(firm_id),
        today=day,
    )


@blueprint.route("/edit", methods=["GET", "POST"])
def edit() -> Answer:
    """Changes the short name and the main contact."""
    form = OwnFirmForm(obj=current_user.enterprise)
    if form.validate_on_submit():
        name, phone = form.contact_name.data or "", form.contact_phone.data or ""
        short = form.short_name.data or None
        with transaction():
            firm_service.change_own(_editor(), current_user.enterprise_id, short, name, phone)
        return _done(_("企业信息已保存。"))
    return render_template("enterprise/edit.html", form=form), 422 if form.errors else 200


@blueprint.route("/contacts/new", methods=["GET", "POST"])
def new_contact() -> Answer:
    """One more person to ask for."""
    return _contact(None)


@blueprint.route("/contacts/<int:contact_id>", methods=["GET", "POST"])
def edit_contact(contact_id: int) -> Answer:
    """Changes a further contact."""
    return _contact(contact_id)


def _contact(contact_id: int | None) -> Answer:
    firm = firm_service.get_firm(current_user.enterprise_id)
    row = firm_service.get_contact(firm.id, contact_id) if contact_id is not None else None
    form = ContactForm(obj=row)
    if form.validate_on_submit():
        fields = Contact(form.name.data or "", form.phone.data or "", form.post.data or None)
        try:
            with transaction():
                firm_service.save_contact(_editor(), firm.id, contact_id, fields)
            return _done(_("联系人已保存。"))
        except Invalid as error:
            blame(form, error)
    remove = contact_id and url_for("enterprise.remove_contact", contact_id=contact_id)
    context = {"firm": firm, "row": row, "back": url_for("enterprise.show"), "remove": remove}
    page = render_template("admin/enterprise_contact.html", form=form, **context)
    return page, 422 if form.errors else 200


@blueprint.post("/contacts/<int:contact_id>/remove")
def remove_contact(contact_id: int) -> Answer:
    """Takes a further contact away."""
    with transaction():
        firm_service.remove_contact(_editor(), current_user.enterprise_id, contact_id)
    return _done(_("联系人已删除。"))
