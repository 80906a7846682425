"""The pages of common problems: the list, one of them, its members and answer, suggestions."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.fields import blame
from portal.language import lazy as _l
from portal.paging import cursor_from
from portal.problems import forms, problem_queries, showing
from portal.problems.models import Problem
from portal.problems.service import answering, gathering, suggesting
from portal.problems.views import blueprint
from portal.queue import nudge
from portal.tickets import choices
from portal.tickets.forms import grouped
from portal.tickets.lifecycle import Outcome
from portal.tickets.pages import rows

Answer = str | tuple[str, int] | Response
STATES = {"open": _l("未答复"), "answered": _l("已答复"), "closed": _l("已关闭")}


@blueprint.get("/problems")
def index() -> str:
    """The common problems that the reader sees, newest first, with the suggested groups beside."""
    actor = current_user.actor
    state = request.args.get("state")
    state = state if state in STATES else None
    page = problem_queries.listed(
        actor,
        state,
        cursor_from(request.args),
        lambda **place: url_for("problems.index", state=state, **place),
    )
    chips = [
        {"label": label, "url": url_for("problems.index", state=name), "current": name == state}
        for name, label in ((None, _("全部")), *STATES.items())
    ]
    gathers = actor.role in gathering.GATHERERS
    waiting = len(problem_queries.suggestions()) if gathers else 0
    return render_template(
        "problems/index.html",
        page=page,
        chips=chips,
        states=STATES,
        gathers=gathers,
        waiting=waiting,
        state=state,
        filtered=state is not None,
    )


@blueprint.get("/problems/suggestions")
def suggestions() -> str:
    """Groups of similar recent tickets that are in no problem, those of the most firms first."""
    return render_template("problems/suggestions.html", groups=problem_queries.suggestions())


@blueprint.post("/problems/suggestions/<int:suggestion_id>/dismiss")
def dismiss(suggestion_id: int) -> Response:
    """The group is no common problem; the tickets stay as they are."""
    with transaction():
        suggesting.dismiss(current_user.actor, suggestion_id, utcnow())
    flash(_("不再提示这一组。"), "success")
    return redirect(url_for("problems.suggestions"), 303)


@blueprint.route("/problems/new", methods=["GET", "POST"])
def new() -> Answer:
    """Opens a common problem, of a suggested group where the address names one."""
    actor = current_user.actor
    suggestion_id = request.args.get("suggestion", type=int)
    offered = problem_queries.suggested(suggestion_id) if suggestion_id else []
    form = _described(forms.ProblemForm())
    if request.method == "GET":
        form.name.data = offered[0].title if offered else ""
        return _new_page(form, offered)
    if not form.validate_on_submit():
        return _new_page(form, offered), 422
    ids = {ticket.id for ticket in offered} & set(request.form.getlist("ticket", type=int))
    try:
        with transaction():
            problem_id = gathering.create(actor, form.described, ids, utcnow()).id
    except Invalid as error:
        blame(form, error)
        return _new_page(form, offered), 422
    flash(_("共性问题已建立。"), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


def _described(form: Any) -> Any:
    form.owner_id.choices = grouped(choices.cadres(), _("请选择"))
    return form


def _new_page(form: Any, offered: list) -> str:
    ticked = request.form.getlist("ticket", type=int) if request.method == "POST" else None
    return render_template("problems/edit.html", form=form, offered=offered, ticked=ticked)


@blueprint.get("/problems/<int:problem_id>")
def show(problem_id: int) -> str:
    """One common problem: what it comes to, its answers, and the members behind each figure."""
    actor, now = current_user.actor, utcnow()
    problem = problem_queries.get_problem(actor, problem_id)
    part = request.args.get("part", "all")
    part = part if part in problem_queries.PARTS else "all"
    page = problem_queries.members(
        actor,
        problem,
        part,
        now,
        cursor_from(request.args),
        lambda **place: url_for("problems.show", problem_id=problem_id, part=part, **place),
    )
    found = problem_queries.figures(problem, now)
    answers = problem_queries.answers(problem)
    return render_template(
        "problems/show.html",
        problem=problem,
        part=part,
        page=page,
        rows=rows(page.items, now),
        figures=found,
        hidden=found.members - problem_queries.seen_members(actor, problem),
        answers=answers,
        refused=showing.refusals(problem_queries.refused(actor, answers[0][0])) if answers else [],
        states=STATES,
        may=_may(actor, problem),
    )


def _may(actor: Actor, problem: Problem) -> dict[str, bool]:
    """What the reader can do here now."""
    gathers, closed = actor.role in gathering.GATHERERS, problem.state == "closed"
    return {
        "gather": gathers and not closed,
        "answer": problem.owner_id == actor.id and not closed,
        "reopen": gathers and closed,
    }


@blueprint.route("/problems/<int:problem_id>/change", methods=["GET", "POST"])
def change(problem_id: int) -> Answer:
    """Renames, describes or hands over a problem."""
    actor = current_user.actor
    problem = problem_queries.get_problem(actor, problem_id)
    form = _described(forms.ProblemForm(obj=problem))
    if request.method == "GET":
        form.prepare(problem.version)
        return render_template("problems/edit.html", form=form, problem=problem, offered=[])
    if not form.validate_on_submit():
        return render_template("problems/edit.html", form=form, problem=problem, offered=[]), 422
    try:
        with transaction():
            gathering.change(actor, problem_id, form.seen or 0, form.described, utcnow())
    except Invalid as error:
        blame(form, error)
        return render_template("problems/edit.html", form=form, problem=problem, offered=[]), 422
    flash(_("已保存。"), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.route("/problems/<int:problem_id>/members", methods=["GET", "POST"])
def members(problem_id: int) -> Answer:
    """Adds members: ticked ones of those that are most alike, or one by its number."""
    actor = current_user.actor
    problem = problem_queries.get_problem(actor, problem_id)
    form = forms.MemberForm()
    found = showing.views(problem_queries.likely(actor, problem))
    page = {"form": form, "problem": problem, "similar": found}
    if request.method == "GET":
        return render_template("problems/members.html", **page)
    ticked = request.form.getlist("ticket", type=int)
    if not form.validate_on_submit() or not (ticked or form.number.data):
        form.form_errors.append(_("请勾选相似的诉求，或填写一个编号。"))
        return render_template("problems/members.html", **page), 422
    try:
        with transaction():
            count = gathering.add_many(actor, problem_id, ticked, utcnow())
            if form.number.data:
                gathering.add_number(actor, problem_id, form.number.data, utcnow())
                count += 1
    except Invalid as error:
        blame(form, error)
        return render_template("problems/members.html", **page), 422
    flash(ngettext("已归入 %(num)d 件诉求。", "已归入 %(num)d 件诉求。", count), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.route("/problems/<int:problem_id>/answer", methods=["GET", "POST"])
def answer(problem_id: int) -> Answer:
    """The owner writes the one answer to all open members."""
    actor, now = current_user.actor, utcnow()
    problem = problem_queries.get_problem(actor, problem_id)
    form = forms.AnswerForm()
    page = {
        "form": form,
        "problem": problem,
        "figures": problem_queries.figures(problem, now),
    }
    if request.method == "GET" or not form.validate_on_submit():
        return render_template("problems/answer.html", **page), (
            200 if request.method == "GET" else 422
        )
    chosen = form.resolve_as.data
    outcome = Outcome(chosen) if chosen != "reply" else None
    with transaction():
        answering.answer(actor, problem_id, form.text.data or "", outcome, now)
    nudge()
    flash(_("统一答复已发出，正在逐件送达。"), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/problems/<int:problem_id>/send-again")
def send_again(problem_id: int) -> Response:
    """Sends the last answer to the members that have not got it."""
    actor = current_user.actor
    problem_queries.get_problem(actor, problem_id)
    with transaction():
        count = answering.send_again(actor, problem_id, utcnow())
    nudge()
    flash(ngettext("正在送达 %(num)d 件诉求。", "正在送达 %(num)d 件诉求。", count), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/problems/<int:problem_id>/close")
def close(problem_id: int) -> Response:
    """Closes the problem; its tickets go on by themselves."""
    problem_queries.get_problem(current_user.actor, problem_id)
    with transaction():
        gathering.close(current_user.actor, problem_id, utcnow())
    flash(_("共性问题已关闭，成员诉求各自继续办理。"), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)


@blueprint.post("/problems/<int:problem_id>/reopen")
def reopen(problem_id: int) -> Response:
    """Takes a closed problem up again."""
    problem_queries.get_problem(current_user.actor, problem_id)
    with transaction():
        gathering.reopen(current_user.actor, problem_id, utcnow())
    flash(_("共性问题已重新打开。"), "success")
    return redirect(url_for("problems.show", problem_id=problem_id), 303)
