"""Reads the directory: names for lists to choose from, and the administrator's lists."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import (
    Category,
    Chain,
    Department,
    DirectoryChange,
    Enterprise,
    EnterpriseClass,
    Leave,
    Pairing,
    Region,
)
from portal.extensions import db
from portal.outbox.models import Message
from portal.paging import PAGE_SIZE, Cursor, Page, fetch
from portal.plaintext import phone_code
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

Named = type[Region] | type[Chain] | type[Category] | type[Department]


Tree = TypeVar("Tree", Category, Department)
CHANGES_SHOWN = 30
INDENT = "\N{EM SPACE}"  # a plain blank at the start of an option is not shown


def names(model: Named) -> dict[int, str]:
    """The active rows of a list to choose from: id → name, in their order.

    A category of the second level stands after its parent and is named with it.
    """
    if model is Category:
        rows = in_tree(db.session.scalars(select(Category).where(Category.active)))
        top = {row.id: row.name for row, depth in rows if not depth}
        return {
            row.id: f"{top[row.parent_id]} › {row.name}" if row.parent_id in top else row.name
            for row, _depth in rows
        }
    query = select(model.id, model.name).where(model.active)
    return dict(db.session.execute(query.order_by(model.position, model.id)).all())


def in_tree(rows: Iterable[Tree]) -> list[tuple[Tree, int]]:
    """Rows of a tree in reading order, each with its depth from 0.

    Among brothers the active ones come first, by position. A row whose parent is not among the
    rows stands at the top; so does what hangs in a loop, which no door lets in.
    """
    everything = sorted(rows, key=lambda row: (not row.active, row.position, row.id))
    present = {row.id for row in everything}
    below: dict[int | None, list[Tree]] = {}
    for row in everything:
        below.setdefault(row.parent_id if row.parent_id in present else None, []).append(row)
    ordered: list[tuple[Tree, int]] = []
    stack = [(row, 0) for row in reversed(below.get(None, []))]
    while stack:
        row, depth = stack.pop()
        ordered.append((row, depth))
        stack += [(child, depth + 1) for child in reversed(below.get(row.id, []))]
    placed = {row.id for row, _depth in ordered}
    return [*ordered, *((row, 0) for row in everything if row.id not in placed)]


def departments(search: str) -> list[tuple[Department, int]]:
    """All units as a tree, or those whose name holds `search` with all that stand above them."""
    rows = list(db.session.scalars(select(Department)))
    if search:
        by_id = {row.id: row for row in rows}
        kept: set[int] = set()
        for row in rows:
            place: Department | None = row if search.lower() in row.name.lower() else None
            while place is not None and place.id not in kept:
                kept.add(place.id)
                place = by_id.get(place.parent_id) if place.parent_id is not None else None
        rows = [row for row in rows if row.id in kept]
    return in_tree(rows)


def department_choices(without: int | None) -> dict[int, str]:
    """The active units to hang another one under: id → name, indented by depth.

    `without`: the unit that is moved; it and what stands below it are left out.
    """
    offered, hidden = {}, set()
    for row, depth in in_tree(db.session.scalars(select(Department).where(Department.active))):
        if row.id == without or row.parent_id in hidden:
            hidden.add(row.id)
            continue
        offered[row.id] = f"{INDENT * depth}{row.name}"
    return offered


def top_categories(without: int | None) -> dict[int, str]:
    """The active categories of the first level, but one: id → name."""
    query = select(Category.id, Category.name).where(
        Category.active, Category.parent_id.is_(None), Category.id != (without or 0)
    )
    return dict(db.session.execute(query.order_by(Category.position, Category.id)).all())


def classes_on(enterprise_id: int, day: date) -> list[str]:
    """The titles (codes of models.CLASSES) that a firm holds on a local day, for its figures."""
    query = select(EnterpriseClass.name).where(
        EnterpriseClass.enterprise_id == enterprise_id,
        EnterpriseClass.valid_from <= day,
        or_(EnterpriseClass.valid_to.is_(None), EnterpriseClass.valid_to >= day),
    )
    return list(db.session.scalars(query.order_by(EnterpriseClass.name)))


def changes_of(noun: str, row_id: int) -> list[DirectoryChange]:
    """The newest changes of a row, each with who made it."""
    query = (
        select(DirectoryChange)
        .where(DirectoryChange.noun == noun, DirectoryChange.row_id == row_id)
        .options(joinedload(DirectoryChange.actor))
        .order_by(DirectoryChange.id.desc())
    )
    return list(db.session.scalars(query.limit(CHANGES_SHOWN)))


def region_names() -> dict[int, str]:
    """The active regions."""
    return names(Region)


def chain_names() -> dict[int, str]:
    """The active chains."""
    return names(Chain)


def places(model: type[Region] | type[Chain]) -> list[Any]:
    """All rows of a plain list, the inactive ones last; chains with their chiefs."""
    query = select(model).order_by(model.active.desc(), model.position, model.id)
    if model is Chain:
        query = query.options(joinedload(Chain.chief))
    return list(db.session.scalars(query))


def categories() -> list[tuple[Category, int]]:
    """All categories as a tree."""
    return in_tree(db.session.scalars(select(Category)))


def units_below(department_id: int) -> list[Department]:
    """The units right under one."""
    query = select(Department).where(Department.parent_id == department_id)
    order = Department.active.desc(), Department.position, Department.id
    return list(db.session.scalars(query.order_by(*order)))


def cadre_names(department_id: int | None = None) -> dict[int, str]:
    """The active cadres, or those of one unit: id → name and department."""
    query = (
        select(User.id, User.name, Department.name)
        .join(Department, User.department_id == Department.id)
        .where(User.role == Role.CADRE, User.active)
        .order_by(Department.position, Department.id, User.name, User.id)
    )
    if department_id is not None:
        query = query.where(User.department_id == department_id)
    rows = db.session.execute(query)
    return {user_id: f"{name} · {department}" for user_id, name, department in rows}


def users(
    search: str, role: str | None, cursor: Cursor | None, address: Callable[..., str]
) -> Page[User]:
    """Accounts, newest first, that match a name, a username or a whole telephone number."""
    query = select(User).options(joinedload(User.department), joinedload(User.enterprise))
    if role is not None:
        query = query.where(User.role == role)
    if search:
        columns = (User.name, User.username)
        found = [c.icontains(search, autoescape=True) for c in columns]
        query = query.where(or_(*found, User.phone_index == phone_code(search)))
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


def pairings(
    search: str, cadre_id: int | None, before: int | None, after: int | None
) -> tuple[list[Pairing], bool]:
    """Pairings of firms by name or credit code, newest first, and whether more lie beyond.

    `cadre_id`: only those of which this cadre is owner or deputy. `before` asks for older rows
    than that id, `after` for newer ones.
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
        columns = (Enterprise.name, Enterprise.short_name, Enterprise.uscc)
        query = query.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    if cadre_id is not None:
        query = query.where(or_(Pairing.owner_id == cadre_id, Pairing.deputy_id == cadre_id))
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
