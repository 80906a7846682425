"""Reads leave and hand-overs: whoever is concerned sees a list, nobody else knows of it."""

from datetime import date

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased, joinedload

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.models import Leave
from portal.errors import NotFound
from portal.extensions import db
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.sealed_queries import open_to

MOST = 50  # hand-overs or leaves on a page; more are history


def visible_handovers(actor: Actor) -> ColumnElement[bool]:
    """The hand-overs an actor is concerned with; the same as handover_rules.concerned, in SQL."""
    match actor.role:
        case Role.CADRE:
            return or_(Handover.cadre_id == actor.id, Handover.deputy_id == actor.id)
        case Role.REVIEWER:
            own = select(User.id).where(User.department_id == actor.department_id)
            return Handover.cadre_id.in_(own)
        case Role.DISPATCHER:
            return true()
        case _:
            return false()


def offered_to(actor: Actor) -> ColumnElement[bool]:
    """The tickets that are offered to this cadre now, and still with whoever is away."""
    item, handed = aliased(HandoverItem), aliased(Handover)
    return exists().where(
        item.ticket_id == Ticket.id,
        item.state == "offered",
        handed.id == item.handover_id,
        handed.ended_at.is_(None),
        handed.deputy_id == actor.id,
        handed.cadre_id == Ticket.assignee_id,
    )


def open_handovers(actor: Actor) -> list[tuple[Handover, int, int]]:
    """The lists that run, each with how many tickets are still offered and how many were taken.

    What has changed hands or closed meanwhile is not offered any more.
    """
    stays = and_(
        HandoverItem.state == "offered",
        Ticket.assignee_id == Handover.cadre_id,
        Ticket.status != Status.CLOSED,
    )
    query = (
        select(
            Handover,
            func.count().filter(stays),
            func.count().filter(HandoverItem.state == "taken"),
        )
        .join(HandoverItem, HandoverItem.handover_id == Handover.id)
        .join(Ticket, Ticket.id == HandoverItem.ticket_id)
        .where(visible_handovers(actor), Handover.ended_at.is_(None), open_to(actor))
        .group_by(Handover.id)
        .options(joinedload(Handover.cadre).joinedload(User.department))
        .options(joinedload(Handover.deputy))
    )
    rows = db.session.execute(query.order_by(Handover.id.desc()).limit(MOST))
    return [(one, offered, taken) for one, offered, taken in rows]


def get_handover(actor: Actor, handover_id: int) -> Handover:
    """The hand-over. Raises NotFound when there is none or the actor is not concerned."""
    query = select(Handover).where(Handover.id == handover_id, visible_handovers(actor))
    options = joinedload(Handover.cadre), joinedload(Handover.deputy)
    found = db.session.scalar(query.options(*options))
    if found is None:
        raise NotFound("没有找到这份交接清单。")
    return found


def items(handover: Handover, actor: Actor) -> list[HandoverItem]:
    """The items of a list that are not kept from the actor, with their tickets, what is due first
    in front."""
    query = (
        select(HandoverItem)
        .join(HandoverItem.ticket)
        .where(HandoverItem.handover_id == handover.id, open_to(actor))
        .options(joinedload(HandoverItem.ticket).joinedload(Ticket.enterprise))
        .options(joinedload(HandoverItem.ticket).joinedload(Ticket.category))
    )
    return list(db.session.scalars(query.order_by(Ticket.next_due_at, Ticket.id)))


def last_notes(ticket_ids: list[int]) -> dict[int, str]:
    """The newest internal note of each ticket: what whoever goes wants the deputy to know."""
    query = (
        select(TicketEvent.ticket_id, TicketEvent.payload["text"].astext)
        .where(TicketEvent.ticket_id.in_(ticket_ids), TicketEvent.action == Action.NOTE)
        .ext(distinct_on(TicketEvent.ticket_id))
        .order_by(TicketEvent.ticket_id, TicketEvent.seq.desc())
    )
    return dict(db.session.execute(query).all())


def leaves(actor: Actor, today: date) -> list[Leave]:
    """Leave that runs or is to come: the cadre's own, the reviewer's unit's, the dispatcher's all.

    The first day first.
    """
    query = select(Leave).join(User, User.id == Leave.cadre_id).where(Leave.ends_on >= today)
    if actor.role is Role.CADRE:
        query = query.where(Leave.cadre_id == actor.id)
    elif actor.role is Role.REVIEWER:
        query = query.where(User.department_id == actor.department_id)
    query = query.options(joinedload(Leave.cadre).joinedload(User.department))
    query = query.options(joinedload(Leave.deputy)).order_by(Leave.starts_on, Leave.id)
    return list(db.session.scalars(query.limit(MOST)))
