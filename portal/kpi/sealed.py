"""How many sealed tickets stand in a figure, for what is read by the units complained about."""

from datetime import datetime

from sqlalchemy import func, select

from portal.directory import category_queries
from portal.extensions import db
from portal.kpi.conditions import Dimensions, definition, inside
from portal.kpi.periods import Period
from portal.kpi.ticket_conditions import Condition
from portal.tickets.models import Ticket

NAMES_A_UNIT: Condition = Ticket.sealed & Ticket.sealed_about_id.is_not(None)


def by_category(period: Period, now: datetime) -> dict[int, int]:
    """The accepted sealed tickets that name a unit, by category of the first level.

    As `cells.by` counts them as of `now` (UTC); two statements, on the index of sealed tickets.
    """
    rule = definition("resolution_gross", now)
    wanted = NAMES_A_UNIT, *Dimensions().where(), inside(rule.at, period), rule.d
    query = select(Ticket.category_id, func.count()).where(*wanted).group_by(Ticket.category_id)
    above, found = category_queries.above(), dict[int, int]()
    for category_id, n in db.session.execute(query):
        first = above.get(category_id, category_id)
        found[first] = found.get(first, 0) + n
    return found
