"""What hangs on an enterprise: titles with their days, and further contacts."""

from flask import url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import firm_service
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, page
from portal.directory.firm_forms import TitleForm, VeiledContactForm
from portal.directory.firm_service import Contact
from portal.errors import Invalid
from portal.fields import blame


@blueprint.route("/enterprises/<int:enterprise_id>/titles/new", methods=["GET", "POST"])
def new_title(enterprise_id: int) -> Answer:
    """Gives a firm a title."""
    return _title(enterprise_id, None)


@blueprint.route("/enterprises/<int:enterprise_id>/titles/<int:title_id>", methods=["GET", "POST"])
def edit_title(enterprise_id: int, title_id: int) -> Answer:
    """Corrects a title, or ends it with its last day."""
    return _title(enterprise_id, title_id)


def _title(enterprise_id: int, title_id: int | None) -> Answer:
    firm = firm_service.get_firm(enterprise_id)
    row = firm_service.get_title(enterprise_id, title_id) if title_id is not None else None
    form = TitleForm(obj=row)
    if form.validate_on_submit():
        name, first, last = form.name.data, form.valid_from.data, form.valid_to.data
        try:
            with transaction():
                assert first is not None  # noqa: S101 – the form requires it
                firm_service.save_title(editor(), enterprise_id, title_id, name, first, last)
            return done(_("资质已保存。"), "admin.enterprise", enterprise_id=enterprise_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/enterprise_title.html", form, firm=firm, row=row)


@blueprint.post("/enterprises/<int:enterprise_id>/titles/<int:title_id>/remove")
def remove_title(enterprise_id: int, title_id: int) -> Answer:
    """Takes away a title that was entered by mistake."""
    with transaction():
        firm_service.remove_title(editor(), enterprise_id, title_id)
    return done(
        _("资质已删除，修改记录中仍可查看。"), "admin.enterprise", enterprise_id=enterprise_id
    )


@blueprint.route("/enterprises/<int:enterprise_id>/contacts/new", methods=["GET", "POST"])
def new_contact(enterprise_id: int) -> Answer:
    """One more person to ask for."""
    return _contact(enterprise_id, None)


@blueprint.route(
    "/enterprises/<int:enterprise_id>/contacts/<int:contact_id>", methods=["GET", "POST"]
)
def edit_contact(enterprise_id: int, contact_id: int) -> Answer:
    """Changes a further contact."""
    return _contact(enterprise_id, contact_id)


def _contact(enterprise_id: int, contact_id: int | None) -> Answer:
    firm = firm_service.get_firm(enterprise_id)
    row = firm_service.get_contact(enterprise_id, contact_id) if contact_id is not None else None
    form = VeiledContactForm(obj=row)
    if form.validate_on_submit():
        fields = Contact(form.name.data or "", form.phone.data or "", form.post.data or None)
        try:
            with transaction():
                firm_service.save_contact(editor(), enterprise_id, contact_id, fields)
            return done(_("联系人已保存。"), "admin.enterprise", enterprise_id=enterprise_id)
        except Invalid as error:
            blame(form, error)
    back = url_for("admin.enterprise", enterprise_id=enterprise_id)
    remove = contact_id and url_for(
        "admin.remove_contact", enterprise_id=enterprise_id, contact_id=contact_id
    )
    return page("admin/enterprise_contact.html", form, firm=firm, row=row, back=back, remove=remove)


@blueprint.post("/enterprises/<int:enterprise_id>/contacts/<int:contact_id>/remove")
def remove_contact(enterprise_id: int, contact_id: int) -> Answer:
    """Takes a further contact away."""
    with transaction():
        firm_service.remove_contact(editor(), enterprise_id, contact_id)
    return done(_("联系人已删除。"), "admin.enterprise", enterprise_id=enterprise_id)
