"""What the filters of a search offer one reader: one statement for all the lists."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import literal, null, select, true, union_all

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import db


class Named(NamedTuple):
    """One choice; a child stands below its parent."""

    id: int
    name: str
    parent_id: int | None
    active: bool = True


@dataclass
class Offered:
    """The choices by list in their order; what is out of use is not offered, yet narrows with what
    it stands below."""

    departments: list[Named] = field(default_factory=list)
    categories: list[Named] = field(default_factory=list)
    cadres: list[Named] = field(default_factory=list)
    regions: list[Named] = field(default_factory=list)
    chains: list[Named] = field(default_factory=list)


def offered(actor: Actor) -> Offered:
    """The choices for the actor: a firm gets categories, a unit's reviewer its own cadres."""
    parts = [_part("categories", Category, Category.parent_id)]
    if actor.role is not Role.APPLICANT:
        parts += [_part("regions", Region), _part("chains", Chain)]
    if actor.role not in (Role.APPLICANT, Role.CADRE):
        parts.append(_cadres(actor.department_id if actor.role is Role.REVIEWER else None))
    if actor.role not in (Role.APPLICANT, Role.CADRE, Role.REVIEWER):
        parts.append(_part("departments", Department, Department.parent_id))
    found = Offered()
    listed = union_all(*parts).subquery()
    order = (listed.c.position, listed.c.id)
    for kind, _position, *row in db.session.execute(select(listed).order_by(*order)):
        getattr(found, kind).append(Named(*row))
    return found


def _part(kind: str, model: Any, parent: Any = None) -> Any:
    above = null() if parent is None else parent
    return select(
        literal(kind).label("kind"),
        model.position.label("position"),
        model.id.label("id"),
        model.name.label("name"),
        above.label("parent_id"),
        model.active.label("active"),
    )


def _cadres(department_id: int | None) -> Any:
    query = select(
        literal("cadres").label("kind"),
        Department.position.label("position"),
        User.id.label("id"),
        (User.name + " · " + Department.name).label("name"),
        null().label("parent_id"),
        true().label("active"),
    ).join(Department, User.department_id == Department.id)
    if department_id is not None:
        query = query.where(Department.id == department_id)
    return query.where(User.role == Role.CADRE, User.active)
