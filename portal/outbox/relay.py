"""Hands outbox messages to their handlers: at least once, oldest first, each message alone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.notify import messages
from portal.outbox.models import Message
from portal.outbox.service import (
    ANSWER_PROBLEM,
    FIRM_TEXT,
    NOTIFY,
    RECUSE,
    ROUTE,
    SEALED,
    STAND_IN,
    VACANCY,
    VOUCH_DUE,
)
from portal.problems.service import answering, apart, suggesting
from portal.search import fill
from portal.tickets.service import assign, handover, seal, vacancy
from portal.visits.service import link

BATCH = 100
MAX_ATTEMPTS = 8
FIRST_RETRY = timedelta(seconds=2)  # doubles with each attempt

log = logging.getLogger(__name__)


def _route(message: Message, now: datetime) -> None:
    ticket_id = message.payload["ticket_id"]
    assign.route(ticket_id, now)
    suggesting.keep(ticket_id)


def _vacancy(message: Message, now: datetime) -> None:
    vacancy.fill(message.payload["department_id"], now)


def _stand_in(message: Message, now: datetime) -> None:
    ticket_id = message.payload["ticket_id"]
    if not seal.recuse(ticket_id, now):
        handover.add(ticket_id, now)


def _answer_problem(message: Message, now: datetime) -> None:
    answering.deliver(message.payload["delivery_id"], now)


def _sealed(message: Message, now: datetime) -> None:
    apart.take(message.payload["ticket_id"], now)


def _recuse(_message: Message, now: datetime) -> None:
    seal.recuse_all(now)


def _vouch_due(message: Message, now: datetime) -> None:
    link.remind(message.payload["link_id"], now)


HANDLERS: dict[str, Callable[[Message, datetime], Any]] = {
    ROUTE: _route,
    STAND_IN: _stand_in,
    VACANCY: _vacancy,
    SEALED: _sealed,
    RECUSE: _recuse,
    ANSWER_PROBLEM: _answer_problem,
    VOUCH_DUE: _vouch_due,
    NOTIFY: messages.deliver,
    FIRM_TEXT: fill.firm,
}


@dataclass
class Drained:
    """What one run did: messages handled, and handlings that failed."""

    done: int = 0
    failed: int = 0


def drain(
    clock: Callable[[], datetime] = utcnow,
    kinds: tuple[str, ...] = (),
    batch: int = BATCH,
) -> Drained:
    """Handles what is pending until nothing is left, including what handling itself adds.

    `kinds` limits it to these kinds; none is all, those that nobody knows too: they die visibly.

    Each message is claimed with SKIP LOCKED and handled in one transaction of its own: a crash
    gives it back, and no failing message stalls another (lessons.md 23).
    """
    drained = Drained()
    tried: set[int] = set()
    while ids := _pending(clock(), kinds, batch, tried):
        for message_id in ids:
            tried.add(message_id)
            _handle(message_id, clock(), drained)
    return drained


def _pending(now: datetime, kinds: tuple[str, ...], batch: int, tried: set[int]) -> list[int]:
    wanted = [Message.state == "pending", Message.available_at <= now]
    if kinds:
        wanted.append(Message.kind.in_(kinds))
    order = Message.available_at, Message.id
    query = select(Message.id).where(*wanted).order_by(*order).limit(batch + len(tried))
    with transaction() as session:
        return [row for row in session.scalars(query) if row not in tried][:batch]


def _handle(message_id: int, now: datetime, drained: Drained) -> None:
    try:
        with transaction() as session:
            claim = select(Message).where(Message.id == message_id, Message.state == "pending")
            message = session.scalar(claim.with_for_update(skip_locked=True))
            if message is None:
                return
            HANDLERS[message.kind](message, now)
            message.state = "done"
            message.done_at = now
        drained.done += 1
    except Exception as error:
        log.exception("message failed", extra={"message_id": message_id})
        drained.failed += 1
        _postpone(message_id, now, error)


def _postpone(message_id: int, now: datetime, error: Exception) -> None:
    """Notes the failure; after the last attempt the message is dead and waits for a person."""
    with transaction() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.state != "pending":
            return
        message.attempts += 1
        message.last_error = f"{error.__class__.__name__}: {error}"[:500]
        message.available_at = now + FIRST_RETRY * 2 ** (message.attempts - 1)
        if message.attempts >= MAX_ATTEMPTS:
            message.state = "dead"


def revive(now: datetime) -> int:
    """Makes every dead message pending again; the number of them."""
    dead = list(db.session.scalars(select(Message).where(Message.state == "dead")))
    for message in dead:
        message.state, message.attempts, message.available_at = "pending", 0, now
    return len(dead)


def waiting(now: datetime) -> bool:
    """Whether a message may be handled at `now` (UTC): one index probe."""
    query = select(Message.id).where(Message.state == "pending", Message.available_at <= now)
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def run() -> None:
    """The RQ job: drains the outbox and leaves no session behind in the worker."""
    try:
        drain()
    finally:
        db.session.remove()
