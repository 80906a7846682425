"""The pages of leave 请假 and hand-over 交接: who is away, what is offered, and taking it over."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Actor, Role
from portal.db import transaction, utcnow
from portal.directory import service as directory
from portal.directory.changes import Editor
from portal.errors import Conflict, Invalid
from portal.fields import blame
from portal.language import said
from portal.queue import SWEEP, nudge
from portal.tickets import handover_queries as queries
from portal.tickets.handover_forms import TakeForm, UnitLeaveForm
from portal.tickets.handover_models import Handover
from portal.tickets.pages import rows
from portal.tickets.service import handover as service

LOCAL = ZoneInfo("Asia/Shanghai")
Answer = Response | str | tuple[str, int]

blueprint = Blueprint("handovers", __name__)


def _today(now: datetime) -> date:
    return now.astimezone(LOCAL).date()


@blueprint.get("/leave")
def index() -> str:
    """Who is away or will be, and the hand-overs that run, as far as they concern the reader."""
    actor, now = current_user.actor, utcnow()
    lists = [
        {"handover": one, "offered": offered, "taken": taken}
        for one, offered, taken in queries.open_handovers(actor)
    ]
    return render_template(
        "handovers/index.html",
        lists=lists,
        leaves=queries.leaves(actor, _today(now)),
        today=_today(now),
        me=actor.id,
        writes=actor.role is Role.REVIEWER,
        cadre=actor.role is Role.CADRE,
    )


@blueprint.route("/leave/new", methods=["GET", "POST"])
def new_leave() -> Answer:
    """A reviewer notes the leave of a cadre of the own unit, and who stands in."""
    actor, now = current_user.actor, utcnow()
    form = UnitLeaveForm(actor.department_id)
    if form.validate_on_submit():
        try:
            with transaction():
                directory.add_leave(
                    *(Editor(actor.id, now), form.cadre_id.data or 0, form.deputy_id.data),
                    *(form.starts_on.data or _today(now), form.ends_on.data or _today(now)),
                    give_back=form.give_back.data,
                )
        except Invalid as error:
            blame(form, error)
        else:
            nudge(SWEEP)
            flash(_("请假已登记，到第一天上班时把未办结的诉求交给代理人。"), "success")
            return redirect(url_for("handovers.index"), 303)
    page = render_template("handovers/new.html", form=form)
    return (page, 422) if form.errors else page


@blueprint.post("/leave/<int:leave_id>/remove")
def remove_leave(leave_id: int) -> Response:
    """Takes leave of the own unit back; what was handed over comes back where that was wished."""
    actor = current_user.actor
    with transaction():
        leave = directory.get_leave_of(actor.department_id, leave_id)
        editor = Editor(actor.id, utcnow())
        directory.remove_leave(editor, leave.cadre_id, leave_id, _today(editor.at))
    nudge(SWEEP)
    flash(_("请假已撤销。"), "success")
    return redirect(url_for("handovers.index"), 303)


@blueprint.route("/handovers/<int:handover_id>", methods=["GET", "POST"])
def show(handover_id: int) -> Answer:
    """The list with due dates and notes; the deputy takes over some of it or all at once."""
    actor, now = current_user.actor, utcnow()
    form = TakeForm()
    if form.validate_on_submit():
        try:
            with transaction():
                taken = service.take(actor, handover_id, _chosen(), now)
        except (Invalid, Conflict) as error:
            return _page(handover_id, form, said(error)), error.status
        if taken:
            words = ngettext("已接手 %(num)d 件。", "已接手 %(num)d 件。", taken)
            flash(words, "success")
            nudge()
            return redirect(url_for("handovers.show", handover_id=handover_id), 303)
        form.form_errors.append(_("请至少勾选一件可以接手的诉求。"))
    page = _page(handover_id, form)
    return (page, 422) if form.errors else page


def _chosen() -> list[int]:
    """The ids that were ticked, or all that the page showed."""
    name = "all" if request.form.get("do") == "all" else "id"
    return [int(one) for one in request.form.getlist(name) if one.isdigit() and len(one) < 19]


def _page(handover_id: int, form: TakeForm, problem: str = "") -> str:
    actor, now = current_user.actor, utcnow()
    handover = queries.get_handover(actor, handover_id)
    items = _items(handover, actor, now)
    offered = [one for one in items if one["state"] == "offered" and one["here"]]
    return render_template(
        "handovers/show.html",
        form=form,
        problem=problem,
        handover=handover,
        offered=offered,
        able=[one for one in offered if one["movable"]],
        settled=[one for one in items if one not in offered],
        mine=actor.id == handover.deputy_id,
        ended=handover.ended_at is not None,
    )


def _items(handover: Handover, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The items as the page shows them: the ticket's row, its note, and whether it can be taken."""
    listed = queries.items(handover, actor)
    notes = queries.last_notes([one.ticket_id for one in listed])
    shown = rows([one.ticket for one in listed], now)
    return [
        {
            "id": one.ticket_id,
            "state": one.state,
            "row": row,
            "due_at": one.ticket.next_due_at,
            "note": notes.get(one.ticket_id, ""),
            "here": one.ticket.assignee_id == handover.cadre_id and one.ticket.closed_at is None,
            "movable": service.movable(one.ticket, handover.cadre_id),
        }
        for one, row in zip(listed, shown, strict=True)
    ]
