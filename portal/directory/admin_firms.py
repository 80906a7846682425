"""Enterprises: the list, one firm with its pairings and history, its profile."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import change_words, firm_queries, firm_service, queries
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, page, today
from portal.directory.firm_forms import FirmForm
from portal.directory.firm_service import FirmFields
from portal.errors import Invalid
from portal.fields import blame, clean
from portal.paging import cursor_from


@blueprint.get("/enterprises")
def enterprises() -> Answer:
    """All firms, newest first, searched and narrowed to a region."""
    search = clean(request.args.get("q"))[:50]
    regions = queries.region_names()
    wanted = request.args.get("region", type=int)
    region_id = wanted if wanted in regions else None

    def address(**kw: Any) -> str:
        return url_for("admin.enterprises", q=search or None, region=region_id, **kw)

    found = firm_queries.firms(search, region_id, cursor_from(request.args), address)
    ids = [firm.id for firm in found.items]
    return render_template(
        "admin/enterprises.html",
        page=found,
        titles=firm_queries.titles_on(ids, today()),
        cadres=firm_queries.pairings_on(ids, today()),
        regions=regions,
        region_id=region_id,
        q=search,
    )


@blueprint.get("/enterprises/<int:enterprise_id>")
def enterprise(enterprise_id: int) -> Answer:
    """One firm: its profile, titles, contacts, accounts, pairings, and who changed what."""
    return render_template(
        "admin/enterprise.html",
        firm=firm_service.get_firm(enterprise_id),
        titles=firm_queries.titles(enterprise_id),
        contacts=firm_queries.contacts(enterprise_id),
        pairings=firm_queries.pairing_history(enterprise_id),
        applicants=firm_queries.applicants(enterprise_id),
        tickets=firm_queries.ticket_count(enterprise_id),
        history=change_words.said(queries.changes_of("enterprise", enterprise_id)),
        today=today(),
    )


@blueprint.route("/enterprises/new", methods=["GET", "POST"])
def new_enterprise() -> Answer:
    """A firm that has not registered itself."""
    form = FirmForm()
    if form.validate_on_submit():
        try:
            with transaction():
                firm_id = firm_service.add_firm(editor(), _fields(form)).id
            return done(_("企业已登记。"), "admin.enterprise", enterprise_id=firm_id)
        except Invalid as error:
            blame(form, error)
    return page("admin/enterprise_edit.html", form, firm=None, fixed=False)


@blueprint.route("/enterprises/<int:enterprise_id>/edit", methods=["GET", "POST"])
def edit_enterprise(enterprise_id: int) -> Answer:
    """Changes a firm's profile; the credit code only while there is no ticket."""
    firm = firm_service.get_firm(enterprise_id)
    form = FirmForm(obj=firm)
    if form.validate_on_submit():
        try:
            with transaction():
                firm_service.change_firm(editor(), enterprise_id, _fields(form))
            return done(_("企业信息已保存。"), "admin.enterprise", enterprise_id=enterprise_id)
        except Invalid as error:
            blame(form, error)
    fixed = firm_queries.ticket_count(enterprise_id) > 0
    return page("admin/enterprise_edit.html", form, firm=firm, fixed=fixed)


def _fields(form: FirmForm) -> FirmFields:
    return FirmFields(
        uscc=form.uscc.data or "",
        name=form.name.data or "",
        short_name=form.short_name.data or None,
        industry=form.industry.data or None,
        region_id=form.region_id.data,
        chain_id=form.chain_id.data,
        size=form.size.data,
        contact_name=form.contact_name.data or "",
        contact_phone=form.contact_phone.data or "",
    )
