"""Reads what a replay needs: past tickets, pairings, teams and leave, in a few statements."""

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import Category, Leave, Pairing, Skill
from portal.extensions import db
from portal.kpi.periods import Period, local_day
from portal.routing.facts import parents_of_kinds
from portal.routing.replay import Absence, Past, People
from portal.routing.rules import RouteFacts
from portal.tickets.models import Ticket

_KIND = (Category.parent_id, Category.by_pairing)


def past_tickets(period: Period, most: int | None = None) -> list[Past]:
    """The tickets submitted on the local days of a period, in the order of their submission.

    `most`: only so many of them, the newest.
    """
    kinds = {row.id: row for row in db.session.execute(select(Category.id, *_KIND))}
    pairings = _pairings()
    found = []
    for row in reversed(db.session.execute(_tickets(period).limit(most)).all()):
        kind = kinds[row.category_id]
        facts = RouteFacts(
            row.category_id, row.region_id, row.chain_id, row.urgency, kind.parent_id
        )
        pairing = None
        if kind.by_pairing and row.enterprise_id in pairings:
            pairing = _pairing(pairings[row.enterprise_id], row.submitted_at)
        found.append(Past(facts, row.department_id, pairing, row.submitted_at, row.closed_at))
    return found


def _tickets(period: Period) -> Select[*tuple[Any, ...]]:
    start, end = period.bounds
    return (
        select(
            Ticket.category_id,
            Ticket.region_id,
            Ticket.chain_id,
            Ticket.urgency,
            Ticket.enterprise_id,
            Ticket.department_id,
            Ticket.submitted_at,
            Ticket.closed_at,
        )
        .where(Ticket.submitted_at >= start, Ticket.submitted_at < end)
        .order_by(Ticket.submitted_at.desc(), Ticket.id.desc())
    )


def people() -> People:
    """The active cadres by unit, all leave, and who knows which categories."""
    teams: dict[int, list[int]] = defaultdict(list)
    query = select(User.department_id, User.id).where(User.role == Role.CADRE, User.active)
    for unit, cadre in db.session.execute(query.order_by(User.id)):
        if unit is not None:
            teams[unit].append(cadre)
    leave = select(Leave.cadre_id, Leave.deputy_id, Leave.starts_on, Leave.ends_on)
    skills: dict[int, set[int]] = defaultdict(set)
    for cadre, category in db.session.execute(select(Skill.cadre_id, Skill.category_id)):
        skills[cadre].add(category)
    return People(
        teams,
        [Absence(*row) for row in db.session.execute(leave)],
        {cadre: frozenset(known) for cadre, known in skills.items()},
        parents_of_kinds(),
    )


def _pairings() -> dict[int, list[Pairing]]:
    """The pairings of each firm, the newest first."""
    found: dict[int, list[Pairing]] = defaultdict(list)
    query = select(Pairing).order_by(Pairing.starts_on.desc(), Pairing.id)
    for one in db.session.scalars(query):
        found[one.enterprise_id].append(one)
    return found


def _pairing(pairings: list[Pairing], at: datetime) -> tuple[int, int | None] | None:
    day = local_day(at)
    for one in pairings:
        if one.starts_on <= day and (one.ends_on is None or day <= one.ends_on):
            return one.owner_id, one.deputy_id
    return None
