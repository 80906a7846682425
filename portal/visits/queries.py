"""Which visits a person can see, one predicate everywhere; a cadre's firms; the month's visits."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import joinedload, selectinload

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory import paired
from portal.directory.models import Enterprise, EnterpriseClass, EnterpriseContact, Pairing
from portal.errors import NotFound
from portal.extensions import db
from portal.paging import PAGE_SIZE, Cursor, Page, fetch
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.queries import light_of, visible
from portal.visits.models import Visit, VisitItem
from portal.visits.rules import VisitState, month_of

MOST = 500  # visits that one month shows
PLANNED = Visit.state == VisitState.PLANNED
DONE = Visit.state == VisitState.DONE
STANDING = Visit.state != VisitState.CANCELLED
# A sealed ticket beside its firm's name would tell whose it is, even as a number.
_OPEN = (Ticket.status != Status.CLOSED, Ticket.sealed.is_(False))


def visible_visits(actor: Actor, today: date) -> ColumnElement[bool]:
    """The visits an actor can see on a local day; every page and list of visits uses it.

    The firm: what was recorded about it. A cadre: the own ones, and those at a firm paired with
    them that day. A reviewer: the own unit's. Dispatchers and overseers: all. Others: none.
    """
    match actor.role:
        case Role.APPLICANT:
            return and_(Visit.enterprise_id == actor.enterprise_id, DONE)
        case Role.CADRE:
            ours = select(Pairing.enterprise_id).where(paired.holds(actor.id, today))
            return or_(Visit.cadre_id == actor.id, Visit.enterprise_id.in_(ours))
        case Role.REVIEWER:
            return Visit.department_id == actor.department_id
        case Role.DISPATCHER | Role.SUPERVISOR | Role.LEADER:
            return true()
        case _:
            return false()


def get_visible_visit(actor: Actor, visit_id: int, today: date) -> Visit:
    """The visit with all that its page shows. Raises NotFound for one the actor may not see."""
    query = (
        select(Visit)
        .where(Visit.id == visit_id, visible_visits(actor, today))
        .options(
            *(joinedload(Visit.enterprise), joinedload(Visit.cadre), joinedload(Visit.department)),
            selectinload(Visit.items).joinedload(VisitItem.category),
            selectinload(Visit.items).joinedload(VisitItem.ticket),
            selectinload(Visit.corrections),
        )
    )
    visit = db.session.scalar(query)
    if visit is None:
        raise NotFound("没有找到这次走访。")
    return visit


def get_paired_firm(actor: Actor, enterprise_id: int, today: date) -> Enterprise:
    """A firm that is the cadre's own on a local day. Raises NotFound for any other."""
    firm = db.session.get(
        Enterprise,
        enterprise_id,
        options=[joinedload(Enterprise.region), joinedload(Enterprise.chain)],
    )
    if firm is None or not paired.is_paired(actor.id, firm.id, today):
        raise NotFound("没有找到这家企业，或它不是您包联的企业。")
    return firm


@dataclass
class PairedFirm:
    """One firm of a cadre's board: open tickets by light, how many are the cadre's own, visits."""

    firm: Enterprise
    deputy: bool
    titles: list[str] = field(default_factory=list)
    lights: dict[str, int] = field(default_factory=dict)
    mine: int = 0
    last: Visit | None = None
    planned: Visit | None = None

    @property
    def open(self) -> int:
        """All open tickets of the firm, whoever handles them."""
        return sum(self.lights.values())


def board(actor: Actor, now: datetime, today: date) -> list[PairedFirm]:
    """The firms paired with a cadre on the local day `today`; five statements for any number."""
    query = (
        select(Pairing)
        .where(paired.holds(actor.id, today))
        .options(
            joinedload(Pairing.enterprise).joinedload(Enterprise.region),
            joinedload(Pairing.enterprise).joinedload(Enterprise.chain),
        )
    )
    rows = {
        pairing.enterprise_id: PairedFirm(pairing.enterprise, pairing.deputy_id == actor.id)
        for pairing in db.session.scalars(query)
    }
    for firm_id, names in titles(rows, today).items():
        rows[firm_id].titles = names
    _count_open(rows, actor, now)
    for firm_id, visit in last_visits(rows).items():
        rows[firm_id].last = visit
    for firm_id, visit in planned_visits(rows).items():
        rows[firm_id].planned = visit
    return list(rows.values())


def titles(firms: "dict[int, PairedFirm] | list[int]", today: date) -> dict[int, list[str]]:
    """The titles that firms hold on a local day, by firm."""
    query = select(EnterpriseClass.enterprise_id, EnterpriseClass.name).where(
        EnterpriseClass.enterprise_id.in_(list(firms)),
        EnterpriseClass.valid_from <= today,
        or_(EnterpriseClass.valid_to.is_(None), EnterpriseClass.valid_to >= today),
    )
    found: dict[int, list[str]] = {}
    for firm_id, name in db.session.execute(query.order_by(EnterpriseClass.name)):
        found.setdefault(firm_id, []).append(name)
    return found


def _count_open(rows: dict[int, PairedFirm], actor: Actor, now: datetime) -> None:
    """Numbers only: whose text the cadre may not see is counted, never named."""
    light, mine = light_of(now), visible(actor)
    query = (
        select(Ticket.enterprise_id, light, mine, func.count())
        .where(Ticket.enterprise_id.in_(list(rows)), *_OPEN)
        .group_by(Ticket.enterprise_id, light, func.coalesce(mine, false()), mine)
    )
    for firm_id, name, own, count in db.session.execute(query):
        row = rows[firm_id]
        row.lights[name] = row.lights.get(name, 0) + count
        row.mine += count if own else 0


