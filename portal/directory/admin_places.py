"""Departments, regions and chains: plain lists to add to, rename and take out of use."""

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import queries, service
from portal.directory.admin_blueprint import Answer, blueprint, confirm, done, page, refused
from portal.directory.forms import DepartmentForm, PlaceForm
from portal.errors import Invalid
from portal.fields import blame
from portal.language import lazy as _l
from portal.language import lazy_in

LABELS: dict[str, str] = {
    "departments": _l("承办单位"),
    "regions": _l("县市区"),
    "chains": _l("产业链"),
}
HEADINGS: dict[str, str] = {
    "departments": lazy_in("list", "承办单位"),
    "regions": lazy_in("list", "县市区"),
    "chains": lazy_in("list", "产业链"),
}
KIND = "<any(departments, regions, chains):kind>"


@blueprint.get("/departments", defaults={"kind": "departments"}, endpoint="departments")
@blueprint.get("/regions", defaults={"kind": "regions"}, endpoint="regions")
@blueprint.get("/chains", defaults={"kind": "chains"}, endpoint="chains")
def places(kind: str) -> Answer:
    """All rows of one kind."""
    rows = queries.everything(service.PLACES[kind])
    people = queries.people_by_department() if kind == "departments" else None
    return render_template(
        "admin/places.html",
        kind=kind,
        label=LABELS[kind],
        heading=HEADINGS[kind],
        rows=rows,
        people=people,
    )


@blueprint.route(f"/{KIND}/new", methods=["GET", "POST"])
def new_place(kind: str) -> Answer:
    """A new row."""
    return _form(kind, None)


@blueprint.route(f"/{KIND}/<int:place_id>", methods=["GET", "POST"])
def place(kind: str, place_id: int) -> Answer:
    """One row: rename or move it."""
    return _form(kind, place_id)


def _form(kind: str, place_id: int | None) -> Answer:
    row = service.get_place(kind, place_id) if place_id is not None else None
    form = (DepartmentForm if kind == "departments" else PlaceForm)(obj=row)
    if form.validate_on_submit():
        phone = (form.phone.data or None) if isinstance(form, DepartmentForm) else None
        name, position = form.name.data or "", form.position.data or 0
        try:
            with transaction():
                service.save_place(kind, place_id, name, position, phone)
            return done(_("已保存。"), f"admin.{kind}")
        except Invalid as error:
            blame(form, error)
    label, heading = LABELS[kind], HEADINGS[kind]
    return page("admin/place.html", form, kind=kind, label=label, heading=heading, row=row)


@blueprint.route(f"/{KIND}/<int:place_id>/deactivate", methods=["GET", "POST"])
def deactivate_place(kind: str, place_id: int) -> Answer:
    """Takes a row out of the lists to choose from."""
    row = service.get_place(kind, place_id)
    if request.method == "GET":
        title = _("停用%(kind)s“%(name)s”？", kind=LABELS[kind], name=row.name)
        consequence = _("停用后，新的企业、账号和规则不能再选它；已有的诉求和数据不变。")
        back = url_for("admin.place", kind=kind, place_id=place_id)
        return confirm(title, consequence, _("停用"), back)
    try:
        with transaction():
            service.set_place_active(kind, place_id, active=False)
    except Invalid as error:
        return refused(error, "admin.place", kind=kind, place_id=place_id)
    return done(_("已停用。"), f"admin.{kind}")


@blueprint.post(f"/{KIND}/<int:place_id>/activate")
def activate_place(kind: str, place_id: int) -> Answer:
    """Puts a row back into the lists."""
    with transaction():
        service.set_place_active(kind, place_id, active=True)
    return done(_("已启用。"), f"admin.{kind}")
