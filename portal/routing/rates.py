"""How often what a rule routed came back: the return rate by rule, and its tickets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor
from portal.extensions import db
from portal.kpi.intervals import wilson
from portal.paging import Cursor, Page, fetch
from portal.routing.models import DispatchRule
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.queries import visible

FEWEST = 20  # no rate of fewer tickets is ranked (domain.md §5)


@dataclass(frozen=True)
class ReturnRate:
    """n of d tickets that a rule routed were taken back from its unit."""

    number: int
    n: int
    d: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson interval of 95 %, None where nothing was routed."""
        return wilson(self.n, self.d)

    @property
    def ranked(self) -> bool:
        """Whether there are enough tickets to rank it."""
        return self.d >= FEWEST


def return_rates() -> list[ReturnRate]:
    """Every rule that ever routed a ticket: those with enough tickets first, the worst on top.

    A rule keeps its number through the versions that hold it, and so its rate.
    """
    query = _routed(DispatchRule.number, func.count(), func.count().filter(_came_back()))
    rows = db.session.execute(query.group_by(DispatchRule.number))
    found = [ReturnRate(row[0], row[2], row[1]) for row in rows]
    return sorted(found, key=lambda one: (not one.ranked, -one.n / one.d, one.number))


def routed(
    actor: Actor,
    number: int,
    cursor: Cursor | None,
    address: Callable[..., str],
    *,
    returned: bool,
) -> Page[Ticket]:
    """The tickets behind d, or behind n, as far as the actor sees them, newest first."""
    query = _routed(Ticket).where(DispatchRule.number == number, visible(actor))
    if returned:
        query = query.where(_came_back())
    query = query.options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    return fetch(query, Ticket.submitted_at, Ticket.id, cursor, address, descending=True)


def _routed(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Tickets with the rule that routed them."""
    return select(*columns).join_from(Ticket, DispatchRule, Ticket.rule_id == DispatchRule.id)


def _came_back() -> ColumnElement[bool]:
    """Taken back from the unit that the rule had named; a later return is not the rule's."""
    back = select(TicketEvent.id).where(
        TicketEvent.ticket_id == Ticket.id,
        TicketEvent.action == Action.RETURN,
        TicketEvent.payload["department_id"].as_integer() == DispatchRule.department_id,
    )
    return (Ticket.returned > 0) & back.exists()
