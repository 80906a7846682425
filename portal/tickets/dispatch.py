"""The dispatcher's pages and actions: triage, returns, and what ends before it reaches a cadre."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.auth.roles import Actor, Role
from portal.db import utcnow
from portal.language import lazy as _l
from portal.paging import cursor_from
from portal.tickets import choices, doors, forms, lists, queries, returning, staff_forms, suggested
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.pages import rows
from portal.tickets.reasons import REJECT_REASONS
from portal.tickets.service import assign
from portal.tickets.service import recategorise as categories
from portal.tickets.service import triage as verbs

blueprint = Blueprint("dispatch", __name__)

VIEWS: lists.Views = {
    "triage": (_l("待派单"), frozenset({Status.TRIAGE})),
    "submitted": (_l("自动派单、等待空位"), frozenset({Status.SUBMITTED})),
    "asked": (_l("待补正"), frozenset({Status.NEEDS_INFO})),
}


@blueprint.get("/triage")
def triage() -> str:
    """What no rule could route."""
    empty = (_("现在没有要派的诉求"), _("没有规则可循、退单和逾期未补正的诉求会出现在这里。"))
    return lists.queue_page("dispatch.triage", VIEWS, _("待派单"), empty)


@blueprint.get("/returns")
def returns() -> str:
    """The petitions to return a ticket, to be ruled the same day."""
    actor, now = current_user.actor, utcnow()
    page = queries.by_due(
        actor,
        queries.Filter(return_pending=True),
        now,
        cursor_from(request.args),
        lambda **place: url_for("dispatch.returns", **place),
    )
    return render_template("tickets/returns.html", page=page, rows=rows(page.items, now))


def _offer_others(form: Any, ticket: Ticket, actor: Actor) -> None:
    """Says which tickets this one can be merged into."""
    if found := choices.others_of_firm(ticket):
        form.into_number.description = _(
            "填写编号。这家企业未办结的其他诉求：%(list)s。", list=_("；").join(found)
        )
    if found and request.method == "GET":
        form.into_number.data = request.args.get("into", "")
    elif request.method == "GET":
        form.refused = _("这家企业没有其他未办结的诉求，不能合并。")


def _offer_departments(form: Any, ticket: Ticket, actor: Actor) -> None:
    form.department_id.choices = forms.options({0: _("请选择"), **choices.departments()})
    form.cadre_id.choices = forms.grouped(choices.cadres(), _("由系统按未办结最少选定"))
    if request.method == "GET" and (unit := suggested.unit_by_rule(ticket, ticket.category)):
        form.department_id.data = unit.id
        form.department_id.description = _(
            "按派单规则，“%(category)s”由%(unit)s办理，已为您选好。",
            category=ticket.category.name,
            unit=unit.name,
        )


def _offer_categories(form: Any, ticket: Ticket, actor: Actor) -> None:
    """The categories in use; one that the model is sure of is chosen already."""
    names = {one.id: one.name for one in choices.categories() if one.id != ticket.category_id}
    form.category_id.choices = forms.options({0: _("请选择"), **names})
    if request.method == "GET" and (found := suggested.category_for(ticket)):
        form.category_id.data = found[0].id


def _offer_cadres(form: Any, ticket: Ticket, actor: Actor) -> None:
    own = actor.department_id if actor.role is Role.REVIEWER else None
    form.cadre_id.choices = forms.grouped(choices.cadres(own), _("请选择"))


def _reject(ask: Any, form: Any) -> Ticket:
    code = form.reason_code.data
    right_channel = form.right_channel.data or REJECT_REASONS[code][1]
    return verbs.reject(ask, code, right_channel, form.text.data)


doors.register(
    blueprint,
    doors.Door(
        Action.RECATEGORISE,
        lambda ask, form: categories.recategorise(ask, form.category_id.data, form.text.data or ""),
        _l("类别已更正。"),
        staff_forms.RecategoriseForm,
        _l("只改类别，不派单；企业会看到这次更正。派单后各项时限按新的类别起算。"),
        prepare=_offer_categories,
    ),
    doors.Door(
        Action.DISPATCH,
        lambda ask, form: assign.dispatch(
            ask, form.department_id.data, form.cadre_id.data or None, form.text.data
        ),
        _l("已派单。"),
        staff_forms.DispatchForm,
        _l("派出后各项时限立即起算，承办人会收到消息。"),
        prepare=_offer_departments,
    ),
    doors.Door(
        Action.REASSIGN,
        lambda ask, form: assign.reassign(ask, form.cadre_id.data, form.text.data),
        _l("已改派。"),
        staff_forms.ReassignForm,
        _l("改派后新的承办人重新签收，其他时限不重新计算。"),
        prepare=_offer_cadres,
    ),
    doors.Door(
        Action.REJECT,
        _reject,
        _l("已作不予受理处理。"),
        staff_forms.RejectForm,
        _l("诉求就此结束，企业会看到原因和正确的渠道。"),
        danger=True,
    ),
    doors.Door(
        Action.TRANSFER,
        lambda ask, form: verbs.transfer(ask, form.receiver.data, form.text.data),
        _l("已移送。"),
        staff_forms.TransferForm,
        _l("诉求在本系统就此结束，移送的诉求不计入净解决率。"),
        danger=True,
    ),
    doors.Door(
        Action.MERGE,
        lambda ask, form: verbs.merge(ask, form.into_number.data, form.text.data),
        _l("已合并。"),
        staff_forms.MergeForm,
        _l("这件诉求就此结束，企业在并入的那一件中查看进展。"),
        danger=True,
        prepare=_offer_others,
    ),
    doors.Door(
        Action.RETURN,
        lambda ask, form: verbs.grant_return(ask, form.text.data, form.wish),
        _l("已同意退单，请重新派单。"),
        staff_forms.ReturnForm,
        _l("同意后诉求回到待派单；除签收外，各项时限照常计算。"),
        prepare=returning.offer_correction,
        onward=returning.to_draft,
    ),
    doors.Door(
        Action.REFUSE_RETURN,
        lambda ask, form: verbs.refuse_return(ask, form.text.data),
        _l("未同意退单，承办人继续办理。"),
        staff_forms.DecideForm,
        _l("承办人会看到您的意见并继续办理。"),
    ),
)
