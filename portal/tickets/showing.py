"""Gathers what the ticket page shows one reader: sentence, clocks, actions, facts, timeline."""

from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from portal import masks
from portal.auth.roles import OVERSIGHT_ROLES, Actor, Role
from portal.problems.showing import together
from portal.publish.queries import publishable
from portal.tickets import (
    petition_showing,
    policy,
    queries,
    sealed_showing,
    sentences,
    suggested,
)
from portal.tickets.contact_rules import handles
from portal.tickets.doors import DOORS, ENDPOINTS
from portal.tickets.forms import new_key
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.pages import ClockView, clock_views, is_firm, order_views, timeline
from portal.wording import (
    channel_name,
    clock_name,
    firm_name,
    local_time,
    size_name,
    urgency_name,
)

# The one or two actions that the status calls for, in this order.
_CALLED_FOR: dict[Status, tuple[Action, ...]] = {
    Status.SUBMITTED: (Action.DISPATCH,),
    Status.TRIAGE: (Action.DISPATCH, Action.REJECT),
    Status.ASSIGNED: (
        *(Action.SIGN, Action.ANSWER_ORDER, Action.RETURN, Action.REDIRECT),
        *(Action.REFUSE_RETURN, Action.SUPERVISE),
    ),
    Status.IN_PROGRESS: (
        *(Action.ANSWER_ORDER, Action.RETURN, Action.REDIRECT, Action.REFUSE_RETURN),
        *(Action.GRANT_EXTENSION, Action.REFUSE_EXTENSION, Action.HOLD, Action.REFUSE_HOLD),
        *(Action.GRANT_EXCLUSION, Action.REFUSE_EXCLUSION, Action.REPLY, Action.RESOLVE),
        Action.SUPERVISE,
    ),
    Status.NEEDS_INFO: (
        *(Action.SUPPLY_INFO, Action.ANSWER_ORDER),
        *(Action.GRANT_EXTENSION, Action.REFUSE_EXTENSION, Action.REFUSE_HOLD),
    ),
    Status.IN_REVIEW: (Action.APPROVE, Action.SEND_BACK),
    Status.AWAITING_CONFIRMATION: (Action.CONFIRM, Action.DISPUTE),
    Status.ON_HOLD: (
        *(Action.ANSWER_ORDER, Action.RESUME, Action.REPLY),
        *(Action.GRANT_EXTENSION, Action.REFUSE_EXTENSION),
    ),
    Status.CLOSED: (Action.CALL_BACK, Action.GRANT_EXCLUSION, Action.REFUSE_EXCLUSION),
}
# Until the firm has said so, what a cadre filed on its behalf is asked about first.
PRIMARY = {status: (Action.VOUCH, *actions) for status, actions in _CALLED_FOR.items()}
# Done from the page itself; whatever needs words or has consequences opens a page of its own.
AT_ONCE = frozenset({Action.SIGN})


def ticket_context(ticket: Ticket, actor: Actor, now: datetime) -> dict[str, Any]:
    """The context of tickets/show.html; a fixed number of queries, whatever has happened."""
    firm = is_firm(actor)
    clocks = clock_views(ticket, now)
    events = queries.events(ticket, public_only=firm)
    files = queries.attachments(ticket, public_only=firm)
    nearest = _nearest(ticket, clocks)
    clocks.sort(key=lambda view: view is not nearest)
    if ticket.order_pending and not firm:
        clocks[:0] = order_views(ticket, now)
    left = _time_left(nearest) if nearest else ""
    actions = action_items(ticket, actor, now)
    return {
        "ticket": ticket,
        "firm": firm,
        "sentence": sentences.for_firm(ticket, now) if firm else sentences.for_staff(ticket, left),
        "next_step": sentences.next_step(ticket, firm),
        "light": _light(ticket, nearest),
        "nearest": nearest,
        "clocks": [(clock_name(view.kind), view) for view in clocks],
        "actions": actions,
        "quick": _quick(actions),
        "quick_key": new_key(),
        "facts": facts(ticket, actor),
        "contact_url": _contact_url(ticket, actor),
        "suggested": suggested.panel(ticket, actor),
        "petitions": [] if firm else petition_showing.story(ticket, now),
        "together": together(ticket, actor),
        "publishes": actor.role in OVERSIGHT_ROLES and publishable(ticket),
        "timeline": timeline(ticket, events, files, actor),
        **_looks(ticket, actor),
    }


