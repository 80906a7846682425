"""Escalations that fall together for one reader become one notice (domain.md §3)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.tickets.models import Ticket

KIND = "digest"


def deliver(message: Message, readers: list[int], now: datetime) -> None:
    """Tells each reader the message in the notice of its slot; told twice, it is listed once.

    `readers` in the order of their ids, so that two deliveries cannot wait for each other.
    """
    ticket = db.session.get_one(Ticket, message.payload["ticket_id"])
    item = {
        "of": message.id,
        "kind": message.payload["kind"],
        "number": ticket.number,
        "title": ticket.title,
        "params": message.payload["params"],
    }
    for user_id in readers:
        _tell(user_id, message, item, now)


def _tell(user_id: int, message: Message, item: dict[str, Any], now: datetime) -> None:
    """A plain notice where nothing else fell together with it, else one more line of the digest."""
    key = f"slot:{user_id}:{message.payload['slot']}"
    row = {
        "user_id": user_id,
        "ticket_id": message.payload["ticket_id"],
        "kind": item["kind"],
        "params": {**item["params"], "items": [item]},
        "key": key,
        "created_at": now,
    }
    first = insert(Notice).values(**row).on_conflict_do_nothing(index_elements=["key"])
    if db.session.scalar(first.returning(Notice.id)) is not None:
        return
    query = select(Notice).where(Notice.key == key).with_for_update()
    notice = db.session.scalars(query.execution_options(populate_existing=True)).one()
    items = notice.params["items"]
    if any(one["of"] == item["of"] for one in items):
        return
    notice.kind, notice.ticket_id = KIND, None
    notice.params = {"items": [*items, item]}
    notice.created_at, notice.read_at = now, None
