"""What petitions wait for whom, what each would change, and the story of a ticket's own."""

from collections.abc import Callable, Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor, Role
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.sla.models import Clock
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.petition_rules import ruled_by
from portal.tickets.queries import visible

_PEOPLE = (
    joinedload(Petition.asked_by),
    joinedload(Petition.decided_by),
    joinedload(Petition.owner),
)


def _waiting(role: Role) -> tuple:
    return Petition.state == "asked", Petition.ruler.in_([str(one) for one in ruled_by(role)])


def counts(role: Role) -> dict[str, int]:
    """How many petitions of each kind wait for people of this role; one partial-index read."""
    query = select(Petition.kind, func.count()).where(*_waiting(role)).group_by(Petition.kind)
    return dict(db.session.execute(query).all())


def inbox(
    actor: Actor, kind: str | None, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Petition]:
    """What waits for the actor's ruling, oldest deadline first; one statement."""
    query = (
        select(Petition)
        .join(Petition.ticket)
        .where(*_waiting(actor.role), visible(actor))
        .options(*_PEOPLE, joinedload(Petition.ticket).joinedload(Ticket.enterprise))
    )
    if kind is not None:
        query = query.where(Petition.kind == kind)
    return fetch(query, Petition.decide_by, Petition.id, cursor, address)


def chosen(actor: Actor, ids: Iterable[int]) -> list[Petition]:
    """These petitions as far as the actor's role rules on them, oldest deadline first.

    Decided ones too, so that the page can say what became of them meanwhile.
    """
    query = (
        select(Petition)
        .join(Petition.ticket)
        .where(
            Petition.id.in_(set(ids)),
            Petition.ruler.in_([str(one) for one in ruled_by(actor.role)]),
            visible(actor),
        )
        .options(*_PEOPLE, joinedload(Petition.ticket).joinedload(Ticket.enterprise))
    )
    return list(db.session.scalars(query.order_by(Petition.decide_by, Petition.id)))


def story(ticket: Ticket) -> list[Petition]:
    """All petitions of a ticket, oldest first."""
    query = select(Petition).where(Petition.ticket_id == ticket.id).options(*_PEOPLE)
    return list(db.session.scalars(query.order_by(Petition.id)))


def clocks_of(petitions: Iterable[Petition]) -> dict[int, Clock]:
    """The clocks that extensions are about, by id; one statement."""
    ids = {one.clock_id for one in petitions if one.clock_id is not None}
    return {clock.id: clock for clock in db.session.scalars(select(Clock).where(Clock.id.in_(ids)))}


def exclusions(ticket_ids: Iterable[int]) -> dict[int, Petition]:
    """The granted exclusion of each ticket that has one, by the ticket's id; one statement."""
    query = select(Petition).where(
        Petition.ticket_id.in_(set(ticket_ids)),
        Petition.kind == "exclusion",
        Petition.state == "granted",
    )
    return {one.ticket_id: one for one in db.session.scalars(query.options(*_PEOPLE))}
