"""Reads enterprises for the administrator and for the firm itself; never a ticket's text."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.directory.models import (
    Enterprise,
    EnterpriseClass,
    EnterpriseContact,
    Pairing,
)
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.tickets.models import Ticket


def firms(
    search: str,
    region_id: int | None,
    cursor: Cursor | None,
    address: Callable[..., str],
) -> Page[Enterprise]:
    """Firms, newest first, whose name, short name or credit code holds `search`."""
    query = select(Enterprise).options(joinedload(Enterprise.region), joinedload(Enterprise.chain))
    if search:
        columns = (Enterprise.name, Enterprise.short_name, Enterprise.uscc)
        query = query.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    if region_id is not None:
        query = query.where(Enterprise.region_id == region_id)
    return fetch(query, Enterprise.created_at, Enterprise.id, cursor, address, descending=True)


def titles_on(enterprise_ids: Iterable[int], day: date) -> dict[int, list[str]]:
    """The titles that each of some firms holds on a local day, by firm."""
    query = select(EnterpriseClass.enterprise_id, EnterpriseClass.name).where(
        EnterpriseClass.enterprise_id.in_(list(enterprise_ids)),
        EnterpriseClass.valid_from <= day,
        or_(EnterpriseClass.valid_to.is_(None), EnterpriseClass.valid_to >= day),
    )
    held: dict[int, list[str]] = {}
    for enterprise_id, name in db.session.execute(query.order_by(EnterpriseClass.id)):
        held.setdefault(enterprise_id, []).append(name)
    return held


def titles(enterprise_id: int) -> list[EnterpriseClass]:
    """All titles of a firm, the latest first."""
    query = select(EnterpriseClass).where(EnterpriseClass.enterprise_id == enterprise_id)
    order = EnterpriseClass.valid_from.desc(), EnterpriseClass.id.desc()
    return list(db.session.scalars(query.order_by(*order)))


def contacts(enterprise_id: int) -> list[EnterpriseContact]:
    """The further contacts of a firm."""
    query = select(EnterpriseContact).where(EnterpriseContact.enterprise_id == enterprise_id)
    return list(db.session.scalars(query.order_by(EnterpriseContact.id)))


def pairings_on(enterprise_ids: Iterable[int], day: date) -> dict[int, str]:
    """The name of the standing cadre of each of some firms on a local day, by firm."""
    query = (
        select(Pairing.enterprise_id, User.name)
        .join(User, User.id == Pairing.owner_id)
        .where(
            Pairing.enterprise_id.in_(list(enterprise_ids)),
            Pairing.starts_on <= day,
            or_(Pairing.ends_on.is_(None), Pairing.ends_on >= day),
        )
    )
    return dict(db.session.execute(query).all())


def pairing_history(enterprise_id: int) -> list[Pairing]:
    """All pairings of a firm, the latest first."""
    query = select(Pairing).where(Pairing.enterprise_id == enterprise_id)
    people = joinedload(Pairing.owner).joinedload(User.department), joinedload(Pairing.deputy)
    order = Pairing.starts_on.desc(), Pairing.id.desc()
    return list(db.session.scalars(query.options(*people).order_by(*order)))


def applicants(enterprise_id: int) -> list[User]:
    """The accounts that act for a firm."""
    query = select(User).where(User.enterprise_id == enterprise_id)
    return list(db.session.scalars(query.order_by(User.id)))


def ticket_count(enterprise_id: int) -> int:
    """How many tickets a firm has filed; a number only, no ticket is read."""
    query: Any = select(func.count()).where(Ticket.enterprise_id == enterprise_id)
    return db.session.scalar(query) or 0
