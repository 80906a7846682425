"""The one way to change a ticket: rights, lifecycle, lock, version, event (architecture.md §3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal import masks
from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.errors import NotFound, Repeated, Stale
from portal.extensions import db
from portal.outbox import service as outbox
from portal.search import service as search
from portal.tickets import policy
from portal.tickets.lifecycle import LOAD, STANDING, Action, Status, next_status
from portal.tickets.models import Ticket, TicketEvent

# What the firm is told. Of a ticket filed on its behalf that nobody of the firm has taken up yet,
# all its accounts are told.
_FOR_FIRM = frozenset(
    {
        *("vouch", "accepted", "reply", "ask_info", "info_lapsed", "confirm", "remind", "lapsed"),
        *("reopened", "rejected", "transferred", "merged", "terminated", "extended", "held"),
        *("resumed", "vouch_due"),
    }
)
# Where a ticket waits for somebody else than its cadre, who may be on leave when it comes back.
AWAY = frozenset({Status.IN_REVIEW, Status.AWAITING_CONFIRMATION, Status.ON_HOLD, Status.CLOSED})
# Who counts as having changed the ticket under somebody's open form: not a mere record.
_RECORDS = frozenset(STANDING) - {
    *(Action.ASK_RETURN, Action.REFUSE_RETURN, Action.CALL_BACK, Action.RECATEGORISE)
}


@dataclass(frozen=True)
class Ask:
    """One wish of one actor about one ticket.

    `now`: UTC instant of the act. `seen`: the version the actor's page showed, None when a machine
    acts. `key`: the form's one-time key; the same key a second time raises Repeated.
    """

    actor: Actor
    ticket_id: int
    now: datetime
    seen: int | None = None
    key: str | None = None


def locked(ticket_id: int) -> Ticket:
    """The ticket, its row locked until the transaction ends and read afresh. Raises NotFound."""
    query = select(Ticket).where(Ticket.id == ticket_id).with_for_update()
    ticket = db.session.scalar(query.execution_options(populate_existing=True))
    if ticket is None:
        raise NotFound("没有找到这件诉求。")
    return ticket


def begin(ask: Ask, action: Action, **known: Any) -> Ticket:
    """Locks the ticket and makes sure that the actor may take `action` on what they saw.

    `known`: facts for the rules that the ticket's row does not hold.
    Raises NotFound, Repeated, NotAllowed, InvalidTransition, Stale.
    """
    ticket = locked(ask.ticket_id)
    if ask.key is not None and _done_before(ticket.id, ask.key):
        raise Repeated()
    policy.ensure(action, ask.actor, replace(ticket.facts, **known), ask.now)
    if ask.seen is not None and ask.seen != ticket.version and action not in _RECORDS:
        raise Stale(ask.seen, ticket.version)
    return ticket


def record(
    ask: Ask,
    ticket: Ticket,
    action: Action,
    *,
    to: Status | None = None,
    public: bool = True,
    **payload: Any,
) -> TicketEvent:
    """Moves the ticket along the lifecycle and appends the event that says so."""
    before = ticket.status
    ticket.status = next_status(Status(before), action, to)
    if ticket.status != Status.SUBMITTED:
        ticket.waiting_department_id = ticket.waiting_since = None
    ticket.event_count += 1
    ticket.last_event_at = ask.now
    if action not in _RECORDS:
        ticket.version += 1
    event = append(ask, ticket, action, before, public=public, payload=payload)
    if before in LOAD and ticket.status not in LOAD:
        vacate(ticket.assignee_id, ask.now)
    if before in AWAY and ticket.status in LOAD:
        outbox.put(outbox.STAND_IN, {"ticket_id": ticket.id}, ask.now)
    return event


def vacate(cadre_id: int | None, now: datetime) -> None:
    """Says that this cadre has one ticket less, where their capacity made others wait."""
    cadre = None if cadre_id is None else db.session.get(User, cadre_id)
    if cadre is not None and cadre.capacity is not None:
        outbox.put(outbox.VACANCY, {"department_id": cadre.department_id}, now)


def append(
    ask: Ask,
    ticket: Ticket,
    action: Action,
    before: str | None,
    *,
    public: bool,
    payload: dict[str, Any],
) -> TicketEvent:
    """Adds one event to the session; the ticket already carries its new state."""
    event = TicketEvent(
        ticket_id=ticket.id,
        seq=ticket.event_count,
        version=ticket.version,
        key=ask.key,
        action=action,
        actor_id=ask.actor.id,
        actor_role=ask.actor.role,
        actor_name=_signed(ask.actor),
        at=ask.now,
        from_status=before,
        to_status=ticket.status,
        round=ticket.round,
        public=public,
        payload=payload,
    )
    db.session.add(event)
    search.note(ticket.id, event)
    return event


def _signed(actor: Actor) -> str:
    """The name in a row that never changes: officers act under theirs, a firm's people are masked.

    Pages look the name up by the actor's id; once the person is erased, nobody can.
    """
    return masks.name(actor.name) if actor.role is Role.APPLICANT else actor.name


def tell(
    ticket: Ticket,
    kind: str,
    now: datetime,
    *,
    users: Iterable[int | None] = (),
    role: Role | None = None,
    department_id: int | None = None,
    key: str | None = None,
    slot: datetime | None = None,
    **params: Any,
) -> None:
    """Puts a notice about the ticket into the outbox.

    Readers: the `users`, and all active accounts with `role` (of `department_id` where given).
    `kind` names the sentence; `params` fills it. `key` makes the notice happen once. `slot`: told
    then (UTC), in one digest with all else that a reader is told in the same slot.
    """
    people = set(users)
    payload = {
        "ticket_id": ticket.id,
        "kind": kind,
        "users": sorted(user for user in people if user is not None),
        "role": role,
        "department_id": department_id,
        "params": params,
    }
    if slot is not None:
        payload["slot"] = slot.isoformat()
    unclaimed = ticket.filed_by_id is not None and ticket.applicant_id is None
    if unclaimed and None in people and kind in _FOR_FIRM:
        payload["enterprise_id"] = ticket.enterprise_id
    if payload["users"] or role or "enterprise_id" in payload:
        outbox.put(outbox.NOTIFY, payload, now, key, at=slot)


def _done_before(ticket_id: int, key: str) -> bool:
    query = select(TicketEvent.id).where(TicketEvent.ticket_id == ticket_id, TicketEvent.key == key)
    return db.session.scalar(query) is not None
