"""The administrator's clock policies: versions, an editor of drafts, what-if, putting in force."""

from collections.abc import Sequence
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal import queue
from portal.db import transaction, utcnow
from portal.directory import queries
from portal.directory.admin_blueprint import Answer, done, page
from portal.directory.models import Category
from portal.sla import impact, policy_rules, policy_service
from portal.sla.admin_pages import blueprint, my_name, run_views
from portal.sla.default_policy import ClockRule, Level
from portal.sla.explain_words import profile_name
from portal.sla.forms import COMPLEXITIES, KINDS, EnactForm, RuleForm
from portal.sla.models import Policy
from portal.sla.policy_rules import Case
from portal.sla.targets import parse_target
from portal.wording import clock_name, role_name, urgency_name


@blueprint.get("/policy")
def policies() -> str:
    """Every version of every profile."""
    versions = policy_service.versions()
    rows = [{"policy": one, "profile": profile_name(one.profile)} for one in versions]
    return render_template("sla/policies.html", rows=rows, runs=run_views("policy"))


@blueprint.get("/policy/<int:policy_id>")
def policy(policy_id: int) -> str:
    """The rules of one version, and what is wrong with them."""
    row = policy_service.get(policy_id)
    rules = policy_service.rules_of(row)
    return render_template(
        "sla/policy.html",
        policy=row,
        heading=heading(row),
        draft=row.enacted_at is None,
        rules=[rule_view(place, rule) for place, rule in enumerate(rules)],
        problems=problems(rules),
    )


@blueprint.post("/policy/<int:policy_id>/draft")
def new_draft(policy_id: int) -> Response:
    """A draft with the rules of this version."""
    with transaction():
        draft_id = policy_service.new_draft(policy_id, my_name()).id
    return done(_("草稿已建立，可以修改规则。"), "sla_admin.policy", policy_id=draft_id)


@blueprint.post("/policy/<int:policy_id>/drop")
def drop_draft(policy_id: int) -> Response:
    """Deletes a draft."""
    with transaction():
        policy_service.drop_draft(policy_id)
    return done(_("草稿已删除。"), "sla_admin.policies")


@blueprint.route("/policy/<int:policy_id>/rules/new", methods=["GET", "POST"])
def new_rule(policy_id: int) -> Answer:
    """One more rule of a draft."""
    return _edit(policy_service.get(policy_id), None)


@blueprint.route("/policy/<int:policy_id>/rules/<int:place>", methods=["GET", "POST"])
def edit_rule(policy_id: int, place: int) -> Answer:
    """One rule of a draft, by its place from 1."""
    row = policy_service.get(policy_id)
    if not 1 <= place <= len(row.rules):
        abort(404)
    return _edit(row, place - 1)


@blueprint.post("/policy/<int:policy_id>/rules/<int:place>/remove")
def remove_rule(policy_id: int, place: int) -> Response:
    """Takes a rule out of a draft."""
    with transaction():
        policy_service.remove_rule(policy_id, place - 1, request.form.get("seen", ""))
    return done(_("规则已删除。"), "sla_admin.policy", policy_id=policy_id)


@blueprint.route("/policy/<int:policy_id>/enact", methods=["GET", "POST"])
def enact(policy_id: int) -> Answer:
    """What the version would change, counted without writing; then puts it in force."""
    row = policy_service.get(policy_id)
    rules = policy_service.rules_of(row)
    if not policy_service.sound(rules):
        return redirect(url_for("sla_admin.policy", policy_id=policy_id), 303)
    form = EnactForm()
    if form.validate_on_submit():
        with transaction():
            run = policy_service.enact(
                *(policy_id, form.seen.data or "", utcnow(), my_name()),
                to_open=form.scope.data == "open",
            )
            run_id = run.id if run else None
        if run_id is None:
            return done(_("新政策已启用，用于今后开始的时限。"), "sla_admin.policies")
        queue.nudge(queue.RECOMPUTE)
        sentence = _("新政策已启用，在办诉求正在重新计算。")
        return done(sentence, "sla_admin.recompute", run_id=run_id)
    form.seen.data = form.seen.data or policy_service.print_of(row)
    result = impact.of_policy(rules, utcnow())
    return page("sla/policy_enact.html", form, policy=row, heading=heading(row), impact=result)


def _edit(row: Policy, place: int | None) -> Answer:
    """The form of a rule; `place` None is a new one."""
    rules = policy_service.rules_of(row)
    form = RuleForm(queries.names(Category), **_values(rules[place] if place is not None else None))
    if row.enacted_at is not None:
        return redirect(url_for("sla_admin.policy", policy_id=row.id), 303)
    if form.validate_on_submit():
        with transaction():
            rule = _rule(form, rules)
            policy_service.save_rule(row.id, place, rule, form.seen.data or "")
        return done(_("规则已保存在草稿中。"), "sla_admin.policy", policy_id=row.id)
    form.seen.data = form.seen.data or policy_service.print_of(row)
    return page("sla/rule.html", form, policy=row, heading=heading(row), index=place)


