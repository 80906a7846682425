"""All that a search finds, as conditions on Ticket: for a file of it, not for a page."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY

from portal.auth.roles import Actor, Role
from portal.search.models import TicketText
from portal.search.queries import PLACES, Search
from portal.search.terms import tsquery
from portal.tickets.models import Ticket
from portal.tickets.queries import visible


def matching(actor: Actor, search: Search, now: datetime) -> list[ColumnElement[bool]]:
    """What the actor may see of it, to be joined by AND; the same tickets as the pages list."""
    conditions = [visible(actor), *search.chosen.where(now)]
    if not search.terms:
        return conditions
    asked = cast(literal(tsquery(search.terms, PLACES[3])), TSQUERY)
    columns = [TicketText.head, TicketText.body, TicketText.replies]
    if actor.role is not Role.APPLICANT:
        columns.append(TicketText.inner)
    held = and_(*(or_(*(func.strpos(one, term) > 0 for one in columns)) for term in search.terms))
    found = select(TicketText.ticket_id).where(TicketText.grams.op("@@")(asked), held)
    return [*conditions, Ticket.id.in_(found)]
