"""Gives what waits for a unit to whoever has a place again: what is due first, each once."""

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.auth.roles import SYSTEM
from portal.directory.models import Department
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing import reasons
from portal.routing.decision import CHOSEN, Decision
from portal.routing.service import queue_of
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service.assign import give
from portal.tickets.service.move import Ask, begin
from portal.tickets.service.waiting import look_again

SOON = timedelta(seconds=1)


def fill(department_id: int, now: datetime) -> int:
    """Gives out the places of a unit to what waits for one; how many were given.

    Safe to run twice and by two at once: the unit is held first. A ticket that somebody is just
    changing keeps its turn: the rest waits until the next look, a second later.
    """
    done = 0
    queue = queue_of(department_id, now)
    for ticket_id, choice in queue:
        if choice is None or choice.cadre is None:
            continue
        if not _free(ticket_id, department_id):
            outbox.put(outbox.VACANCY, {"department_id": department_id}, now, at=now + SOON)
            break
        ask = Ask(SYSTEM, ticket_id, now)
        ticket = begin(ask, Action.ROUTE)
        unit = db.session.get_one(Department, department_id).name
        words = [f"{unit}有了空位，先到期的先派", *reasons.chosen(choice)]
        ticket.route_reasons = [*ticket.route_reasons, *words]
        decision = Decision(department_id, choice.cadre.id, words, CHOSEN)
        give(ask, ticket, Action.ROUTE, decision)
        done += 1
    if done < len(queue):
        look_again(department_id, now)
    return done


def _free(ticket_id: int, department_id: int) -> bool:
    """Locks a ticket that still waits; False when somebody else holds it or it is gone."""
    query = select(Ticket.id).where(
        Ticket.id == ticket_id, Ticket.waiting_department_id == department_id
    )
    return db.session.scalar(query.with_for_update(skip_locked=True)) is not None
