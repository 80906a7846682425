"""Reads cadres with their load, capacity, skills and presence; numbers only, never a ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES, Role
from portal.directory.models import Category, Chain, Department, Leave, Pairing, Skill
from portal.extensions import db
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

# As routing counts it: a ticket that waits for the firm is no load.
LOAD = (Status.ASSIGNED, Status.IN_PROGRESS, Status.NEEDS_INFO, Status.ON_HOLD)


@dataclass(frozen=True)
class CadreRow:
    """A cadre today: `leave` is the one that runs, `load` open tickets, `skills` names."""

    user: User
    load: int
    skills: list[str]
    leave: Leave | None

    @property
    def full(self) -> bool:
        """Whether no more fits."""
        return self.user.capacity is not None and self.load >= self.user.capacity


def cadres_of(department_id: int, day: date) -> list[CadreRow]:
    """The cadres of a department in use, as they stand on a local day."""
    query = select(User).where(
        User.department_id == department_id, User.role == Role.CADRE, User.active
    )
    people = list(db.session.scalars(query.order_by(User.name, User.id)))
    ids = [user.id for user in people]
    loads, known, away = loads_of(ids), skills_by_cadre(ids), leave_on(ids, day)
    return [
        CadreRow(user, loads.get(user.id, 0), known.get(user.id, []), away.get(user.id))
        for user in people
    ]


def reviewers_of(department_id: int) -> list[User]:
    """The reviewers of a department in use."""
    query = select(User).where(
        User.department_id == department_id, User.role == Role.REVIEWER, User.active
    )
    return list(db.session.scalars(query.order_by(User.name, User.id)))


def loads_of(cadre_ids: Iterable[int]) -> dict[int, int]:
    """How many open tickets each of some cadres has to work on."""
    query = (
        select(Ticket.assignee_id, func.count())
        .where(Ticket.assignee_id.in_(list(cadre_ids)), Ticket.status.in_(LOAD))
        .group_by(Ticket.assignee_id)
    )
    return {one: count for one, count in db.session.execute(query) if one is not None}


def skills_by_cadre(cadre_ids: Iterable[int]) -> dict[int, list[str]]:
    """The names of the categories that each of some cadres knows."""
    query = (
        select(Skill.cadre_id, Category.name)
        .join(Category, Category.id == Skill.category_id)
        .where(Skill.cadre_id.in_(list(cadre_ids)))
        .order_by(Category.position, Category.id)
    )
    known: dict[int, list[str]] = {}
    for cadre_id, name in db.session.execute(query):
        known.setdefault(cadre_id, []).append(name)
    return known


def leave_on(cadre_ids: Iterable[int], day: date) -> dict[int, Leave]:
    """The leave of each of some cadres that holds on a local day."""
    query = select(Leave).where(
        Leave.cadre_id.in_(list(cadre_ids)), Leave.starts_on <= day, Leave.ends_on >= day
    )
    rows = db.session.scalars(query.options(joinedload(Leave.deputy)))
    return {leave.cadre_id: leave for leave in rows}


def paired_count(cadre_id: int, day: date) -> int:
    """How many firms a cadre stands for on a local day."""
    query = select(func.count()).where(
        Pairing.owner_id == cadre_id,
        Pairing.starts_on <= day,
        or_(Pairing.ends_on.is_(None), Pairing.ends_on >= day),
    )
    return db.session.scalar(query) or 0


def named_with_units(cadre_id: int | None = None) -> dict[int, str]:
    """Every cadre in use, or just one, in use or not: id → “name · unit”, unit by unit."""
    query = select(User.id, User.name, Department.name).outerjoin(User.department)
    query = query.where(User.role == Role.CADRE).order_by(Department.position, User.name, User.id)
    query = query.where(User.active if cadre_id is None else User.id == cadre_id)
    return {
        row_id: f"{name} · {unit}" if unit else name
        for row_id, name, unit in db.session.execute(query)
    }


def chief_of(user_id: int) -> list[str]:
    """The chains in use whose chief is this account."""
    query = select(Chain.name).where(Chain.chief_id == user_id, Chain.active)
    return list(db.session.scalars(query.order_by(Chain.position, Chain.id)))


def chiefs() -> dict[int, str]:
    """The accounts that can be a chain's chief: id → name."""
    query = select(User.id, User.name).where(User.role.in_(OVERSIGHT_ROLES), User.active)
    return dict(db.session.execute(query.order_by(User.name, User.id)).all())
