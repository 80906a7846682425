"""Supervisors choose solved cases for the open page, redact them, and look at each other's."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import access
from portal.db import transaction, utcnow
from portal.errors import Conflict, Invalid, NotAllowed
from portal.fields import blame
from portal.language import said
from portal.paging import cursor_from
from portal.publish import queries, service
from portal.publish.forms import CaseForm, DecideForm
from portal.publish.masking import proposed, suspected
from portal.publish.models import PublishedCase
from portal.tickets.models import Ticket
from portal.tickets.queries import get_visible

blueprint = Blueprint("cases", __name__)
Answer = str | Response | tuple[str, int]


@blueprint.get("/cases")
def index() -> str:
    """All cases, those prepared last first."""
    page = queries.cases(cursor_from(request.args), lambda **place: url_for("cases.index", **place))
    return render_template("publish/cases.html", page=page, publishable=queries.publishable)


@blueprint.route("/tickets/<number>/publish", methods=["GET", "POST"])
def prepare(number: str) -> Answer:
    """Redacts a solved ticket's words; what was found in them is proposed to be masked."""
    ticket = get_visible(current_user.actor, number)
    case = queries.case_of(ticket)
    if case is not None:
        return redirect(url_for("cases.show", case_id=case.id), 303)
    if not queries.publishable(ticket):
        raise Conflict("只有企业确认已解决的诉求才能公开。")
    access.note(ticket.id, "view")
    form = CaseForm()
    if form.validate_on_submit():
        try:
            with transaction():
                made = service.prepare(current_user.actor, ticket, form.texts, utcnow()).id
            return redirect(url_for("cases.show", case_id=made), 303)
        except Invalid as error:
            blame(form, error)
    elif request.method == "GET":
        _propose(form, ticket)
    return _edit(form, ticket, url_for("tickets.show", number=number))


@blueprint.get("/cases/<int:case_id>")
def show(case_id: int) -> str:
    """A case beside its original, what still looks like a person in it, and who did what."""
    case = queries.get(case_id)
    access.note(case.ticket_id, "view")
    text = "\n".join(getattr(case, name) for name in service.TEXTS)
    return render_template(
        "publish/case.html",
        case=case,
        ticket=case.ticket,
        suspected=suspected(text),
        told=queries.told_in(case),
        publishable=queries.publishable(case.ticket),
        own=case.prepared_by_id == current_user.id,
        steps=queries.steps(case),
    )


@blueprint.route("/cases/<int:case_id>/revise", methods=["GET", "POST"])
def revise(case_id: int) -> Answer:
    """Other words for a case; they need a second look again."""
    case = queries.get(case_id)
    form = CaseForm(obj=case)
    if form.validate_on_submit():
        try:
            with transaction():
                service.revise(current_user.actor, case_id, form.seen, form.texts, utcnow())
            return redirect(url_for("cases.show", case_id=case_id), 303)
        except (Invalid, Conflict) as error:
            _blame(form, error)
    return _edit(form, case.ticket, url_for("cases.show", case_id=case_id), case)


@blueprint.post("/cases/<int:case_id>/publish")
def publish(case_id: int) -> Response:
    """The second look: shows the case to everybody."""
    queries.get(case_id)
    form = DecideForm()
    try:
        if form.validate_on_submit():
            with transaction():
                service.publish(current_user.actor, case_id, int(form.version.data or 0), utcnow())
            flash(_("已发布，公开页几分钟内更新。"), "success")
    except (Conflict, Invalid, NotAllowed) as error:
        flash(said(error), "danger")
    return redirect(url_for("cases.show", case_id=case_id), 303)


@blueprint.post("/cases/<int:case_id>/withdraw")
def withdraw(case_id: int) -> Response:
    """Takes a case off the open page."""
    with transaction():
        service.withdraw(current_user.actor, case_id, utcnow())
    flash(_("已撤下，公开页几分钟内不再显示。"), "success")
    return redirect(url_for("cases.show", case_id=case_id), 303)


def _propose(form: CaseForm, ticket: Ticket) -> None:
    secrets = queries.secrets_of(ticket)
    form.title.data = proposed(ticket.title, secrets)
    form.problem.data = proposed(ticket.description, secrets)
    form.answer.data = proposed(ticket.proposed_reply or "", secrets)


def _blame(form: CaseForm, error: Invalid | Conflict) -> None:
    if isinstance(error, Invalid):
        blame(form, error)
    else:
        form.form_errors.append(said(error))


def _edit(form: CaseForm, ticket: Ticket, back: str, case: PublishedCase | None = None) -> Any:
    page = render_template("publish/edit.html", form=form, ticket=ticket, back=back, case=case)
    return page, 422 if form.errors else 200
