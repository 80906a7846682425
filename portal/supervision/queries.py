"""Reads thresholds, alerts, orders and bulletins for their pages."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, joinedload

from portal.auth.roles import Actor
from portal.errors import NotFound
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.supervision.models import Alert, Bulletin, Threshold, ThresholdChange
from portal.tickets.models import Ticket
from portal.tickets.order_models import Order
from portal.tickets.queries import visible

RECENT = 20
ORDER_VIEWS = ("open", "overdue", "replied", "all")


def thresholds() -> list[Threshold]:
    """The thresholds in use, figure by figure."""
    order = Threshold.figure, Threshold.dimension, Threshold.member, Threshold.id
    return list(db.session.scalars(select(Threshold).where(Threshold.active).order_by(*order)))


def threshold(threshold_id: int) -> Threshold:
    """One threshold with its history. Raises NotFound."""
    query = select(Threshold).where(Threshold.id == threshold_id)
    changes = joinedload(Threshold.history).joinedload(ThresholdChange.actor)
    found = db.session.scalars(query.options(changes)).unique().one_or_none()
    if found is None:
        raise NotFound("没有这条预警线。")
    return found


def removed() -> list[Threshold]:
    """The thresholds out of use, the latest first."""
    query = select(Threshold).where(~Threshold.active).order_by(Threshold.id.desc())
    return list(db.session.scalars(query.limit(RECENT)))


def open_count() -> int:
    """How many alerts stand."""
    return db.session.scalar(select(func.count()).where(Alert.closed_at.is_(None))) or 0


def open_alerts() -> list[Alert]:
    """The alerts that stand: the red first, the oldest of each first."""
    query = select(Alert).where(Alert.closed_at.is_(None)).options(joinedload(Alert.threshold))
    return list(db.session.scalars(query.order_by(Alert.level, Alert.opened_at, Alert.id)))


def closed_alerts(cursor: Cursor | None, address: Callable[..., str]) -> Page[Alert]:
    """The alerts that have ended, the latest first, by key."""
    query = select(Alert).where(Alert.closed_at.is_not(None))
    query = query.options(joinedload(Alert.threshold))
    return fetch(query, Alert.closed_at, Alert.id, cursor, address, descending=True)


def orders(
    actor: Actor,
    view: str,
    department_id: int | None,
    now: datetime,
    cursor: Cursor | None,
    address: Callable[..., str],
) -> Page[Order]:
    """The orders of a view that the actor may see, by key: what is due first, or newest first."""
    query = (
        select(Order)
        .join(Order.ticket)
        .where(visible(actor), *of_view(view, now))
        .options(
            contains_eager(Order.ticket).joinedload(Ticket.enterprise),
            contains_eager(Order.ticket).joinedload(Ticket.department),
            contains_eager(Order.ticket).joinedload(Ticket.assignee),
            joinedload(Order.issued_by),
        )
    )
    if department_id is not None:
        query = query.where(Ticket.department_id == department_id)
    key, descending = _key(view)
    return fetch(query, key, Order.id, cursor, address, descending=descending)


def order_counts(actor: Actor, now: datetime) -> dict[str, int]:
    """How many orders wait, and how many of them are late; one statement."""
    late = func.count().filter(Order.due_at < now)
    query = select(func.count(), late).select_from(Order).join(Order.ticket)
    waits, over = db.session.execute(query.where(visible(actor), *of_view("open", now))).one()
    return {"open": waits, "overdue": over}


def of_view(view: str, now: datetime) -> list[Any]:
    """The conditions on Order of a view of the list."""
    if view == "all":
        return []
    if view == "replied":
        return [Order.answered_at.is_not(None)]
    waits = [Order.answered_at.is_(None), Order.cancelled_at.is_(None)]
    return [*waits, Order.due_at < now] if view == "overdue" else waits


def _key(view: str) -> tuple[InstrumentedAttribute[Any], bool]:
    if view in ("open", "overdue"):
        return Order.due_at, False
    return (Order.answered_at, True) if view == "replied" else (Order.issued_at, True)


def bulletins(
    kind: str | None, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Bulletin]:
    """The bulletins of a kind, or all, the latest period first, by key."""
    query = select(Bulletin)
    if kind is not None:
        query = query.where(Bulletin.kind == kind)
    return fetch(query, Bulletin.first, Bulletin.id, cursor, address, descending=True)


def bulletin(bulletin_id: int) -> Bulletin:
    """One bulletin. Raises NotFound."""
    found = db.session.get(Bulletin, bulletin_id)
    if found is None:
        raise NotFound("没有这份通报。")
    return found
