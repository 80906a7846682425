"""What the ticket page and the lists show: rows, one sentence, facts, timeline, clocks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal.amounts import duration
from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.models import Department
from portal.extensions import db
from portal.problems import events as problem_events
from portal.sla import targets
from portal.sla.calendars import current_calendar
from portal.sla.explain_words import recomputed
from portal.sla.models import Clock
from portal.sla.worktime import Calendar
from portal.tickets import petition_events, sealed_showing
from portal.tickets.file_models import Attachment
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.order_models import Order
from portal.tickets.reasons import CONTACT_METHODS, ELEVATIONS, REJECT_REASONS
from portal.tickets.service.order import promise
from portal.wording import (
    action_name,
    clock_name,
    firm_name,
    local_time,
    outcome_name,
    rating_name,
    role_name,
)

# Actions that are somebody speaking; the others are lines between the messages.
SPEECH = frozenset(
    {
        *(Action.SUBMIT, Action.COMMENT, Action.REPLY, Action.SUPPLY_INFO, Action.ASK_INFO),
        *(Action.NOTE, Action.RECORD_CONTACT, Action.DISPUTE, Action.RESOLVE, Action.APPROVE),
        *(Action.CONFIRM, Action.ANSWER_ORDER, Action.SUPERVISE, Action.REOPEN, Action.SEND_BACK),
        *(Action.REJECT, Action.TRANSFER, Action.TERMINATE, Action.ASK_RETURN, Action.CALL_BACK),
        *(Action.ASK_EXTENSION, Action.GRANT_EXTENSION, Action.ASK_HOLD, Action.HOLD),
        *(Action.ASK_EXCLUSION, Action.VOUCH, Action.ANSWER_PROBLEM),
    }
)


@dataclass(frozen=True)
class ClockView:
    """One promise as a page shows it."""

    kind: str
    due_at: datetime
    provisional: bool
    light: str
    left_text: str
    paused: bool = False


def is_firm(actor: Actor) -> bool:
    """Whether the reader is the firm's, who sees the public part only."""
    return actor.role is Role.APPLICANT


def rows(tickets: Iterable[Ticket], now: datetime) -> list[dict[str, Any]]:
    """Tickets as the table shows them."""
    calendar = current_calendar()
    return [_row(ticket, calendar, now) for ticket in tickets]


def _row(ticket: Ticket, calendar: Calendar, now: datetime) -> dict[str, Any]:
    light = left = None
    if ticket.next_due_at is not None and ticket.next_warn_at is not None:
        light = targets.light(
            now,
            warn_at=ticket.next_warn_at,
            due_at=ticket.next_due_at,
            paused=ticket.paused_at is not None,
            supervised=ticket.order_pending,
        )
        amount = left_text(calendar, now, ticket.next_due_at)
        left = _("%(clock)s %(left)s", clock=clock_name(ticket.next_clock or ""), left=amount)
    return {
        "number": ticket.number,
        "title": ticket.title,
        "firm": firm_name(ticket),
        "sealed": ticket.sealed,
        "category": ticket.category,
        "status": ticket.status,
        "elevated": ticket.elevated_at is not None,
        "waiting": ticket.waiting_since is not None,
        "vouch_pending": ticket.vouch_pending,
        "light": light,
        "left_text": left,
        "last_event_at": ticket.last_event_at,
        "submitted_at": ticket.submitted_at,
        "url": url_for("tickets.show", number=ticket.number),
    }


def left_text(calendar: Calendar, now: datetime, due_at: datetime) -> str:
    """“还剩 2 个工作日 3 小时” or “已超期 1 个工作日”, in working time."""
    remaining = targets.remaining(calendar, now, due_at)
    amount = duration(remaining.days, remaining.minutes)
    if remaining.overdue:
        return _("已超期 %(amount)s", amount=amount)
    return _("还剩 %(amount)s", amount=amount)


