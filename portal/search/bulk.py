"""One act on many tickets: what would happen to each, then each in a transaction of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor, Role
from portal.db import transaction, utcnow
from portal.errors import N_, InvalidTransition, NotFound, PortalError, Repeated, Stale
from portal.extensions import db
from portal.search.models import Bulk, BulkItem
from portal.tickets import policy
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.queries import visible
from portal.tickets.service import assign, order, triage
from portal.tickets.service.move import Ask

MOST = 100  # tickets of one act
OFFERED: dict[Role, tuple[Action, ...]] = {
    Role.DISPATCHER: (Action.DISPATCH, Action.REASSIGN),
    Role.SUPERVISOR: (Action.SUPERVISE, Action.REASSIGN),
    Role.LEADER: (Action.SUPERVISE, Action.REASSIGN),
    Role.REVIEWER: (Action.REASSIGN,),
}
VERBS: dict[Action, Callable[[Ask, dict[str, Any]], Ticket]] = {
    Action.DISPATCH: lambda ask, said: assign.dispatch(
        ask, said["department_id"], said["cadre_id"], said["text"]
    ),
    Action.REASSIGN: lambda ask, said: assign.reassign(ask, said["cadre_id"], said["text"]),
    Action.SUPERVISE: lambda ask, said: triage.supervise(
        ask, said["text"], said.get("days") or order.DAYS
    ),
}
NOT_NOW = N_("诉求现在的状态不能进行这项操作。")
CHANGED = N_("您打开页面之后，诉求有了变化，请打开看过再办。")


@dataclass(frozen=True)
class Prospect:
    """One ticket of an act that has not been done: `refusal` says why it will not be done."""

    ticket: Ticket
    refusal: str | None


def actions(role: Role) -> tuple[Action, ...]:
    """What the role may do to many tickets at once."""
    return OFFERED.get(role, ())


def prospects(
    actor: Actor, action: Action, numbers: Sequence[str], now: datetime
) -> list[Prospect]:
    """The visible tickets of those numbers, each with why the act will be refused, if it will."""
    query = (
        select(Ticket)
        .where(Ticket.number.in_(numbers[:MOST]), visible(actor))
        .options(joinedload(Ticket.enterprise))
        .order_by(Ticket.submitted_at.desc(), Ticket.id.desc())
    )
    found = []
    for ticket in db.session.scalars(query):
        try:
            policy.ensure(action, actor, ticket.facts, now)
        except PortalError as error:
            found.append(Prospect(ticket, _reason(error)))
        else:
            found.append(Prospect(ticket, None))
    return found


def begin(
    actor: Actor,
    action: Action,
    key: str,
    fields: dict[str, Any],
    seen: dict[str, int],
    now: datetime,
) -> int:
    """Writes down the act on the tickets `seen` (number → version); its id.

    The same key a second time is the act written down before: a double sending adds none. Raises
    NotFound where none of the tickets is visible or the key is somebody else's.
    """
    row = {"key": key, "user_id": actor.id, "action": action, "fields": fields, "created_at": now}
    made = insert(Bulk).values(row).on_conflict_do_nothing(index_elements=["key"])
    bulk_id = db.session.scalar(made.returning(Bulk.id))
    if bulk_id is None:
        return of(actor, db.session.scalar(select(Bulk.id).where(Bulk.key == key)) or 0).id
    query = select(Ticket.id, Ticket.number).where(Ticket.number.in_(seen), visible(actor))
    items = [
        {"bulk_id": bulk_id, "ticket_id": ticket_id, "seen": seen[number], "result": "waiting"}
        for ticket_id, number in db.session.execute(query.order_by(Ticket.id).limit(MOST))
    ]
    if not items:
        raise NotFound("没有找到所选的诉求。")
    db.session.execute(insert(BulkItem), items)
    return bulk_id


def perform(actor: Actor, bulk_id: int, clock: Callable[[], datetime] = utcnow) -> None:
    """Does what still waits of an act, each ticket alone; safe to run twice or at the same time."""
    with transaction():
        act = of(actor, bulk_id)
        action, fields, key = Action(act.action), act.fields, act.key
        waiting = [item.id for item in act.items if item.result == "waiting"]
    for item_id in waiting:
        try:
            with transaction():
                if item := _claimed(item_id):
                    ask = Ask(actor, item.ticket_id, clock(), item.seen, f"bulk:{key}")
                    VERBS[action](ask, fields)
                    item.result = "done"
        except Repeated:
            pass
        except PortalError as error:
            with transaction():
                if item := _claimed(item_id):
                    item.result, item.reason = "refused", _reason(error)


def _claimed(item_id: int) -> BulkItem | None:
    """The item, locked, where it still waits."""
    query = select(BulkItem).where(BulkItem.id == item_id, BulkItem.result == "waiting")
    return db.session.scalar(query.with_for_update().execution_options(populate_existing=True))


def of(actor: Actor, bulk_id: int) -> Bulk:
    """One act of the actor's, with its items and tickets. Raises NotFound for any other."""
    query = (
        select(Bulk)
        .where(Bulk.id == bulk_id, Bulk.user_id == actor.id)
        .options(joinedload(Bulk.items).joinedload(BulkItem.ticket))
        .execution_options(populate_existing=True)
    )
    act = db.session.scalars(query).unique().one_or_none()
    if act is None:
        raise NotFound("没有找到这次批量操作。")
    return act


def _reason(error: PortalError) -> str:
    if isinstance(error, Stale):
        return CHANGED
    if isinstance(error, InvalidTransition):
        return error.message or NOT_NOW
    return error.message or NOT_NOW
