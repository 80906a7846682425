"""Departments, regions and chains: lists to add to, rename and take out of use."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import cadre_queries, change_words, place_service, queries
from portal.directory.admin_blueprint import (
    Answer,
    blueprint,
    confirm,
    done,
    editor,
    page,
    refused,
    today,
)
from portal.directory.changes import noun_of
from portal.directory.forms import ChainForm, DepartmentForm, PlaceForm
from portal.directory.models import Chain, Region
from portal.directory.place_service import Place, PlaceFields
from portal.errors import Invalid
from portal.fields import blame, clean
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


@blueprint.get("/departments")
def departments() -> Answer:
    """All units as a tree, each indented under the one above; narrowed by a name."""
    search = clean(request.args.get("q"))[:50]
    return render_template(
        "admin/departments.html",
        rows=queries.departments(search),
        people=queries.people_by_department(),
        q=search,
    )


@blueprint.get("/regions", defaults={"kind": "regions"}, endpoint="regions")
@blueprint.get("/chains", defaults={"kind": "chains"}, endpoint="chains")
def places(kind: str) -> Answer:
    """All rows of one kind."""
    return render_template(
        "admin/places.html",
        kind=kind,
        label=LABELS[kind],
        heading=HEADINGS[kind],
        rows=queries.places(Chain if kind == "chains" else Region),
    )


@blueprint.route(f"/{KIND}/new", methods=["GET", "POST"])
def new_place(kind: str) -> Answer:
    """A new row."""
    return _form(kind, None)


@blueprint.route(f"/{KIND}/<int:place_id>", methods=["GET", "POST"])
def place(kind: str, place_id: int) -> Answer:
    """One row: rename or move it; a unit with its people."""
    return _form(kind, place_id)


def _form(kind: str, place_id: int | None) -> Answer:
    row = place_service.get_place(kind, place_id) if place_id is not None else None
    form = _bound(kind, row)
    if form.validate_on_submit():
        try:
            with transaction():
                place_service.save_place(editor(), kind, place_id, _fields(form))
            return done(_("已保存。"), f"admin.{kind}")
        except Invalid as error:
            blame(form, error)
    about = {"kind": kind, "label": LABELS[kind], "heading": HEADINGS[kind], "row": row}
    return page("admin/place.html", form, **about, **_around(row))


def _bound(kind: str, row: Place | None) -> PlaceForm:
    if kind == "departments":
        return DepartmentForm(row.id if row is not None else None, obj=row)
    return (ChainForm if kind == "chains" else PlaceForm)(obj=row)


def _fields(form: PlaceForm) -> PlaceFields:
    unit = isinstance(form, DepartmentForm)
    return PlaceFields(
        name=form.name.data or "",
        position=form.position.data or 0,
        phone=(form.phone.data or None) if unit else None,
        parent_id=form.parent_id.data if unit else None,
        chief_id=form.chief_id.data if isinstance(form, ChainForm) else None,
    )


def _around(row: Place | None) -> dict[str, Any]:
    """What the page of a row shows under its form."""
    if row is None:
        return {"history": [], "cadres": None}
    noun = noun_of(row)
    around: dict[str, Any] = {
        "history": change_words.said(queries.changes_of(noun, row.id)),
        "cadres": None,
        "today": today(),
    }
    if noun == "department":
        around["cadres"] = cadre_queries.cadres_of(row.id, today())
        around["reviewers"] = cadre_queries.reviewers_of(row.id)
        around["below"] = queries.units_below(row.id)
    return around


@blueprint.route(f"/{KIND}/<int:place_id>/deactivate", methods=["GET", "POST"])
def deactivate_place(kind: str, place_id: int) -> Answer:
    """Takes a row out of the lists to choose from."""
    row = place_service.get_place(kind, place_id)
    if request.method == "GET":
        title = _("停用%(kind)s“%(name)s”？", kind=LABELS[kind], name=row.name)
        consequence = _("停用后，新的企业、账号和规则不能再选它；已有的诉求和数据不变。")
        back = url_for("admin.place", kind=kind, place_id=place_id)
        return confirm(title, consequence, _("停用"), back)
    return _set_active(kind, place_id, active=False)


@blueprint.post(f"/{KIND}/<int:place_id>/activate")
def activate_place(kind: str, place_id: int) -> Answer:
    """Puts a row back into the lists."""
    return _set_active(kind, place_id, active=True)


def _set_active(kind: str, place_id: int, *, active: bool) -> Answer:
    try:
        with transaction():
            place_service.set_place_active(editor(), kind, place_id, active=active)
    except Invalid as error:
        return refused(error, "admin.place", kind=kind, place_id=place_id)
    return done(_("已启用。") if active else _("已停用。"), f"admin.{kind}")
