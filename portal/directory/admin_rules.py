"""Dispatch rules: category × region × chain × urgency → department, in words."""

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _

from portal.db import transaction
from portal.directory import queries
from portal.directory.admin_blueprint import Answer, blueprint, confirm, done, page
from portal.directory.forms import RuleForm
from portal.errors import Invalid
from portal.fields import blame
from portal.routing import rulebook
from portal.routing.models import DispatchRule
from portal.wording import urgency_name


@blueprint.get("/rules")
def rules() -> Answer:
    """All rules, those in force first, and which of them tie."""
    rows = [{"rule": rule, "when": conditions(rule)} for rule in queries.rules()]
    return render_template("admin/rules.html", rows=rows, conflicts=rulebook.conflicts())


@blueprint.route("/rules/new", methods=["GET", "POST"])
def new_rule() -> Answer:
    """A new rule; refused when it ties with another."""
    form = RuleForm()
    if form.validate_on_submit():
        try:
            with transaction():
                rulebook.add(
                    form.category_id.data,
                    form.region_id.data,
                    form.chain_id.data,
                    form.urgency.data or None,
                    form.department_id.data,
                )
            return done(_("规则已生效，从下一件诉求起按它派单。"), "admin.rules")
        except Invalid as error:
            blame(form, error)
    return page("admin/rule_new.html", form)


@blueprint.route("/rules/<int:rule_id>/deactivate", methods=["GET", "POST"])
def deactivate_rule(rule_id: int) -> Answer:
    """Takes a rule out of force, and says what ties without it."""
    rule = rulebook.get(rule_id)
    if request.method == "GET":
        title = _("停用第 %(id)d 条规则？", id=rule_id)
        consequence = _(
            "停用后，%(when)s不再按这一条派往%(department)s；没有别的规则时，转派单员处理。",
            when=conditions(rule),
            department=rule.department.name,
        )
        return confirm(title, consequence, _("停用规则"), url_for("admin.rules"))
    with transaction():
        pairs = rulebook.deactivate(rule_id)
    for a, b in pairs:
        flash(_("停用后，第 %(a)d 条与第 %(b)d 条规则冲突，请修正。", a=a, b=b), "danger")
    return done(_("规则已停用。"), "admin.rules")


def conditions(rule: DispatchRule) -> str:
    """When a rule applies, in words."""
    words = []
    if rule.category is not None:
        words.append(_("类别“%(name)s”", name=rule.category.name))
    if rule.region is not None:
        words.append(_("县市区“%(name)s”", name=rule.region.name))
    if rule.chain is not None:
        words.append(_("产业链“%(name)s”", name=rule.chain.name))
    if rule.urgency is not None:
        words.append(_("%(urgency)s诉求", urgency=urgency_name(rule.urgency)))
    return _("、").join(words) or _("所有诉求")
