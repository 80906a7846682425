"""Similar tickets: shown while a firm types and beside a ticket; link, unlink and split."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from portal.audit import access
from portal.auth.roles import Actor
from portal.language import lazy as _l
from portal.problems import forms, problem_queries, queries, showing
from portal.problems.service import gathering, linking
from portal.tickets import choices, doors, policy
from portal.tickets.forms import MAX_TEXT, MAX_TITLE, options
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.queries import get_visible

blueprint = Blueprint("problems", __name__)


@blueprint.post("/tickets/new/similar")
def own_similar() -> str:
    """The firm's own open tickets that are like what it has typed so far; a piece of a page."""
    title = request.form.get("title", "")[:MAX_TITLE]
    description = request.form.get("description", "")[:MAX_TEXT]
    found = showing.own_views(current_user.actor, title, description)
    return render_template("problems/own.html", similar=found)


@blueprint.get("/tickets/<number>/similar")
def similar(number: str) -> str:
    """The tickets most like this one that the reader may see, with what can be done about them."""
    actor = current_user.actor
    ticket = get_visible(actor, number)
    access.note(ticket.id, "view")
    found = showing.similar_views(actor, ticket)
    may = {action: action in policy.ROLE_ACTIONS[actor.role] for action in ("link", "merge")}
    return render_template("problems/similar.html", ticket=ticket, similar=found, may=may)


def _offer_other(form: Any, ticket: Ticket, actor: Actor) -> None:
    """Fills in the ticket that a similar one's button has named."""
    if request.method == "GET":
        form.other_number.data = request.args.get("other", "")


def _offer_linked(form: Any, ticket: Ticket, actor: Actor) -> None:
    linked = queries.links_of(actor, ticket)
    form.other_number.choices = options(
        {other.number: f"{other.number} {other.title}" for _link, other in linked}
    )
    if not linked and request.method == "GET":
        form.refused = _("这件诉求没有与其他诉求关联。")
    elif request.method == "GET":
        form.other_number.data = request.args.get("other", "")


def _offer_problems(form: Any, ticket: Ticket, actor: Actor) -> None:
    """The problems that it can join, or why it cannot."""
    found = problem_queries.open_problems(actor)
    form.problem_id.choices = options({0: _("请选择"), **found})
    if request.method != "GET":
        return
    form.problem_id.data = 0
    if queries.problem_of(ticket) is not None:
        form.refused = _("这件诉求已经归入共性问题，请先移出。")
    elif not found:
        form.refused = _("现在没有可以归入的共性问题，请先在“共性问题”中建立。")


def _check_member(form: Any, ticket: Ticket, actor: Actor) -> None:
    if request.method == "GET" and queries.problem_of(ticket) is None:
        form.refused = _("这件诉求没有归入共性问题。")


def _offer_split(form: Any, ticket: Ticket, actor: Actor) -> None:
    names = {one.id: one.name for one in choices.categories()}
    form.category_id.choices = options({0: _("请选择"), **names})
    if request.method == "GET":
        form.part.data = ticket.description
        form.category_id.data = 0


doors.register(
    blueprint,
    doors.Door(
        Action.LINK,
        lambda ask, form: linking.link(ask, form.other_number.data, form.text.data),
        _l("两件诉求已关联。"),
        forms.LinkForm,
        _l("关联后两件诉求的页面互相列出，各自办理、各自确认；企业看不到，随时可以解除。"),
        prepare=_offer_other,
    ),
    doors.Door(
        Action.UNLINK,
        lambda ask, form: linking.unlink(ask, form.other_number.data, form.text.data),
        _l("已解除关联。"),
        forms.UnlinkForm,
        prepare=_offer_linked,
    ),
    doors.Door(
        Action.SPLIT,
        lambda ask, form: linking.split(
            ask, form.title.data, form.category_id.data, form.part.data, form.text.data
        ),
        _l("已拆分，新诉求单独编号并已进入派单。"),
        forms.SplitForm,
        _l(
            "为同一家企业另立一件诉求，编号和时限从现在单独计算，两件互相关联，企业会收到消息；"
            "原诉求的文字、记录和时限都不变。"
        ),
        prepare=_offer_split,
    ),
    doors.Door(
        Action.JOIN_PROBLEM,
        lambda ask, form: gathering.join(ask, form.problem_id.data, form.text.data or ""),
        _l("已归入共性问题。"),
        forms.JoinProblemForm,
        _l("归入后由共性问题的负责人统一答复；这件诉求照常办理，由企业自己确认。"),
        prepare=_offer_problems,
    ),
    doors.Door(
        Action.LEAVE_PROBLEM,
        lambda ask, form: gathering.leave(ask, form.text.data),
        _l("已移出共性问题。"),
        forms.LeaveProblemForm,
        prepare=_check_member,
    ),
)