def clock_views(ticket: Ticket, now: datetime) -> list[ClockView]:
    """The ticket's open promises, nearest first."""
    query = select(Clock).where(
        Clock.ticket_id == ticket.id, Clock.state.in_(("running", "paused"))
    )
    calendar = current_calendar()
    views = []
    for clock in db.session.scalars(query.order_by(Clock.due_at, Clock.id)):
        paused = clock.state == "paused"
        light = targets.light(
            now,
            warn_at=clock.warn_at,
            due_at=clock.due_at,
            paused=paused,
            supervised=ticket.order_pending,
        )
        text = _("已暂停计时") if paused else left_text(calendar, now, clock.due_at)
        views.append(ClockView(clock.kind, clock.due_at, clock.provisional, light, text, paused))
    return views


def order_views(ticket: Ticket, now: datetime) -> list[ClockView]:
    """The open supervision order's own promise, by its own light."""
    calendar = current_calendar()
    query = select(Order).where(
        Order.ticket_id == ticket.id, Order.answered_at.is_(None), Order.cancelled_at.is_(None)
    )
    views = []
    for order in db.session.scalars(query):
        light = targets.light(
            now,
            warn_at=targets.warn_at(
                calendar, order.issued_at, order.due_at, promise(calendar, order)
            ),
            due_at=order.due_at,
            paused=False,
            supervised=False,
        )
        text = left_text(calendar, now, order.due_at)
        views.append(ClockView("order", order.due_at, False, light, text))
    return views


def timeline(
    ticket: Ticket, events: Iterable[TicketEvent], files: Iterable[Attachment], actor: Actor
) -> list[dict[str, Any]]:
    """Events as the page tells them, oldest first; two look-ups of names, whatever their number."""
    listed = sealed_showing.told(events, actor)
    acted = {event.actor_id for event in listed if event.actor_role == Role.APPLICANT}
    users = _names(User, acted | {event.payload.get("assignee_id") for event in listed})
    places = ("department_id", "unit", "about_id")
    units = {event.payload.get(key) for event in listed for key in places}
    departments = _names(Department, units)
    by_event: dict[int | None, list[dict[str, Any]]] = {}
    for file in files:
        address = url_for("tickets.download", number=ticket.number, attachment_id=file.id)
        by_event.setdefault(file.event_seq, []).append(
            {"name": file.name, "size": file.size, "url": address, "state": file.state}
        )
    return [
        {
            "kind": "message" if event.action in SPEECH else "event",
            "who": sealed_showing.who(ticket, event, actor, users),
            "role_name": role_name(event.actor_role) if event.actor_role != Role.SYSTEM else "",
            "from_firm": event.actor_role == Role.APPLICANT,
            "at": event.at,
            "title": _title(event),
            "text": _text(ticket, event, users, departments, actor),
            "public": event.public,
            "round": event.round,
            "attachments": by_event.get(event.seq, []),
        }
        for event in listed
    ]


def _names(model: type[User] | type[Department], ids: set[Any]) -> dict[int, str]:
    query = select(model.id, model.name).where(model.id.in_(ids - {None}))
    return dict(db.session.execute(query).all())


def _title(event: TicketEvent) -> str:
    payload = event.payload
    if event.action == Action.LAPSE:
        if event.to_status == Status.CLOSED:
            return _("企业逾期未确认，自动办结")
        return _("企业逾期未补正，转派单员处理")
    if event.action in (Action.WARN, Action.BREACH, Action.RECOMPUTE):
        return f"{action_name(event.action)} · {clock_name(payload['clock'])}"
    if event.action == Action.SIGN and event.actor_role == Role.SYSTEM:
        return _("逾期未签收，系统自动签收")
    if event.action == Action.RECORD_CONTACT:
        return f"{action_name(event.action)} · {_(CONTACT_METHODS[payload['method']])}"
    if event.action in (Action.RESOLVE, Action.APPROVE) and payload.get("outcome"):
        return f"{action_name(event.action)} · {outcome_name(payload['outcome'])}"
    if event.action in (Action.CONFIRM, Action.DISPUTE):
        return f"{action_name(event.action)} · {rating_name(payload['rating'])}"
    if special := _ladder_title(event) or _vouch_title(event):
        return special
    if event.action == Action.REJECT:
        return f"{action_name(event.action)} · {_(REJECT_REASONS[payload['reason_code']][0])}"
    return petition_events.title(event)


