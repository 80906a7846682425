"""Reads the rulebook: the rules of a version as the pure rules see them, versions, the world."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.models import Category, Chain, Department, Region
from portal.errors import NotFound
from portal.extensions import db
from portal.routing.changes import Conditions
from portal.routing.findings import World
from portal.routing.models import DispatchRule, Rulebook, RulebookEdit
from portal.routing.rules import Rule
from portal.tickets.models import Ticket

_PEOPLE = (joinedload(Rulebook.made_by), joinedload(Rulebook.enacted_by), joinedload(Rulebook.base))


def active_rules() -> list[Rule]:
    """The dispatch rules in force."""
    return _rules(Rulebook.state == "in_force")


def rules_of(rulebook_id: int | None) -> list[Rule]:
    """The rules of a version; of None there are none."""
    return [] if rulebook_id is None else _rules(Rulebook.id == rulebook_id)


def _rules(which: ColumnElement[bool]) -> list[Rule]:
    query = (
        select(
            DispatchRule.id,
            DispatchRule.category_id,
            DispatchRule.region_id,
            DispatchRule.chain_id,
            DispatchRule.urgency,
            DispatchRule.department_id,
            Category.parent_id,
            DispatchRule.number,
            Rulebook.version,
        )
        .join(Rulebook, Rulebook.id == DispatchRule.rulebook_id)
        .outerjoin(Category, Category.id == DispatchRule.category_id)
        .where(which)
    )
    return [Rule(*row) for row in db.session.execute(query.order_by(DispatchRule.id))]


def in_force() -> Rulebook | None:
    """The version in force; none on a service without rules."""
    query = select(Rulebook).where(Rulebook.state == "in_force")
    return db.session.scalar(query.options(*_PEOPLE))


def get(rulebook_id: int) -> Rulebook:
    """A version. Raises NotFound."""
    query = select(Rulebook).where(Rulebook.id == rulebook_id).options(*_PEOPLE)
    rulebook = db.session.scalar(query)
    if rulebook is None:
        raise NotFound("没有找到这一版派单规则。")
    return rulebook


def of_version(version: int) -> Rulebook:
    """The version of that number. Raises NotFound."""
    rulebook_id = db.session.scalar(select(Rulebook.id).where(Rulebook.version == version))
    return get(rulebook_id or 0)


def drafts() -> list[Rulebook]:
    """Every draft, the newest first."""
    query = select(Rulebook).where(Rulebook.state == "draft").options(*_PEOPLE)
    return list(db.session.scalars(query.order_by(Rulebook.version.desc())))


def enacted(most: int) -> list[Rulebook]:
    """The versions that are or were in force, the newest first, at most so many."""
    query = select(Rulebook).where(Rulebook.state != "draft").options(*_PEOPLE)
    return list(db.session.scalars(query.order_by(Rulebook.enacted_at.desc()).limit(most)))


def edits_since(rulebook_id: int, revision: int) -> list[RulebookEdit]:
    """What was done to a draft after a revision, oldest first."""
    query = select(RulebookEdit).where(
        RulebookEdit.rulebook_id == rulebook_id, RulebookEdit.revision > revision
    )
    query = query.options(joinedload(RulebookEdit.by)).order_by(RulebookEdit.revision)
    return list(db.session.scalars(query))


def by_number(numbers: Iterable[int]) -> dict[int, tuple[Conditions, int]]:
    """The sentence of each of these numbers: its conditions and its unit."""
    query = select(
        DispatchRule.number,
        DispatchRule.category_id,
        DispatchRule.region_id,
        DispatchRule.chain_id,
        DispatchRule.urgency,
        DispatchRule.department_id,
    ).where(DispatchRule.number.in_(set(numbers)))
    return {row[0]: (tuple(row[1:5]), row[5]) for row in db.session.execute(query)}


def rule(rule_id: int | None) -> Rule | None:
    """One rule of whatever version; None for none."""
    found = _rules(DispatchRule.id == rule_id) if rule_id is not None else []
    return found[0] if found else None


def draft_for(ticket_id: int) -> int | None:
    """The newest draft that answers the return of a ticket."""
    query = select(Rulebook.id).where(Rulebook.ticket_id == ticket_id, Rulebook.state == "draft")
    return db.session.scalar(query.order_by(Rulebook.version.desc()).limit(1))


def returned_by(book: Rulebook) -> str | None:
    """The number of the ticket whose return a draft answers."""
    return db.session.scalar(select(Ticket.number).where(Ticket.id == book.ticket_id))


def people_names(ids: Iterable[int]) -> dict[int, str]:
    """The names of accounts by id."""
    query = select(User.id, User.name).where(User.id.in_(set(ids)))
    return dict(db.session.execute(query).all())


def world() -> World:
    """The active categories, regions, chains and units that rules are judged by."""
    kinds = select(Category.id, Category.parent_id).where(Category.active)
    return World(
        dict(db.session.execute(kinds.order_by(Category.position, Category.id)).all()),
        _active(Region),
        _active(Chain),
        frozenset(_active(Department)),
        frozenset(
            one
            for one in db.session.scalars(
                select(User.department_id).where(User.role == Role.CADRE, User.active).distinct()
            )
            if one is not None
        ),
    )


def _active(model: type[Region] | type[Chain] | type[Department]) -> list[int]:
    query = select(model.id).where(model.active).order_by(model.position, model.id)
    return list(db.session.scalars(query))


def names() -> dict[str, dict[int, str]]:
    """The names of all categories, regions, chains and units by id, inactive ones too."""
    models: Iterable[tuple[str, type]] = (
        ("category", Category),
        ("region", Region),
        ("chain", Chain),
        ("department", Department),
    )
    return {
        kind: dict(db.session.execute(select(model.id, model.name)).all()) for kind, model in models
    }