def last_visits(firms: "dict[int, PairedFirm] | list[int]") -> dict[int, Visit]:
    """The last recorded visit of each firm, by anybody."""
    query = select(Visit).where(Visit.enterprise_id.in_(list(firms)), DONE)
    query = query.ext(distinct_on(Visit.enterprise_id)).options(joinedload(Visit.cadre))
    order = Visit.enterprise_id, Visit.day.desc(), Visit.id.desc()
    return {visit.enterprise_id: visit for visit in db.session.scalars(query.order_by(*order))}


def planned_visits(firms: "dict[int, PairedFirm] | list[int]") -> dict[int, Visit]:
    """The next planned visit of each firm, by anybody; one that is overdue comes first."""
    query = select(Visit).where(Visit.enterprise_id.in_(list(firms)), PLANNED)
    query = query.ext(distinct_on(Visit.enterprise_id)).options(joinedload(Visit.cadre))
    order = Visit.enterprise_id, Visit.day, Visit.id
    return {visit.enterprise_id: visit for visit in db.session.scalars(query.order_by(*order))}


def contacts(enterprise_id: int) -> list[EnterpriseContact]:
    """The further people to ask for at a firm."""
    query = select(EnterpriseContact).where(EnterpriseContact.enterprise_id == enterprise_id)
    return list(db.session.scalars(query.order_by(EnterpriseContact.id).limit(10)))


def open_count(enterprise_id: int) -> int:
    """How many open tickets a firm has, whoever handles them: a number only."""
    query = select(func.count()).where(Ticket.enterprise_id == enterprise_id, *_OPEN)
    return db.session.scalar(query) or 0


def handled(actor: Actor, enterprise_id: int) -> list[Ticket]:
    """The firm's open tickets that the actor may see as text, what is due first comes first."""
    query = (
        select(Ticket)
        .where(visible(actor), Ticket.enterprise_id == enterprise_id, *_OPEN)
        .options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
        .order_by(Ticket.next_due_at.asc().nulls_last(), Ticket.id)
    )
    return list(db.session.scalars(query.limit(PAGE_SIZE)))


def about(
    actor: Actor,
    enterprise_id: int,
    today: date,
    cursor: Cursor | None,
    address: Callable[..., str],
) -> Page[Visit]:
    """The recorded visits of a firm that the actor can see, newest record first."""
    query = (
        select(Visit)
        .where(visible_visits(actor, today), Visit.enterprise_id == enterprise_id, DONE)
        .options(joinedload(Visit.cadre), joinedload(Visit.department), selectinload(Visit.items))
    )
    return fetch(query, Visit.recorded_at, Visit.id, cursor, address, descending=True, size=10)


def others_in_month(enterprise_id: int, day: date, but: int | None = None) -> list[Visit]:
    """The firm's visits of the day's month, planned or done, by anybody; `but` is left out."""
    first, last = month_of(day)
    query = (
        select(Visit)
        .where(Visit.enterprise_id == enterprise_id, Visit.day.between(first, last), STANDING)
        .options(joinedload(Visit.cadre).joinedload(User.department))
        .order_by(Visit.day, Visit.id)
    )
    if but is not None:
        query = query.where(Visit.id != but)
    return list(db.session.scalars(query))


def month(actor: Actor, day: date, today: date, department_id: int | None) -> list[Visit]:
    """The visits of the day's month: a cadre's own, else what the actor can see, of one unit."""
    first, last = month_of(day)
    query = (
        select(Visit)
        .where(visible_visits(actor, today), Visit.day.between(first, last), STANDING)
        .options(joinedload(Visit.enterprise), joinedload(Visit.cadre))
        .order_by(Visit.day, Visit.id)
    )
    if actor.role is Role.CADRE:
        query = query.where(Visit.cadre_id == actor.id)
    if department_id is not None:
        query = query.where(Visit.department_id == department_id)
    return list(db.session.scalars(query.limit(MOST)))


def times_in_month(firms: set[int], day: date) -> dict[int, int]:
    """How often each firm is visited in the day's month, by anybody: a number only."""
    first, last = month_of(day)
    query = (
        select(Visit.enterprise_id, func.count())
        .where(Visit.enterprise_id.in_(firms), Visit.day.between(first, last), STANDING)
        .group_by(Visit.enterprise_id)
    )
    return dict(db.session.execute(query).all())


def visit_of(actor: Actor, ticket_id: int) -> int | None:
    """The actor's own visit on which a ticket was filed that the actor may not see as text."""
    query = (
        select(VisitItem.visit_id)
        .join(Visit, Visit.id == VisitItem.visit_id)
        .join(Ticket, Ticket.id == VisitItem.ticket_id)
        .where(VisitItem.ticket_id == ticket_id, Visit.cadre_id == actor.id)
        .where(func.coalesce(visible(actor), false()).is_(False))
    )
    return db.session.scalar(query)


def by_key(actor: Actor, key: str) -> int:
    """The id of the visit that the cadre entered with a form of that key. Raises NotFound."""
    query = select(Visit.id).where(Visit.cadre_id == actor.id, Visit.key == key)
    visit_id = db.session.scalar(query)
    if visit_id is None:
        raise NotFound("没有找到这次走访。")
    return visit_id
