"""Puts thresholds, alerts and their history into what the pages show."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from portal.amounts import number
from portal.kpi.figures import FIGURES
from portal.kpi.queries import Directory
from portal.sla import targets
from portal.sla.worktime import Calendar
from portal.supervision import words
from portal.supervision.forms import named
from portal.supervision.models import ALL, Alert, Threshold, ThresholdChange
from portal.tickets.order_models import Order
from portal.tickets.pages import left_text
from portal.tickets.service import order as orders

View = dict[str, Any]


def tabs(current: str) -> list[View]:
    """The pages of supervision, one chip each."""
    pages = (
        ("supervision.alerts", _("预警")),
        ("supervision.orders", _("督办单")),
        ("supervision.thresholds", _("预警线")),
        ("bulletins.index", _("通报")),
    )
    return [
        {"url": url_for(name), "label": label, "current": name == current} for name, label in pages
    ]


def alert_view(alert: Alert) -> View:
    """An alert: figure, whom about, n / d, the bound, and the list of tickets behind it."""
    threshold = alert.threshold
    figure = FIGURES[threshold.figure]
    place: dict[str, Any] = {"from": alert.first.isoformat(), "to": alert.last.isoformat()}
    if threshold.dimension != ALL:
        place[threshold.dimension] = alert.member
    return {
        "row": alert,
        "figure": words.figure_name(threshold.figure),
        "who": words.member_name(alert.member_name),
        "level": alert.level,
        "level_name": words.LEVELS[alert.level],
        "lower": threshold.worse == "lower",
        "value": words.amount(threshold.figure, alert.value),
        "bound": words.amount(threshold.figure, alert.bound),
        "counted": _counted(alert, figure.unit),
        "span": words.SPANS[threshold.span],
        "why_closed": words.WHY_CLOSED.get(alert.closed_why or "", ""),
        "url": url_for(
            "kpi.tickets",
            name=threshold.figure,
            side=_side(threshold, figure.unit),
            **place,
        ),
    }


def _counted(alert: Alert, unit: str) -> str:
    if unit == "hours":
        return _("%(n)s 件的中位数", n=number(alert.d))
    if unit == "count":
        return ""
    return f"{number(alert.n)} / {number(alert.d)}"


def _side(threshold: Threshold, unit: str) -> str:
    """The tickets that make the figure bad."""
    if unit == "hours":
        return "d"
    if unit == "count":
        return "n"
    return "rest" if threshold.worse == "lower" else "n"


def threshold_view(threshold: Threshold, known: Directory) -> View:
    """A threshold in words."""
    return {
        "row": threshold,
        "figure": words.figure_name(threshold.figure),
        "scope": _scope(threshold, known),
        "span": words.SPANS[threshold.span],
        "yellow": _bound(threshold, threshold.yellow),
        "red": _bound(threshold, threshold.red),
    }


def _bound(threshold: Threshold, value: float) -> str:
    amount = words.amount(threshold.figure, value)
    if threshold.worse == "lower":
        return _("低于 %(amount)s", amount=amount)
    return _("高于 %(amount)s", amount=amount)


def _scope(threshold: Threshold, known: Directory) -> str:
    names = dict(named(threshold.dimension, known)) if threshold.member else {}
    return words.scope_name(threshold.dimension, threshold.member, names)


def change_view(change: ThresholdChange, threshold: Threshold, known: Directory) -> View:
    """One change of a threshold: who, when, and each field from what to what."""
    names = named(threshold.dimension, known)
    lines = [
        (
            _(words.FIELDS[name]),
            _value(name, change.old[name], threshold, names) if name in change.old else "",
            _value(name, new, threshold, names),
        )
        for name, new in ((one, change.new[one]) for one in words.FIELDS if one in change.new)
        if name != "member" or new
    ]
    return {"change": change, "lines": lines, "created": not change.old}


def _value(name: str, value: Any, threshold: Threshold, names: Mapping[str, str]) -> str:
    """A stored value in words."""
    match name:
        case "figure":
            return words.figure_name(value)
        case "span":
            return str(words.SPANS[value])
        case "worse":
            return str(words.WORSE[value])
        case "dimension":
            return str(words.DIMENSIONS[value])
        case "member":
            return names.get(value, value)
        case "yellow" | "red":
            return words.amount(threshold.figure, value)
        case "active":
            return _("是") if value else _("否")
        case _:
            return str(value)


def order_view(order: Order, calendar: Calendar, now: datetime) -> View:
    """An order with its ticket, its own light and the time that is left or was used."""
    waits = order.answered_at is None and order.cancelled_at is None
    state = "waits" if waits else "replied" if order.answered_at else "cancelled"
    light = left = None
    if waits:
        promise = orders.promise(calendar, order)
        light = targets.light(
            now,
            warn_at=targets.warn_at(calendar, order.issued_at, order.due_at, promise),
            due_at=order.due_at,
            paused=False,
            supervised=False,
        )
        left = left_text(calendar, now, order.due_at)
    return {
        "order": order,
        "ticket": order.ticket,
        "url": url_for("tickets.show", number=order.ticket.number),
        "text": _(order.text) if order.issued_by_id is None else order.text,
        "issuer": order.issued_by.name if order.issued_by else _("系统"),
        "state": state,
        "light": light,
        "left_text": left,
        "late": order.answered_at is not None and order.answered_at > order.due_at,
    }