def _looks(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    """Where the reader sees who looked at the ticket, and where a printing of staff is noted."""
    watches = actor.role in (Role.APPLICANT, *OVERSIGHT_ROLES)
    printed = None if is_firm(actor) else url_for("audit.printed", number=ticket.number)
    return {
        "looks_url": url_for("audit.looks", number=ticket.number) if watches else None,
        "printed_url": printed,
    }


def _nearest(ticket: Ticket, clocks: list[ClockView]) -> ClockView | None:
    return next((view for view in clocks if view.kind == ticket.next_clock), None)


def _time_left(view: ClockView) -> str:
    return _("%(clock)s%(left)s", clock=clock_name(view.kind), left=view.left_text)


def _light(ticket: Ticket, nearest: ClockView | None) -> str | None:
    """The light beside the title, the same as in the lists: a paused ticket is blue."""
    if nearest is None:
        return None
    paused = ticket.paused_at is not None and not ticket.order_pending
    return "blue" if paused else nearest.light


def action_items(ticket: Ticket, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """The actions the reader may take now, the ones the status calls for first."""
    wanted = PRIMARY[Status(ticket.status)]
    possible = [a for a in policy.allowed(actor, ticket.facts, now) if a in DOORS]
    place = {action: index for index, action in enumerate(wanted)}
    possible.sort(key=lambda a: (place.get(a, len(place)), DOORS[a].danger))
    first = [action for action in possible if action in wanted][:2]
    return [
        {
            "name": str(action),
            "label": str(DOORS[action].label(ticket)),
            "url": url_for(ENDPOINTS[action], number=ticket.number),
            "method": "POST" if action in AT_ONCE else "GET",
            "fields": {"version": ticket.version, "key": new_key()} if action in AT_ONCE else {},
            "primary": action in first,
            "danger": DOORS[action].danger,
        }
        for action in possible
    ]


def _quick(actions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What can be written on the page itself: the cadre's reply, the firm's comment."""
    for action in actions:
        if action["name"] in (Action.REPLY, Action.COMMENT):
            return action
    return None


def _filed(ticket: Ticket) -> str | None:
    """Who filed the ticket on the firm's behalf; None for the firm's own."""
    if ticket.filed_by is None:
        return None
    name = ticket.filed_by.name
    return _("%(name)s，企业尚未核实", name=name) if ticket.vouch_pending else name


def contact_of(ticket: Ticket, actor: Actor) -> tuple[str, str]:
    """Name and telephone of the firm's contact as this reader sees them: whole, or masked."""
    if handles(actor, ticket.facts):
        return ticket.contact_name, ticket.contact_phone
    return masks.numbers(ticket.contact_name), masks.phone(ticket.contact_phone)


def _contact_url(ticket: Ticket, actor: Actor) -> str | None:
    """Where a reader who sees it masked can have it shown."""
    if ticket.sealed or handles(actor, ticket.facts) or not ticket.contact_phone:
        return None
    return url_for("tickets.contact", number=ticket.number)


def facts(ticket: Ticket, actor: Actor) -> list[tuple[str, Any]]:
    """Label and value of what is known about the ticket; None is left out."""
    if ticket.sealed and not is_firm(actor):
        return _sealed_facts(ticket)
    name, phone = contact_of(ticket, actor)
    common = [
        *_common(ticket),
        (_("联系人"), name),
        (_("联系电话"), phone),
    ]
    if is_firm(actor):
        return [*common, (_("查询码"), ticket.query_code)]
    firm = ticket.enterprise
    return [
        (_("企业"), firm.name),
        *common,
        (_("县市区"), ticket.region.name),
        (_("产业链"), ticket.chain.name if ticket.chain else None),
        (_("企业规模"), size_name(firm.size)),
        (_("来源"), channel_name(ticket.channel)),
        (_("代填"), _filed(ticket)),
        (_("派单理由"), _("；").join(ticket.route_reasons) or None),
    ]


def _common(ticket: Ticket) -> list[tuple[str, Any]]:
    about = ticket.sealed_about.name if ticket.sealed_about else _("未指明")
    return [
        (_("所涉单位"), about if ticket.sealed else None),
        (_("类别"), ticket.category.name),
        (_("紧急程度"), urgency_name(ticket.urgency)),
        (_("提交时间"), local_time(ticket.submitted_at)),
        (_("承办单位"), ticket.department.name if ticket.department else None),
        (_("承办人"), ticket.assignee.name if ticket.assignee else None),
        (_("办理轮次"), _("第 %(n)d 轮", n=ticket.round) if ticket.round > 1 else None),
    ]


def _sealed_facts(ticket: Ticket) -> list[tuple[str, Any]]:
    """What staff may read beside a sealed ticket: nothing that tells whose it is."""
    reasons = sealed_showing.why(ticket, ticket.route_reasons)
    return [
        (_("企业"), firm_name(ticket)),
        *_common(ticket),
        (_("联系方式"), _("通过“答复企业”联系")),
        (_("县市区"), ticket.region.name),
        (_("派单理由"), _("；").join(reasons) or None),
    ]
