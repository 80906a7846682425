"""What a person can see, and the lists of tickets made of it: one predicate everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from portal.auth.roles import Actor, Role
from portal.errors import NotFound
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.tickets.file_models import Attachment
from portal.tickets.handover_queries import offered_to
from portal.tickets.lifecycle import OPEN, Status
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.sealed_queries import open_to

LIGHT_NAMES = ("red", "yellow", "green", "blue", "purple")


def visible(actor: Actor) -> ColumnElement[bool]:
    """The tickets an actor can see (domain.md §7); lists, counts, pages and files all use it.

    What is sealed against the actor's unit is not there, whoever it is assigned to.
    """
    match actor.role:
        case Role.APPLICANT:
            return Ticket.enterprise_id == actor.enterprise_id
        case Role.CADRE:
            return and_(Ticket.assignee_id == actor.id, open_to(actor))
        case Role.REVIEWER:
            return and_(Ticket.department_id == actor.department_id, open_to(actor))
        case Role.DISPATCHER | Role.SUPERVISOR | Role.LEADER:
            return true()
        case _:
            return false()


def _readable(actor: Actor) -> ColumnElement[bool]:
    """What an actor may open: what is visible, and what a cadre is offered before taking it."""
    if actor.role is not Role.CADRE:
        return visible(actor)
    return or_(visible(actor), and_(offered_to(actor), open_to(actor)))


def get_visible(actor: Actor, number: str) -> Ticket:
    """The ticket of that number. Raises NotFound when there is none or the actor may not see it."""
    query = (
        select(Ticket)
        .where(Ticket.number == number, _readable(actor))
        .options(
            joinedload(Ticket.enterprise),
            joinedload(Ticket.category),
            joinedload(Ticket.region),
            joinedload(Ticket.chain),
            joinedload(Ticket.department),
            joinedload(Ticket.waiting_department),
            joinedload(Ticket.sealed_about),
            joinedload(Ticket.assignee),
            joinedload(Ticket.merged_into),
        )
    )
    ticket = db.session.scalar(query)
    if ticket is None:
        raise NotFound("没有找到这件诉求。")
    return ticket


def light_of(now: datetime) -> ColumnElement[str]:
    """The light of a ticket's nearest promise, in SQL; the same order as sla.targets.light."""
    return case(
        (Ticket.order_pending, "purple"),
        (Ticket.paused_at.is_not(None), "blue"),
        (Ticket.next_due_at < now, "red"),
        (Ticket.next_warn_at <= now, "yellow"),
        else_="green",
    )


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None means not narrowed.

    `department_ids` and `category_ids`: one of these. `since` and `until`: submitted from the one
    instant (UTC) on and before the other. `rounds`: handled in so many rounds at least.
    """

    statuses: frozenset[Status] | None = None
    light: str | None = None
    department_ids: frozenset[int] | None = None
    category_ids: frozenset[int] | None = None
    assignee_id: int | None = None
    region_id: int | None = None
    chain_id: int | None = None
    channel: str | None = None
    urgency: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    rounds: int | None = None
    return_pending: bool = False
    overdue: bool = False
    elevated: bool = False

    def where(self, now: datetime) -> list[ColumnElement[bool]]:
        """The conditions, to be joined by AND."""
        conditions = [column == value for column, value in self._equal() if value is not None]
        for column, ids in (
            (Ticket.department_id, self.department_ids),
            (Ticket.category_id, self.category_ids),
        ):
            if ids is not None:
                conditions.append(column.in_(sorted(ids)))
        if self.statuses is not None:
            conditions.append(Ticket.status.in_(sorted(self.statuses)))
            if self.statuses <= OPEN:
                conditions.append(Ticket.status != Status.CLOSED)
        if self.since is not None:
            conditions.append(Ticket.submitted_at >= self.since)
        if self.until is not None:
            conditions.append(Ticket.submitted_at < self.until)
        if self.rounds is not None:
            conditions.append(Ticket.round >= self.rounds)
        return [*conditions, *self._urgent(now)]

    def _equal(self) -> list[tuple[InstrumentedAttribute[Any], Any]]:
        return [
            (Ticket.assignee_id, self.assignee_id),
            (Ticket.region_id, self.region_id),
            (Ticket.chain_id, self.chain_id),
            (Ticket.channel, self.channel),
            (Ticket.urgency, self.urgency),
        ]

    def _urgent(self, now: datetime) -> list[ColumnElement[bool]]:
        """What presses: the light, what is overdue, elevated, or asked to be taken back."""
        conditions: list[ColumnElement[bool]] = []
        if self.light is not None:
            conditions += [light_of(now) == self.light, Ticket.status != Status.CLOSED]
        if self.return_pending:
            # A second return is ruled by a supervisor (domain.md §4).
            conditions += [Ticket.return_pending.is_(True), Ticket.returned == 0]
        if self.elevated:
            conditions += [Ticket.elevated_at.is_not(None), Ticket.status != Status.CLOSED]
        if self.overdue:
            conditions += [Ticket.next_due_at < now, Ticket.status != Status.CLOSED]
        return conditions


def _list(actor: Actor, chosen: Filter, now: datetime) -> Select[Ticket]:
    return (
        select(Ticket)
        .where(visible(actor), *chosen.where(now))
        .options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    )


def by_due(
    actor: Actor, chosen: Filter, now: datetime, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Ticket]:
    """What is due first comes first."""
    query = _list(actor, chosen, now)
    return fetch(query, Ticket.next_due_at, Ticket.id, cursor, address)


def newest(
    actor: Actor, chosen: Filter, now: datetime, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Ticket]:
    """The newest first."""
    query = _list(actor, chosen, now)
    return fetch(query, Ticket.submitted_at, Ticket.id, cursor, address, descending=True)


def counts(actor: Actor, now: datetime) -> dict[tuple[Status, str], int]:
    """How many open tickets the actor sees by status and light: one statement for all chips."""
    light = light_of(now)
    query = (
        select(Ticket.status, light, func.count())
        .where(visible(actor), Ticket.status != Status.CLOSED)
        .group_by(Ticket.status, light)
    )
    return {(Status(status), name): count for status, name, count in db.session.execute(query)}


def closed_count(actor: Actor) -> int:
    """How many closed tickets the actor sees; for a firm, whose tickets are few."""
    query = select(func.count()).where(visible(actor), Ticket.status == Status.CLOSED)
    return db.session.scalar(query) or 0


def events(ticket: Ticket, *, public_only: bool) -> list[TicketEvent]:
    """The ticket's events, oldest first."""
    query = select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)
    if public_only:
        query = query.where(TicketEvent.public)
    return list(db.session.scalars(query.order_by(TicketEvent.seq)))


def events_since(ticket: Ticket, version: int, *, public_only: bool) -> list[TicketEvent]:
    """What happened after the version a person had seen."""
    return [event for event in events(ticket, public_only=public_only) if event.version > version]


def attachments(ticket: Ticket, *, public_only: bool) -> list[Attachment]:
    """The ticket's files, oldest first."""
    query = select(Attachment).where(Attachment.ticket_id == ticket.id)
    if public_only:
        query = query.where(Attachment.public)
    return list(db.session.scalars(query.order_by(Attachment.id)))
