"""Sealed tickets 密件: which units a complaint is kept from, and what that keeps from a reader.

A unit's line is the unit, all above it and all below it: a complaint about one of them is kept from
the whole line, since each of them works under or over the people complained about
(docs/decisions/sealed.md).
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, false, or_, select, true, union
from sqlalchemy.orm import aliased

from portal.auth.models import User
from portal.auth.roles import Actor
from portal.directory.models import Department
from portal.extensions import db
from portal.tickets.models import Ticket


def line(department_id: int) -> CompoundSelect[Any]:
    """The ids of a unit's line, to be used inside another statement."""
    unit = select(Department.id, Department.parent_id).where(Department.id == department_id)
    above = unit.cte(recursive=True)
    parent = select(Department.id, Department.parent_id)
    above = above.union(parent.join(above, Department.id == above.c.parent_id))
    below = select(Department.id).where(Department.id == department_id).cte(recursive=True)
    child = select(Department.id).join(below, Department.parent_id == below.c.id)
    below = below.union(child)
    return union(select(above.c.id), select(below.c.id))


def line_of(department_id: int | None) -> frozenset[int]:
    """The ids of a unit's line; empty for no unit."""
    if department_id is None:
        return frozenset()
    return frozenset(db.session.scalars(line(department_id)))


def avoided(ticket: Ticket) -> frozenset[int]:
    """The units that must not get the ticket: the line of the one complained about."""
    return line_of(ticket.sealed_about_id) if ticket.sealed else frozenset()


def open_to(actor: Actor) -> ColumnElement[bool]:
    """Tickets that are not kept from the actor's unit; who is of no unit has none kept from them.

    The flag comes first, so that a ticket that is not sealed costs one comparison; the line is read
    once a statement, and only when a sealed ticket is met.
    """
    if actor.department_id is None:
        return true()
    return or_(
        Ticket.sealed.is_(False),
        Ticket.sealed_about_id.is_(None),
        Ticket.sealed_about_id.not_in(line(actor.department_id)),
    )


def kept_from(actor: Actor) -> Select[int]:
    """The ids of the tickets that are kept from the actor's unit: few, read from their own index.

    For rows that name a ticket without being one, such as a notice.
    """
    query = select(Ticket.id).where(Ticket.sealed)
    if actor.department_id is None:
        return query.where(false())
    return query.where(Ticket.sealed_about_id.in_(line(actor.department_id)))


def kept_numbers(actor: Actor) -> frozenset[str]:
    """The numbers of the tickets that are kept from the actor's unit; nothing for who has none."""
    if actor.department_id is None:
        return frozenset()
    kept = kept_from(actor).with_only_columns(Ticket.number)
    return frozenset(db.session.scalars(kept))


def barred(ticket_id: int | None, user_ids: Collection[int]) -> set[int]:
    """Those of the people from whom the ticket is kept."""
    ticket = None if ticket_id is None else db.session.get(Ticket, ticket_id)
    units = frozenset() if ticket is None else avoided(ticket)
    if not units:
        return set()
    query = select(User.id).where(User.id.in_(user_ids), User.department_id.in_(units))
    return set(db.session.scalars(query))


def misplaced() -> list[int]:
    """Sealed tickets that wait for, or are with, the line complained about: somebody moved.

    Few rows are sealed and open; the line of each is looked at once.
    """
    cadre = aliased(User)
    query = (
        select(
            *(Ticket.id, Ticket.sealed_about_id, Ticket.department_id),
            *(Ticket.waiting_department_id, cadre.department_id),
        )
        .outerjoin(cadre, cadre.id == Ticket.assignee_id)
        .where(Ticket.sealed, Ticket.sealed_about_id.is_not(None), Ticket.status != "closed")
        .order_by(Ticket.id)
    )
    found, lines = [], dict[int | None, frozenset[int]]()
    for ticket_id, about, *units in db.session.execute(query):
        if about not in lines:
            lines[about] = line_of(about)
        if any(unit in lines[about] for unit in units):
            found.append(ticket_id)
    return found
