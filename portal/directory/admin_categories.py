"""Categories: their text template, their review and their clocks' kind."""

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import queries, service
from portal.directory.admin_blueprint import Answer, blueprint, confirm, done, page
from portal.directory.forms import CategoryForm
from portal.directory.models import Category
from portal.directory.service import CategoryFields
from portal.errors import Invalid
from portal.fields import blame


@blueprint.get("/categories")
def categories() -> Answer:
    """All categories."""
    return render_template("admin/categories.html", rows=queries.everything(Category))


@blueprint.route("/categories/new", methods=["GET", "POST"])
def new_category() -> Answer:
    """A new category."""
    return _form(None)


@blueprint.route("/categories/<int:category_id>", methods=["GET", "POST"])
def category(category_id: int) -> Answer:
    """One category."""
    return _form(category_id)


def _form(category_id: int | None) -> Answer:
    row = service.get_category(category_id) if category_id is not None else None
    form = CategoryForm(obj=row) if row else CategoryForm(needs_review=True, by_pairing=True)
    if form.validate_on_submit():
        try:
            with transaction():
                service.save_category(category_id, _fields(form))
            return done(_("类别已保存，从下一件诉求起生效。"), "admin.categories")
        except Invalid as error:
            blame(form, error)
    return page("admin/category.html", form, row=row)


def _fields(form: CategoryForm) -> CategoryFields:
    return CategoryFields(
        name=form.name.data or "",
        template=_lines(form.template.data),
        needs_review=form.needs_review.data,
        by_pairing=form.by_pairing.data,
        complex=form.complex.data,
        consult=form.consult.data,
        position=form.position.data or 0,
    )


def _lines(text: str | None) -> str:
    """Lines of text without control characters."""
    lines = (text or "").splitlines()
    return "\n".join("".join(c for c in line if c.isprintable()).rstrip() for line in lines).strip()


@blueprint.route("/categories/<int:category_id>/deactivate", methods=["GET", "POST"])
def deactivate_category(category_id: int) -> Answer:
    """Takes a category out of the submit form."""
    row = service.get_category(category_id)
    if request.method == "GET":
        title = _("停用类别“%(name)s”？", name=row.name)
        consequence = _("停用后，企业提交诉求时不能再选它；已有的诉求照常办理。")
        back = url_for("admin.category", category_id=category_id)
        return confirm(title, consequence, _("停用类别"), back)
    with transaction():
        service.set_category_active(category_id, active=False)
    return done(_("类别已停用。"), "admin.categories")


@blueprint.post("/categories/<int:category_id>/activate")
def activate_category(category_id: int) -> Answer:
    """Puts a category back into the submit form."""
    with transaction():
        service.set_category_active(category_id, active=True)
    return done(_("类别已启用。"), "admin.categories")