def _values(rule: ClockRule | None) -> dict[str, Any]:
    if rule is None:
        return {"pausable": True, "levels": "warn warn cadre\ndue due cadre,reviewer"}
    return {
        "clock": rule.clock,
        "target": rule.target,
        "urgency": list(rule.urgency),
        "complexity": rule.complexity[0] if len(rule.complexity) == 1 else "",
        "kind": rule.kind[0] if len(rule.kind) == 1 else "",
        "categories": list(rule.categories),
        "pausable": rule.pausable,
        "levels": policy_rules.levels_text(rule.levels),
    }


def _rule(form: RuleForm, rules: Sequence[ClockRule]) -> ClockRule:
    starts, stops = policy_rules.frame(form.clock.data, rules)
    return ClockRule(
        clock=form.clock.data,
        target=str(parse_target(form.target.data or "")),
        starts=starts,
        stops=stops,
        levels=form.parsed,
        pausable=bool(form.pausable.data),
        urgency=tuple(form.urgency.data or ()),
        complexity=(form.complexity.data,) if form.complexity.data else (),
        kind=(form.kind.data,) if form.kind.data else (),
        categories=tuple(form.categories.data or ()),
    )


def heading(row: Policy) -> str:
    """A version by its name."""
    name = profile_name(row.profile)
    return _("%(profile)s 第 %(version)d 版", profile=name, version=row.version)


def rule_view(place: int, rule: ClockRule) -> dict[str, Any]:
    """A rule as the table shows it; places count from 1."""
    return {
        "place": place + 1,
        "clock": clock_name(rule.clock),
        "target": target_words(rule.target),
        "when": _conditions(rule),
        "pausable": rule.pausable,
        "levels": [level_words(level) for level in rule.levels],
    }


def level_words(level: Level) -> str:
    """One step of the ladder: “到期后 2 个工作日 督办单：助企干部”."""
    base, _plus, offset = level.at.partition("+")
    at = {"start": _("起算"), "warn": _("临期"), "due": _("到期")}[base]
    if offset:
        at = _("%(at)s后 %(amount)s", at=at, amount=target_words(offset))
    names = {"order": _("督办单"), "elevate": _("提级")}
    what = f"{at} {names[level.name]}" if level.name in names else at
    who = _("、").join(role_name(one) for one in level.who)
    return _("%(what)s：%(who)s", what=what, who=who) if who else what


def target_words(text: str) -> str:
    """A target in words: “15 个工作日”, “120 工作分钟”."""
    target = parse_target(text)
    n = target.amount
    words = {
        "wd": ngettext("%(num)d 个工作日", "%(num)d 个工作日", n),
        "wm": ngettext("%(num)d 工作分钟", "%(num)d 工作分钟", n),
        "h": ngettext("%(num)d 小时", "%(num)d 小时", n),
        "d": ngettext("%(num)d 个日历日", "%(num)d 个日历日", n),
    }
    return words[target.unit]


def _conditions(rule: ClockRule) -> str:
    names = queries.names(Category) if rule.categories else {}
    words = [
        _("、").join(urgency_name(one) for one in rule.urgency),
        _("、").join(str(COMPLEXITIES[one]) for one in rule.complexity),
        _("、").join(str(KINDS[one]) for one in rule.kind),
        _("、").join(names.get(one, _("已停用的类别")) for one in rule.categories),
    ]
    return _("，").join(word for word in words if word) or _("所有诉求")


def problems(rules: Sequence[ClockRule]) -> list[str]:
    """What keeps a version from being put in force, in sentences."""
    names = queries.names(Category)
    ties = [
        _(
            "%(clock)s：第 %(a)d 条与第 %(b)d 条同样具体，对“%(case)s”都适用。"
            "请给其中一条再加条件。",
            clock=clock_name(one.clock),
            a=one.first + 1,
            b=one.second + 1,
            case=_case(one.case, names),
        )
        for one in policy_rules.overlaps(rules)
    ]
    gaps = [
        _(
            "%(clock)s：“%(case)s”没有到期（due）这一级，诉求会一直停在那里。请补上规则。",
            clock=clock_name(one.clock),
            case=_case(one.case, names),
        )
        for one in policy_rules.lacking(rules)
    ]
    return [*ties, *gaps]


def _case(case: Case, names: dict[int, str]) -> str:
    words = [
        urgency_name(case.urgency),
        str(COMPLEXITIES[case.complexity]),
        str(KINDS[case.kind]),
    ]
    if case.category is not None:
        words.append(names.get(case.category, _("已停用的类别")))
    return _("、").join(words)
