"""What the pages of visits show: rows of firms, one visit, the days of a month."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from flask import url_for

from portal.auth.roles import Actor, Role
from portal.directory.class_words import class_name
from portal.language import lazy as _l
from portal.tickets.queries import LIGHT_NAMES
from portal.visits import queries, rules
from portal.visits.models import Visit
from portal.visits.queries import PairedFirm
from portal.visits.rules import ItemKind, VisitState

STATES: dict[str, str] = {
    VisitState.PLANNED: _l("计划走访"),
    VisitState.DONE: _l("已走访"),
    VisitState.CANCELLED: _l("已取消"),
}


def firm_rows(found: list[PairedFirm], today: date) -> list[dict[str, Any]]:
    """A cadre's firms as the board shows them, the longest not visited first."""
    last = [(row.firm.id, row.last.day if row.last else None) for row in found]
    by_id = {row.firm.id: row for row in found}
    return [_firm_row(by_id[firm_id], today) for firm_id in rules.longest_unvisited(last)]


def _firm_row(row: PairedFirm, today: date) -> dict[str, Any]:
    planned = row.planned
    return {
        "firm": row.firm,
        "deputy": row.deputy,
        "titles": [class_name(name) for name in row.titles],
        "open": row.open,
        "mine": row.mine,
        "lights": [(name, row.lights[name]) for name in LIGHT_NAMES if row.lights.get(name)],
        "last": row.last,
        "days_ago": (today - row.last.day).days if row.last else None,
        "planned": planned,
        "missed": planned is not None and planned.day < today,
        "url": url_for("visits.firm", enterprise_id=row.firm.id),
    }


def may(visit: Visit, actor: Actor, paired: bool, now: datetime) -> dict[str, bool]:
    """What the reader may do with a visit now; the service asks again."""
    own = actor.role is Role.CADRE and visit.cadre_id == actor.id
    done = visit.state == VisitState.DONE
    fresh = rules.editable(visit.recorded_at, now)
    unfiled = any(i.kind == ItemKind.PROBLEM and i.ticket_id is None for i in visit.items)
    return {
        "move": own and visit.state == VisitState.PLANNED,
        "keep": own and visit.state == VisitState.PLANNED and paired,
        "edit": own and done and fresh,
        "correct": own and done and not fresh,
        "file": own and done and paired and unfiled,
    }


def item_rows(visit: Visit, actor: Actor) -> list[dict[str, Any]]:
    """What was heard, in the cadre's words; of a ticket its number and status, no text of it.

    The way to the ticket is shown to those who may open it.
    """
    rows = []
    for item in visit.items:
        ticket = item.ticket
        if ticket is not None and ticket.sealed and actor.role is not Role.APPLICANT:
            continue  # sealed later: beside its firm's name it would tell whose it is
        own = ticket is not None and _opens(actor, ticket)
        rows.append(
            {
                "item": item,
                "ticket": ticket,
                "url": url_for("tickets.show", number=ticket.number) if ticket and own else None,
                "renewable": bool(
                    ticket and ticket.vouch_pending and ticket.filed_by_id == actor.id
                ),
            }
        )
    return rows


def _opens(actor: Actor, ticket: Any) -> bool:
    match actor.role:
        case Role.CADRE:
            return ticket.assignee_id == actor.id
        case Role.REVIEWER:
            return ticket.department_id == actor.department_id
        case _:
            return True


def month_days(visits: Iterable[Visit], day: date, today: date) -> list[dict[str, Any]]:
    """Each day of the day's month with its visits; `twice`: the firm has several that month."""
    first, last = rules.month_of(day)
    listed = list(visits)
    times = queries.times_in_month({visit.enterprise_id for visit in listed}, day)
    by_day: dict[date, list[dict[str, Any]]] = {}
    for visit in listed:
        by_day.setdefault(visit.day, []).append(
            {
                "visit": visit,
                "times": times.get(visit.enterprise_id, 1),
                "missed": visit.state == VisitState.PLANNED and visit.day < today,
            }
        )
    count = (last - first).days + 1
    days = (first + timedelta(days=place) for place in range(count))
    return [{"day": one, "today": one == today, "entries": by_day.get(one, [])} for one in days]
