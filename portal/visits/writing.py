"""Pages that write visits: plan, move, cancel, record, edit, correct."""

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.db import transaction, utcnow
from portal.directory.models import Category, Enterprise
from portal.directory.queries import names
from portal.errors import Invalid, NotFound, Repeated
from portal.extensions import db
from portal.fields import blame
from portal.visits import queries
from portal.visits.forms import CorrectForm, OnceForm, PlanForm, RecordForm, record_form, rows_of
from portal.visits.models import Visit
from portal.visits.rules import ItemKind, VisitState
from portal.visits.service import visit as service
from portal.visits.views import blueprint, today

Answer = str | tuple[str, int] | Response


def own_visit(visit_id: int, state: VisitState) -> Visit:
    """The cadre's own visit in a state. Raises NotFound."""
    visit = queries.get_visible_visit(current_user.actor, visit_id, today())
    if visit.cadre_id != current_user.actor.id or visit.state != state:
        raise NotFound("没有找到这次走访。")
    return visit


def sent(form: OnceForm, act: Callable[[], Any]) -> bool:
    """Whether the act is done, by this sending or the first; a refusal is put on the form."""
    db.session.rollback()  # what was read for the page must not be what the service decides on
    try:
        with transaction():
            act()
    except Repeated:
        return True
    except Invalid as error:
        blame(form, error, {"items": "text_1"})
        return False
    return True


@blueprint.route("/firms/<int:enterprise_id>/plan", methods=["GET", "POST"])
def plan(enterprise_id: int) -> Answer:
    """Plans a visit; a firm that is visited twice in a month is named before it is saved."""
    actor = current_user.actor
    firm = queries.get_paired_firm(actor, enterprise_id, today())
    form = PlanForm()
    if request.method == "GET":
        form.prepare()
    others, day = _checked(form, enterprise_id, None)
    if day is not None and not others:
        words, key, now = form.purpose.data or "", form.once, utcnow()
        if sent(form, lambda: service.plan(actor, enterprise_id, day, words, key, now)):
            flash(_("已安排走访。"), "success")
            return redirect(url_for("visits.firms"), 303)
    return _plan_page(form, firm, others, None)


@blueprint.route("/<int:visit_id>/reschedule", methods=["GET", "POST"])
def reschedule(visit_id: int) -> Answer:
    """Moves a planned visit, with the same warning."""
    actor, visit = current_user.actor, own_visit(visit_id, VisitState.PLANNED)
    firm = visit.enterprise
    form = PlanForm(data={"day": visit.day, "purpose": visit.purpose})
    if request.method == "GET":
        form.prepare(visit.version)
    others, day = _checked(form, visit.enterprise_id, visit_id)
    if day is not None and not others:
        words, seen, now = form.purpose.data or "", form.seen, utcnow()
        if sent(form, lambda: service.reschedule(actor, visit_id, day, words, seen, now)):
            flash(_("走访已改期。"), "success")
            return redirect(url_for("visits.show", visit_id=visit_id), 303)
    return _plan_page(form, firm, others, visit_id)


def _checked(
    form: PlanForm, enterprise_id: int, but: int | None
) -> tuple[list[Visit], date | None]:
    """The day of a form that was sent and is right, and the visits to warn about first."""
    if not form.validate_on_submit() or form.day.data is None:
        return [], None
    return _twice(form, enterprise_id, but), form.day.data


def _twice(form: PlanForm, enterprise_id: int, but: int | None) -> list[Visit]:
    """The firm's other visits of that month, unless the cadre was warned and plans all the same."""
    day = form.day.data
    if day is None or day < today() or form.anyway.data == f"{day:%Y-%m}":
        return []
    return queries.others_in_month(enterprise_id, day, but)


def _plan_page(
    form: PlanForm, firm: Enterprise, others: list[Visit], visit_id: int | None
) -> Answer:
    """The form; with a warning the button says that the cadre plans it all the same."""
    if others and form.day.data is not None:
        form.anyway.data = f"{form.day.data:%Y-%m}"
    status = 422 if form.errors or others else 200
    context = {"firm": firm, "others": others, "visit_id": visit_id}
    return render_template("visits/plan.html", form=form, **context), status


@blueprint.post("/<int:visit_id>/cancel")
def cancel(visit_id: int) -> Answer:
    """Takes a planned visit back."""
    own_visit(visit_id, VisitState.PLANNED)
    with transaction():
        service.cancel(current_user.actor, visit_id, utcnow())
    flash(_("走访计划已取消。"), "success")
    return redirect(url_for("visits.firms"), 303)


