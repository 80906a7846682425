"""What the page about a ticket's arithmetic shows: each promise, its verdict and its lines."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal.sla import targets
from portal.sla.calendars import current_calendar
from portal.sla.explain import Line
from portal.sla.explain_words import MARKS, sentence
from portal.sla.explaining import Explained, explain_ticket
from portal.tickets.models import Ticket
from portal.tickets.pages import left_text
from portal.wording import clock_name, local_time


def explain_context(ticket: Ticket, now: datetime) -> dict[str, Any]:
    """The context of tickets/explain.html: `standing` promises and those that have `ended`."""
    views: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    anchors: set[str] = set()
    for one in explain_ticket(ticket):
        views[one.open].append(_view(one, ticket, now, anchors))
    return {"ticket": ticket, "standing": views[True], "ended": views[False]}


def _view(one: Explained, ticket: Ticket, now: datetime, anchors: set[str]) -> dict[str, Any]:
    clock = one.clock
    light = targets.light(
        now,
        warn_at=clock.warn_at,
        due_at=clock.due_at,
        paused=clock.state == "paused",
        supervised=ticket.order_pending,
        stopped_at=clock.stopped_at,
    )
    name = clock_name(clock.kind)
    return {
        "anchor": _anchor(one, anchors),
        "name": _("%(clock)s（第 %(n)d 轮）", clock=name, n=clock.round)
        if ticket.round > 1
        else name,
        "light": light if clock.state != "cancelled" else None,
        "verdict": _verdict(one, now),
        "due_at": clock.due_at,
        "provisional": clock.provisional,
        "paused": clock.state == "paused",
        "lines": [
            {"kind": line.kind, "mark": MARKS.get(line.kind, ""), "text": _text(one, line)}
            for line in one.lines
        ],
    }


def _text(one: Explained, line: Line) -> str:
    """The sentence of a line; a due that a pause is still moving is not final."""
    if line.kind == "due" and one.clock.state == "paused":
        return _("暂停前的截止时间 %(when)s，恢复计时后顺延", when=local_time(line.at))
    return sentence(line, one.calendar)


def _verdict(one: Explained, now: datetime) -> str:
    clock = one.clock
    if clock.state == "paused":
        return _("已暂停计时")
    if clock.stopped_at is None:
        return left_text(current_calendar(), now, clock.due_at)
    if clock.state == "cancelled":
        return _("%(when)s 取消", when=local_time(clock.stopped_at))
    if clock.stopped_at > clock.due_at:
        return _("%(when)s 完成，超期", when=local_time(clock.stopped_at))
    return _("%(when)s 按时完成", when=local_time(clock.stopped_at))


def _anchor(one: Explained, anchors: set[str]) -> str:
    """The clock's kind for the first of a kind, where the ticket page links to."""
    clock = one.clock
    kind = clock.kind
    if kind in anchors:
        kind = f"{kind}-{clock.round}-{clock.attempt}"
    anchors.add(kind)
    return kind
