"""Reads the load, the presence and the fairness of units over a period."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, Integer, func, literal_column, select

from portal.auth.models import User
from portal.directory.models import Department, Leave
from portal.extensions import db
from portal.kpi.periods import Period
from portal.routing import facts
from portal.routing.choice import Cadre, kin_of
from portal.routing.decision import CHOSEN
from portal.routing.fairness import Fairness, Given, Member, fairness
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent

LOCAL = ZoneInfo("Asia/Shanghai")
GIVEN_TO = "(ticket_event.payload ->> 'department_id')::integer"
GIVING = (Action.ROUTE, Action.DISPATCH, Action.REDIRECT)


@dataclass(frozen=True)
class Unit:
    """A unit with its cadres, how many tickets wait for a place in it, and how it was given to.

    `leave`: today's leave of a cadre, by the cadre.
    """

    id: int
    name: str
    cadres: tuple[Cadre, ...]
    leave: Mapping[int, Leave]
    waiting: int
    fairness: Fairness


def units(period: Period, now: datetime, department_id: int | None = None) -> list[Unit]:
    """Every active unit that has cadres, or one; a fixed number of queries."""
    query = select(Department.id, Department.name).where(Department.active)
    if department_id is not None:
        query = query.where(Department.id == department_id)
    rows = db.session.execute(query.order_by(Department.position, Department.id))
    names = {row.id: row.name for row in rows}
    today = now.astimezone(LOCAL).date()
    leaves = _leaves(Period(min(period.first, today), max(period.last, today)))
    away = {one.cadre_id: one for one in leaves if one.starts_on <= today <= one.ends_on}
    team: dict[int, list[Cadre]] = defaultdict(list)
    for cadre in facts.cadres(names, away).values():
        team[cadre.department_id].append(cadre)
    given, waits = _given(period, department_id), _waiting()
    days = _days_away(leaves, period)
    return [
        Unit(
            *(unit, name, tuple(team[unit])),
            leave={one.id: away[one.id] for one in team[unit] if one.id in away},
            waiting=waits.get(unit, 0),
            fairness=fairness(
                [Member(one.id, one.skills, days.get(one.id, frozenset())) for one in team[unit]],
                given.get(unit, []),
            ),
        )
        for unit, name in names.items()
        if team[unit]
    ]


def _given(period: Period, department_id: int | None) -> dict[int, list[Given]]:
    """What was given by choice in the period, by the unit it was given to; one statement."""
    since, before = period.bounds
    unit: ColumnElement[int] = literal_column(GIVEN_TO, Integer)  # as ix_ticket_event_given has it
    one = [] if department_id is None else [unit == department_id]
    cadre = TicketEvent.payload["assignee_id"].as_integer()
    day = func.date(func.timezone("Asia/Shanghai", TicketEvent.at))
    query = (
        select(unit, cadre, Ticket.category_id, day, func.count())
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            TicketEvent.at >= since,
            TicketEvent.at < before,
            TicketEvent.action.in_(GIVING),
            literal_column(f"ticket_event.payload ->> 'by' = '{CHOSEN}'", Boolean),
            *one,
        )
        .group_by(unit, cadre, Ticket.category_id, day)
    )
    parents = facts.parents_of_kinds()
    found: dict[int, list[Given]] = defaultdict(list)
    for unit_id, cadre_id, category_id, on, count in db.session.execute(query):
        found[unit_id].append(Given(cadre_id, kin_of(category_id, parents), on, count))
    return found


def _waiting() -> dict[int, int]:
    query = select(Ticket.waiting_department_id, func.count()).where(
        Ticket.waiting_department_id.is_not(None)
    )
    rows = db.session.execute(query.group_by(Ticket.waiting_department_id))
    return {unit: count for unit, count in rows if unit is not None}


def _leaves(period: Period) -> list[Leave]:
    query = select(Leave).join(User, User.id == Leave.cadre_id)
    query = query.where(Leave.starts_on <= period.last, Leave.ends_on >= period.first)
    return list(db.session.scalars(query.order_by(Leave.id)))


def _days_away(leaves: list[Leave], period: Period) -> dict[int, frozenset[date]]:
    """The days of the period on which each cadre was away."""
    found: dict[int, set[date]] = defaultdict(set)
    for one in leaves:
        day, last = max(one.starts_on, period.first), min(one.ends_on, period.last)
        while day <= last:
            found[one.cadre_id].add(day)
            day += timedelta(days=1)
    return {cadre: frozenset(days) for cadre, days in found.items()}
