"""Gathers what a choice needs to know: who is there, who is away, what waits; and locks the units.

Lock order, the same for whatever moves a ticket: tickets by id first, then units by id, and no
ticket after a unit, except one that nobody else holds (SKIP LOCKED).
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import func, or_, select, tuple_

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import Category, Department, Leave, Pairing, Skill
from portal.extensions import db
from portal.routing.choice import Cadre, Wanted, kin_of
from portal.tickets.lifecycle import LOAD
from portal.tickets.models import Ticket


def absences(day: date) -> dict[int, int | None]:
    """Who is on leave on a local day, each with the deputy named in the leave."""
    query = select(Leave.cadre_id, Leave.deputy_id).where(
        Leave.starts_on <= day, Leave.ends_on >= day
    )
    return dict(db.session.execute(query).all())


def pairing_of(enterprise_id: int, day: date) -> Pairing | None:
    """The standing pairing of a firm on a local day; of several the latest."""
    query = select(Pairing).where(
        Pairing.enterprise_id == enterprise_id,
        Pairing.starts_on <= day,
        or_(Pairing.ends_on.is_(None), Pairing.ends_on >= day),
    )
    return db.session.scalars(query.order_by(Pairing.starts_on.desc(), Pairing.id)).first()


def members(department_id: int) -> list[int]:
    """The ids of a unit's active cadres."""
    query = select(User.id).where(
        User.department_id == department_id, User.role == Role.CADRE, User.active
    )
    return list(db.session.scalars(query))


def lock(department_ids: Collection[int]) -> None:
    """Holds these units until the transaction ends, so that choices at once count each other.

    In the order of their ids, all that a choice looks at in one go: no two wait for each other.
    """
    query = select(Department.id).where(Department.id.in_(sorted(department_ids)))
    # NO KEY UPDATE: whoever only refers to the unit does not wait.
    db.session.execute(query.order_by(Department.id).with_for_update(key_share=True))


def cadres(
    department_ids: Collection[int], away: Collection[int], others: Collection[int] = ()
) -> dict[int, Cadre]:
    """The active cadres of these units, and `others` by their ids, with load, capacity and skills.

    Call it after `lock`: what it counts stays true until the transaction ends.
    """
    mine = Ticket.assignee_id == User.id
    load = select(func.count()).where(mine, Ticket.status.in_(sorted(LOAD))).scalar_subquery()
    idle = select(func.max(Ticket.assigned_at)).where(mine).scalar_subquery()
    known = select(func.array_agg(Skill.category_id)).where(Skill.cadre_id == User.id)
    query = select(
        *(User.id, User.name, load, idle, User.department_id, User.capacity),
        known.scalar_subquery(),
    ).where(
        or_(User.department_id.in_(department_ids), User.id.in_(others)),
        User.role == Role.CADRE,
        User.active,
    )
    return {
        row.id: Cadre(
            *(row.id, row.name, row[2], row[3]),
            department_id=row.department_id or 0,
            capacity=row.capacity,
            away=row.id in away,
            skills=frozenset(row[6] or ()),
        )
        for row in db.session.execute(query.order_by(User.id))
    }


def waiting(department_id: int, before: Ticket | None = None) -> list[Wanted]:
    """The tickets that wait for a place in a unit, what is due first in front (lessons.md 25).

    `before`: only those whose turn comes before this one.
    """
    query = select(Ticket.id, Ticket.category_id).where(
        Ticket.waiting_department_id == department_id
    )
    if before is not None:
        query = query.where(Ticket.id != before.id)
    if before is not None and before.next_due_at is not None:
        turn = tuple_(Ticket.next_due_at, Ticket.id)
        query = query.where(turn < tuple_(before.next_due_at, before.id))
    rows = db.session.execute(query.order_by(Ticket.next_due_at, Ticket.id)).all()
    parents = parents_of_kinds() if rows else {}
    return [Wanted(ticket_id, kin_of(category, parents)) for ticket_id, category in rows]


def wanted(ticket: Ticket, excluded: frozenset[int] = frozenset()) -> Wanted:
    """The ticket as the choice sees it."""
    return Wanted(ticket.id, kin_of(ticket.category_id, parents_of_kinds()), excluded)


def parents_of_kinds() -> dict[int, int]:
    """The parent of each category of the second level."""
    query = select(Category.id, Category.parent_id).where(Category.parent_id.is_not(None))
    return {one: parent for one, parent in db.session.execute(query) if parent is not None}