def _ladder_title(event: TicketEvent) -> str:
    """Orders that opened by themselves, late answers, why a ticket was elevated or moved."""
    payload = event.payload
    if event.action == Action.RECATEGORISE:
        return f"{action_name(event.action)} · {payload['old_category']} → {payload['category']}"
    if event.action == Action.SUPERVISE and event.actor_role == Role.SYSTEM:
        return _("系统自动督办 · %(clock)s", clock=clock_name(payload["clock"]))
    if event.action == Action.ANSWER_ORDER and payload.get("late"):
        return _("%(action)s · 逾期", action=action_name(event.action))
    if event.action == Action.ELEVATE:
        return f"{action_name(event.action)} · {_(ELEVATIONS[payload['why']])}"
    return ""


def _vouch_title(event: TicketEvent) -> str:
    """What the firm says of a ticket that a cadre filed on its behalf."""
    if event.action == Action.WITHDRAW and event.payload.get("disowned"):
        return _("企业表示不是本企业提出的，已撤回")
    if event.action == Action.VOUCH:
        corrected = event.payload["corrected"]
        return _("企业已更正代填的内容") if corrected else _("企业核实：代填内容属实")
    return ""


def _text(
    ticket: Ticket,
    event: TicketEvent,
    users: dict[int, str],
    departments: dict[int, str],
    actor: Actor,
) -> str:
    payload = event.payload
    if sealed_showing.untold(event, actor):
        return ""
    if event.action == Action.SUBMIT:
        # A firm that vouches may correct the description; the first words stay as they were.
        return payload.get("words") or ticket.description
    lines = _desk(payload, users, departments)
    reasons = sealed_showing.why(ticket, payload.get("reasons") or [])
    if reasons and not is_firm(actor):
        lines.append(_why(event, reasons))
    if text := payload.get("text"):
        # What the system says has a translation, what somebody wrote stays as it is.
        lines.append(_(text) if event.actor_role == Role.SYSTEM else text)
    if payload.get("internal") and not is_firm(actor):
        lines.append(_("内部备注：%(text)s", text=payload["internal"]))
    if channel := payload.get("right_channel"):
        # One that we proposed has a translation, one that somebody typed stays as it is.
        lines.append(_("正确的渠道：%(channel)s", channel=_(channel)))
    if payload.get("into"):
        lines.append(_("并入 %(number)s", number=payload["into"]))
    lines += problem_events.lines(payload)
    lines += petition_events.lines(payload, firm=is_firm(actor))
    if event.action == Action.RECOMPUTE:
        lines.append(recomputed(payload))
    if payload.get("due"):
        due = datetime.fromisoformat(payload["due"])
        lines.append(_("最迟 %(when)s", when=local_time(due)))
    return "\n".join(lines)


def _desk(payload: dict[str, Any], users: dict[int, str], departments: dict[int, str]) -> list[str]:
    """Who got the ticket, or for whose place it waits."""
    if payload.get("about_id"):
        return [_("所涉单位：%(unit)s", unit=departments.get(payload["about_id"], ""))]
    if "unit" in payload:
        return [_("承办单位：%(department)s", department=departments.get(payload["unit"], ""))]
    if "assignee_id" not in payload:
        return []
    desk = departments.get(payload["department_id"], "")
    person = users.get(payload["assignee_id"], "")
    return [_("承办：%(department)s %(person)s", department=desk, person=person)]


def _why(event: TicketEvent, reasons: list[str]) -> str:
    said = _("；").join(reasons)
    return said if event.action == Action.OFFER else _("派单理由：%(reasons)s", reasons=said)
