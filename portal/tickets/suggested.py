"""What the model suggests, as pages show it: to the dispatcher, and to a firm before it sends."""

from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

from portal.auth.roles import Actor, Role
from portal.directory.models import Category, Department
from portal.extensions import db
from portal.routing import rules
from portal.routing.service import active_rules
from portal.suggest import service
from portal.suggest.model import Suggestion
from portal.tickets.doors import ENDPOINTS
from portal.tickets.forms import new_key
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket

_BEFORE_A_DESK = frozenset({Status.SUBMITTED, Status.TRIAGE})
Found = tuple[Category, Suggestion]


def category_for(ticket: Ticket) -> Found | None:
    """Another category that the model is sure of."""
    return _ask(ticket.title, ticket.description, ticket.category_id)


def for_draft(fields: dict[str, Any], category: Category) -> dict[str, Any] | None:
    """What the check page says of a draft filed under `category`; None: nothing to say."""
    found = _ask(fields.get("title") or "", fields.get("description") or "", category.id)
    return None if found is None else _words(found)


def panel(ticket: Ticket, actor: Actor) -> dict[str, Any] | None:
    """The suggestion beside a ticket that waits for its desk; None for all but the dispatcher."""
    if actor.role is not Role.DISPATCHER or ticket.status not in _BEFORE_A_DESK:
        return None
    found = category_for(ticket)
    if found is None:
        return None
    return {
        **_words(found),
        "unit": unit_by_rule(ticket, found[0]),
        "url": url_for(ENDPOINTS[Action.RECATEGORISE], number=ticket.number),
        "fields": {"version": ticket.version, "key": new_key(), "category_id": found[0].id},
    }


def unit_by_rule(ticket: Ticket, category: Category) -> Department | None:
    """The department that the dispatch rules would give the ticket if it were of `category`."""
    facts = rules.RouteFacts(
        category.id, ticket.region_id, ticket.chain_id, str(ticket.urgency), category.parent_id
    )
    try:
        rule = rules.best_rule(active_rules(), facts)
    except rules.Tie:
        return None
    return None if rule is None else db.session.get(Department, rule.department_id)


def _ask(title: str, text: str, chosen: int) -> Found | None:
    threshold = current_app.config["SUGGEST_THRESHOLD"] / 100
    return service.suggest(title, text, threshold, chosen)


def _words(found: Found) -> dict[str, Any]:
    category, suggestion = found
    return {
        "category": category,
        "percent": int(suggestion.confidence * 100),
        "words": _("、").join(suggestion.words),
    }
