"""Reads the directory: names for lists to choose from, and the administrator's lists."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import (
    Category,
    Chain,
    Department,
    Enterprise,
    Leave,
    Pairing,
    Region,
)
from portal.extensions import db
from portal.outbox.models import Message
from portal.paging import PAGE_SIZE, Cursor, Page, fetch
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

Named = type[Region] | type[Chain] | type[Category] | type[Department]


def names(model: Named) -> dict[int, str]:
    """The active rows of a list to choose from: id → name, in their order."""
    query = select(model.id, model.name).where(model.active)
    return dict(db.session.execute(query.order_by(model.position, model.id)).all())


def region_names() -> dict[int, str]:
    """The active regions."""
    return names(Region)


def chain_names() -> dict[int, str]:
    """The active chains."""
    return names(Chain)


def everything(model: Named) -> list[Any]:
    """All rows of a plain list, the inactive ones last."""
    query = select(model).order_by(model.active.desc(), model.position, model.id)
    return list(db.session.scalars(query))


def cadre_names() -> dict[int, str]:
    """The active cadres: id → name and department."""
    query = (
        select(User.id, User.name, Department.name)
        .join(Department, User.department_id == Department.id)
        .where(User.role == Role.CADRE, User.active)
        .order_by(Department.position, Department.id, User.name, User.id)
    )
    rows = db.session.execute(query)
    return {user_id: f"{name} · {department}" for user_id, name, department in rows}


def users(
    search: str, role: str | None, cursor: Cursor | None, address: Callable[..., str]
) -> Page[User]:
    """Accounts, newest first, that match a name, username or telephone number."""
    query = select(User).options(joinedload(User.department), joinedload(User.enterprise))
    if role is not None:
        query = query.where(User.role == role)
    if search:
        columns = (User.name, User.username, User.phone)
        query = query.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    return fetch(query, User.created_at, User.id, cursor, address, descending=True)


def users_by_role() -> dict[str, int]:
    """How many accounts have each role."""
    query = select(User.role, func.count()).group_by(User.role)
    return dict(db.session.execute(query).all())


def people_by_department() -> dict[int, int]:
    """How many active accounts belong to each department."""
    query = select(User.department_id, func.count()).where(User.active)
    rows = db.session.execute(query.group_by(User.department_id))
    return {department_id: count for department_id, count in rows if department_id is not None}


def open_count(user_id: int) -> int:
    """How many open tickets a person is to handle; a number only, no ticket is read."""
    query = select(func.count()).where(
        Ticket.assignee_id == user_id, Ticket.status != Status.CLOSED
    )
    return db.session.scalar(query) or 0


def leaves(cadre_id: int) -> list[Leave]:
    """A cadre's leave, latest first."""
    query = select(Leave).where(Leave.cadre_id == cadre_id).options(joinedload(Leave.deputy))
    return list(db.session.scalars(query.order_by(Leave.starts_on.desc(), Leave.id.desc())))


def leaves_between(starts_on: date, ends_on: date) -> list[Leave]:
    """All leave that touches the days from `starts_on` to `ends_on`."""
    query = select(Leave).where(Leave.starts_on <= ends_on, Leave.ends_on >= starts_on)
    return list(db.session.scalars(query.order_by(Leave.id)))


def enterprises(search: str, limit: int) -> list[Enterprise]:
    """Firms whose credit code is `search` or whose name contains it; an exact name alone wins."""
    exact = select(Enterprise).where(
        or_(Enterprise.uscc == search.upper(), Enterprise.name == search)
    )
    found = list(db.session.scalars(exact.limit(limit)))
    if found:
        return found
    like = select(Enterprise).where(Enterprise.name.icontains(search, autoescape=True))
    return list(db.session.scalars(like.order_by(Enterprise.name).limit(limit)))


def pairings(search: str, before: int | None, after: int | None) -> tuple[list[Pairing], bool]:
    """Pairings of firms by name or credit code, newest first, and whether more lie beyond.

    `before` asks for older rows than that id, `after` for newer ones.
    """
    query: Select[Any] = (
        select(Pairing)
        .join(Pairing.enterprise)
        .options(
            joinedload(Pairing.enterprise),
            joinedload(Pairing.owner).joinedload(User.department),
            joinedload(Pairing.deputy),
        )
    )
    if search:
        columns = (Enterprise.name, Enterprise.uscc)
        query = query.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    if after is not None:
        query = query.where(Pairing.id > after).order_by(Pairing.id)
    else:
        query = query.order_by(Pairing.id.desc())
    if before is not None:
        query = query.where(Pairing.id < before)
    rows = list(db.session.scalars(query.limit(PAGE_SIZE + 1)))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    return (rows[::-1] if after is not None else rows), more


def dead_messages(limit: int) -> list[Message]:
    """Messages that failed at every attempt and wait for a person, oldest first."""
    query = select(Message).where(Message.state == "dead").order_by(Message.id).limit(limit)
    return list(db.session.scalars(query))


def message_counts() -> dict[str, int]:
    """How many messages wait, and how many are dead; counted by partial indexes."""
    counts = {}
    for state in ("pending", "dead"):
        query = select(func.count()).where(Message.state == state)
        counts[state] = db.session.scalar(query) or 0
    return counts