@blueprint.route("/firms/<int:enterprise_id>/record", methods=["GET", "POST"])
def record(enterprise_id: int) -> Answer:
    """Writes down a visit that was not planned."""
    actor = current_user.actor
    firm = queries.get_paired_firm(actor, enterprise_id, today())
    form = _record_form(day=today(), met=firm.contact_name)
    if request.method == "GET":
        form.prepare()
    if _complete(form):
        what, key, now = form.record, form.once, utcnow()
        if sent(form, lambda: service.record(actor, enterprise_id, what, key, now)):
            visit_id = queries.by_key(actor, key)
            return _recorded(visit_id)
    return _record_page(form, firm, url_for("visits.firm", enterprise_id=enterprise_id))


@blueprint.route("/<int:visit_id>/record", methods=["GET", "POST"])
def keep(visit_id: int) -> Answer:
    """Writes down what came of a planned visit."""
    actor, visit = current_user.actor, own_visit(visit_id, VisitState.PLANNED)
    firm = visit.enterprise
    form = _record_form(day=min(visit.day, today()), met=firm.contact_name)
    if request.method == "GET":
        form.prepare(visit.version)
    if _complete(form):
        what, seen, now = form.record, form.seen, utcnow()
        if sent(form, lambda: service.keep(actor, visit_id, what, seen, now)):
            return _recorded(visit_id)
    return _record_page(form, firm, url_for("visits.show", visit_id=visit_id))


@blueprint.route("/<int:visit_id>/edit", methods=["GET", "POST"])
def edit(visit_id: int) -> Answer:
    """Changes the own record within a day; what has become a ticket stays."""
    actor, visit = current_user.actor, own_visit(visit_id, VisitState.DONE)
    firm, loose = visit.enterprise, [i for i in visit.items if i.ticket_id is None]
    heard = [item for item in loose if item.kind == ItemKind.PROBLEM]
    start: dict[str, Any] = {"day": visit.day, "met": visit.met, "companions": visit.companions}
    start["found"] = "yes" if heard or len(loose) < len(visit.items) else "no"
    for n, item in enumerate(heard, 1):
        start |= {f"text_{n}": item.text, f"category_{n}": item.category_id}
    form = _record_form(len(heard) + 1, **start)
    form.kept = len(visit.items) - len(loose)
    if request.method == "GET":
        form.prepare(visit.version)
    if _complete(form):
        what, seen, now = form.record, form.seen, utcnow()
        if sent(form, lambda: service.edit(actor, visit_id, what, seen, now)):
            return _recorded(visit_id)
    return _record_page(form, firm, url_for("visits.show", visit_id=visit_id))


def _record_form(rows: int = 0, **start: Any) -> RecordForm:
    """The form with as many rows as it was sent with, and one more when that was asked for."""
    number = rows_of(request.form.get("rows"), max(rows, 2)) + ("more" in request.form)
    number = rows_of(str(number))
    form = record_form(number, names(Category))(data=start)
    form.rows.data = str(number)
    return form


def _complete(form: RecordForm) -> bool:
    """Whether the form is sent and right; “one more row” only shows it again."""
    return "more" not in request.form and form.validate_on_submit()


def _record_page(form: RecordForm, firm: Enterprise, back: str) -> Answer:
    status = 422 if form.errors else 200
    least = today().replace(day=1)
    context = {"firm": firm, "back": back, "today": today(), "least": least}
    return render_template("visits/record.html", form=form, **context), status


def _recorded(visit_id: int) -> Response:
    flash(_("走访已登记。"), "success")
    return redirect(url_for("visits.show", visit_id=visit_id), 303)


@blueprint.route("/<int:visit_id>/correct", methods=["GET", "POST"])
def correct(visit_id: int) -> Answer:
    """Appends a correction to the own record."""
    actor, visit = current_user.actor, own_visit(visit_id, VisitState.DONE)
    form = CorrectForm()
    if request.method == "GET":
        form.prepare(visit.version)
    if form.validate_on_submit():
        words, key, now = form.text.data or "", form.once, utcnow()
        if sent(form, lambda: service.correct(actor, visit_id, words, key, now)):
            flash(_("更正已追加。"), "success")
            return redirect(url_for("visits.show", visit_id=visit_id), 303)
    status = 422 if form.errors else 200
    return render_template("visits/correct.html", form=form, visit=visit), status
