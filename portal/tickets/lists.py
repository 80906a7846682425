"""Pages of tickets: chips with counts, filters in the address, what is due first on top."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.db import utcnow
from portal.directory import category_queries
from portal.paging import cursor_from
from portal.sla.calendars import ending_soon
from portal.tickets import choices, queries
from portal.tickets.lifecycle import Status
from portal.tickets.pages import rows
from portal.tickets.queries import LIGHT_NAMES, Filter
from portal.wording import LIGHTS

Views = Mapping[str, tuple[str, frozenset[Status]]]
Chips = list[dict[str, Any]]


def queue_page(endpoint: str, views: Views, heading: str, empty: tuple[str, str]) -> str:
    """A queue with views (groups of statuses) and lights, each chip with its count.

    `views`: the first is shown when the address names none. `empty`: title and text for nobody's
    work. A fixed number of statements, whatever the number of tickets.
    """
    actor, now = current_user.actor, utcnow()
    view = request.args.get("view", "")
    view = view if view in views else next(iter(views))
    light = request.args.get("light")
    light = light if light in LIGHT_NAMES else None
    statuses = views[view][1]
    page = queries.by_due(
        actor,
        Filter(statuses=statuses, light=light),
        now,
        cursor_from(request.args),
        lambda **place: url_for(endpoint, view=view, light=light, **place),
    )
    counted = queries.counts(actor, now)
    return render_template(
        "tickets/queue.html",
        heading=heading,
        page=page,
        rows=rows(page.items, now),
        view_chips=_view_chips(endpoint, views, view, counted),
        light_chips=_light_chips(endpoint, view, light, statuses, counted),
        empty=empty,
        exported={"statuses": ",".join(sorted(statuses)), "light": light},
        filtered=light is not None,
    )


def _view_chips(
    endpoint: str, views: Views, current: str, counted: dict[tuple[Status, str], int]
) -> Chips:
    return [
        {
            "label": label,
            "url": url_for(endpoint, view=name),
            "current": name == current,
            "count": sum(n for (status, _light), n in counted.items() if status in statuses),
        }
        for name, (label, statuses) in views.items()
    ]


def _light_chips(
    endpoint: str,
    view: str,
    current: str | None,
    statuses: frozenset[Status],
    counted: dict[tuple[Status, str], int],
) -> Chips:
    chips: Chips = [
        {
            "label": _("全部时限"),
            "url": url_for(endpoint, view=view),
            "current": current is None,
            "count": None,
        }
    ]
    for name in LIGHT_NAMES:
        count = sum(n for (s, light), n in counted.items() if s in statuses and light == name)
        if count or name == current:
            chips.append(
                {
                    "label": LIGHTS[name],
                    "url": url_for(endpoint, view=view, light=name),
                    "current": name == current,
                    "count": count,
                }
            )
    return chips


def overdue_page(endpoint: str) -> str:
    """What is past its due, the longest overdue first; narrowed by unit, category, elevation."""
    actor, now = current_user.actor, utcnow()
    chosen = {
        "department": request.args.get("department", type=int),
        "category": request.args.get("category", type=int),
        "elevated": request.args.get("elevated") == "1",
    }
    narrowed = Filter(
        department_ids=_only(chosen["department"]),
        category_ids=_kinds(chosen["category"]),
        overdue=True,
        elevated=bool(chosen["elevated"]),
    )
    kept = {name: int(value) for name, value in chosen.items() if value}
    page = queries.by_due(
        actor,
        narrowed,
        now,
        cursor_from(request.args),
        lambda **place: url_for(endpoint, **kept, **place),
    )
    return render_template(
        "tickets/overdue.html",
        endpoint=endpoint,
        page=page,
        rows=rows(page.items, now),
        chosen=chosen,
        kept=kept,
        departments=choices.departments(),
        categories=choices.categories(),
        calendar_ends=ending_soon(now),
        filtered=bool(kept),
    )


def _kinds(category_id: int | None) -> frozenset[int] | None:
    return None if category_id is None else category_queries.with_kinds(category_id)


def _only(row_id: int | None) -> frozenset[int] | None:
    return None if row_id is None else frozenset({row_id})
