"""Categories: their text template, their review and their clocks' kind."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import category_service, change_words, queries
from portal.directory.admin_blueprint import (
    Answer,
    blueprint,
    confirm,
    done,
    editor,
    page,
    refused,
)
from portal.directory.category_service import CategoryFields
from portal.directory.forms import CategoryForm
from portal.directory.models import Category
from portal.errors import Invalid
from portal.fields import blame
from portal.sla import policy_service
from portal.sla.explain_words import profile_name, target_words
from portal.wording import clock_name


@blueprint.get("/categories")
def categories() -> Answer:
    """All categories, the kinds of one under it."""
    return render_template("admin/categories.html", rows=queries.categories())


@blueprint.route("/categories/new", methods=["GET", "POST"])
def new_category() -> Answer:
    """A new category; `under` in the address proposes the one above."""
    return _form(None)


@blueprint.route("/categories/<int:category_id>", methods=["GET", "POST"])
def category(category_id: int) -> Answer:
    """One category."""
    return _form(category_id)


def _form(category_id: int | None) -> Answer:
    row = category_service.get_category(category_id) if category_id is not None else None
    form = CategoryForm(category_id, obj=row) if row else _fresh()
    if form.validate_on_submit():
        try:
            with transaction():
                category_service.save_category(editor(), category_id, _fields(form))
            return done(_("类别已保存，从下一件诉求起生效。"), "admin.categories")
        except Invalid as error:
            blame(form, error)
    history = change_words.said(queries.changes_of("category", row.id)) if row else []
    return page("admin/category.html", form, row=row, history=history, policy=_policy(row))


def _fresh() -> CategoryForm:
    """An empty form; a kind of a category starts out handled as that one is."""
    under = request.args.get("under", type=int)
    above = category_service.get_category(under) if under else None
    if above is None or above.parent_id is not None:
        return CategoryForm(needs_review=True, by_pairing=True)
    marks = ("needs_review", "by_pairing", "complex", "consult")
    return CategoryForm(parent_id=above.id, **{name: getattr(above, name) for name in marks})


def _policy(row: Category | None) -> dict[str, Any] | None:
    """The rules of the policy in force that hold for an ordinary request of the category."""
    policy = policy_service.in_force() if row is not None else None
    if row is None or policy is None:
        return None
    rules = policy_service.rules_for_category(policy, row)
    return {
        "id": policy.id,
        "name": _(
            "%(profile)s 第 %(version)d 版",
            profile=profile_name(policy.profile),
            version=policy.version,
        ),
        "rules": [
            {
                "place": place + 1,
                "clock": clock_name(rule.clock),
                "target": target_words(rule.target),
                "named": bool({row.id, row.parent_id} & set(rule.categories)),
            }
            for place, rule in rules
        ],
    }


def _fields(form: CategoryForm) -> CategoryFields:
    return CategoryFields(
        name=form.name.data or "",
        template=_lines(form.template.data),
        needs_review=form.needs_review.data,
        by_pairing=form.by_pairing.data,
        complex=form.complex.data,
        consult=form.consult.data,
        position=form.position.data or 0,
        parent_id=form.parent_id.data,
    )


def _lines(text: str | None) -> str:
    """Lines of text without control characters."""
    lines = (text or "").splitlines()
    return "\n".join("".join(c for c in line if c.isprintable()).rstrip() for line in lines).strip()


@blueprint.route("/categories/<int:category_id>/deactivate", methods=["GET", "POST"])
def deactivate_category(category_id: int) -> Answer:
    """Takes a category out of the submit form."""
    row = category_service.get_category(category_id)
    if request.method == "GET":
        title = _("停用类别“%(name)s”？", name=row.name)
        consequence = _("停用后，企业提交诉求时不能再选它；已有的诉求照常办理。")
        back = url_for("admin.category", category_id=category_id)
        return confirm(title, consequence, _("停用类别"), back)
    return _set_active(category_id, active=False)


@blueprint.post("/categories/<int:category_id>/activate")
def activate_category(category_id: int) -> Answer:
    """Puts a category back into the submit form."""
    return _set_active(category_id, active=True)


def _set_active(category_id: int, *, active: bool) -> Answer:
    try:
        with transaction():
            category_service.set_category_active(editor(), category_id, active=active)
    except Invalid as error:
        return refused(error, "admin.category", category_id=category_id)
    return done(_("类别已启用。") if active else _("类别已停用。"), "admin.categories")
