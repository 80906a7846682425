"""Whom a ticket can be given to: the departments and cadres that forms offer."""

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import DEPARTMENT_ROLES, Role
from portal.directory.models import Category, Department
from portal.extensions import db
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

OFFERED = 5  # of a firm's other tickets


def departments() -> dict[int, str]:
    """The active departments, id → name, in their order."""
    query = select(Department.id, Department.name).where(Department.active)
    return dict(db.session.execute(query.order_by(Department.position, Department.id)).all())


def cadres(department_id: int | None = None) -> dict[str, dict[int, str]]:
    """The active cadres by department name, id → name; of one department where given."""
    query = (
        select(Department.name, User.id, User.name)
        .join(User, User.department_id == Department.id)
        .where(User.role == Role.CADRE, User.active, Department.active)
        .order_by(Department.position, Department.id, User.id)
    )
    if department_id is not None:
        query = query.where(Department.id == department_id)
    grouped: dict[str, dict[int, str]] = {}
    for department, user_id, name in db.session.execute(query):
        grouped.setdefault(department, {})[user_id] = name
    return grouped


def colleagues(department_id: int | None) -> dict[int, str]:
    """The active people of a department, cadres and reviewers, id → name."""
    query = select(User.id, User.name).where(
        User.department_id == department_id, User.role.in_(DEPARTMENT_ROLES), User.active
    )
    return dict(db.session.execute(query.order_by(User.id)).all())


def others_of_firm(ticket: Ticket) -> list[str]:
    """Number and title of the firm's other open tickets, the newest few."""
    query = select(Ticket.number, Ticket.title).where(
        Ticket.enterprise_id == ticket.enterprise_id,
        Ticket.status != Status.CLOSED,
        Ticket.id != ticket.id,
        Ticket.sealed.is_(False),
    )
    newest = query.order_by(Ticket.id.desc()).limit(OFFERED)
    return [f"{number} {title}" for number, title in db.session.execute(newest)]


def categories(parent_id: int | None = None) -> list[Category]:
    """The active categories of the first level, or the kinds of one of them, in their order."""
    query = select(Category).where(
        Category.active, Category.parent_id.is_not_distinct_from(parent_id)
    )
    return list(db.session.scalars(query.order_by(Category.position, Category.id)))


def divided() -> set[int]:
    """The ids of the categories that have kinds to choose from."""
    query = select(Category.parent_id).where(Category.active, Category.parent_id.is_not(None))
    return {parent_id for parent_id in db.session.scalars(query.distinct()) if parent_id}
