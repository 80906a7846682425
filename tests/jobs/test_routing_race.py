"""Four processes route at once: nobody over capacity, equals within one, each with reasons."""

from flask import Flask
from sqlalchemy import select

from portal.extensions import db
from portal.tickets.models import Ticket
from portal.tickets.service import applicant
from portal.tickets.service.move import Ask
from tests.factories import MONDAY, Town
from tests.routers import faults, make_teams, route_at_once, submit_many

TICKETS = 120  # 20 for each of the six teams
PROCESSES = 4


def test_four_routers_at_once_share_evenly_among_equals(app: Flask, town: Town) -> None:
    teams = make_teams(town)
    submit_many(town, teams, TICKETS, MONDAY)
    route_at_once(app, PROCESSES, MONDAY)
    assert faults(teams, TICKETS, None) == []


def test_nobody_gets_more_than_they_can_hold_and_free_places_are_given_once(
    app: Flask, town: Town
) -> None:
    teams = make_teams(town, 2)
    submit_many(town, teams, TICKETS, MONDAY)
    route_at_once(app, PROCESSES, MONDAY)
    assert faults(teams, TICKETS, 2) == []
    held = list(db.session.scalars(select(Ticket.id).where(Ticket.assignee_id.is_not(None))))
    for ticket_id in held[::2]:
        applicant.withdraw(Ask(town.firm, ticket_id, MONDAY), "已自行解决")
    db.session.commit()
    route_at_once(app, PROCESSES, MONDAY)
    assert faults(teams, TICKETS - len(held[::2]), 2) == []
