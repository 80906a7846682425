"""Hand-overs: a cadre's open tickets are offered, taken over, and given back (domain.md §4).

Lock order: leave, hand-over, tickets by id, units.
"""

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, update

from portal.auth.models import User
from portal.auth.roles import SYSTEM, Actor, Role
from portal.directory.models import Leave
from portal.errors import Conflict, Invalid, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing.facts import absences
from portal.routing.rules import stand_in
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.handover_rules import Parties, concerned
from portal.tickets.lifecycle import LOAD, Action, Status, targets
from portal.tickets.models import Ticket
from portal.tickets.sealed_queries import avoided
from portal.tickets.service.assign import hand_to
from portal.tickets.service.move import Ask, locked, record, tell

LOCAL = ZoneInfo("Asia/Shanghai")


def offer(leave_id: int, now: datetime) -> Handover | None:
    """Offers all open tickets of a cadre whose leave has begun to the end of the deputies' chain.

    None when it was done before, when the leave is over, or when nothing is open. What a deputy
    who goes now was still offered by others goes to whoever stands in for them.
    """
    leave, today = _claimed(leave_id), _today(now)
    if leave is None or leave.starts_on > today:
        return None
    leave.offered_at = now
    if leave.ends_on < today:
        return None
    _pass_on(leave.cadre_id, absences(today))
    tickets = _open_tickets(leave.cadre_id)
    if not tickets:
        return None
    handover = _handover(leave, now)
    words = [_absence(leave.cadre.name, leave.starts_on, leave.ends_on)]
    words.append(_waits_for(handover.deputy))
    for ticket in tickets:
        db.session.add(HandoverItem(handover=handover, ticket_id=ticket.id))
        record(Ask(SYSTEM, ticket.id, now), ticket, Action.OFFER, public=False, reasons=words)
    db.session.flush()
    deputy = handover.deputy
    told = [one for one in tickets if deputy is None or deputy.department_id not in avoided(one)]
    _tell(handover, "handover", now, len(told))
    return handover


def add(ticket_id: int, now: datetime) -> bool:
    """Puts a ticket that came back to a cadre on leave (sent back, disputed …) on their list.

    False when its cadre is there, or it moved on meanwhile. The deputy is told, or the reviewer
    where nobody stands in: nobody else would see it until the leave is over.
    """
    leave = db.session.scalar(_leave_of_holder(ticket_id, _today(now)))
    if leave is None:
        return False
    query = select(Handover).where(Handover.leave_id == leave.id).with_for_update()
    handover = db.session.scalar(query) or _handover(leave, now)
    ticket = locked(ticket_id)
    if ticket.assignee_id != leave.cadre_id or ticket.status not in LOAD:
        return False
    deputy = handover.deputy
    if not any(item.ticket_id == ticket.id for item in _items(handover, "offered")):
        words = [_absence(leave.cadre.name, *_days(handover)), _waits_for(deputy)]
        db.session.add(_item(handover, ticket.id))
        record(Ask(SYSTEM, ticket.id, now), ticket, Action.OFFER, public=False, reasons=words)
    nobody = deputy is None
    tell(
        ticket,
        "handover_more",
        now,
        users=[] if nobody else [deputy.id],
        role=Role.REVIEWER if nobody else None,
        department_id=leave.cadre.department_id if nobody else None,
        key=f"handover_more:{handover.id}:{ticket.id}:{ticket.version}",
        name=leave.cadre.name,
    )
    return True


def _leave_of_holder(ticket_id: int, today: date) -> Select[Leave]:
    """The leave, locked, that the ticket's cadre is on and whose first look is done."""
    query = select(Leave).join(Ticket, Ticket.assignee_id == Leave.cadre_id)
    covers = Leave.starts_on <= today, Leave.ends_on >= today, Leave.offered_at.is_not(None)
    query = query.where(Ticket.id == ticket_id, *covers).order_by(Leave.id).limit(1)
    return query.with_for_update(of=Leave).execution_options(populate_existing=True)


def _item(handover: Handover, ticket_id: int) -> HandoverItem:
    """The ticket's place on the list, offered anew where the deputy had had it."""
    query = select(HandoverItem).where(
        HandoverItem.handover_id == handover.id, HandoverItem.ticket_id == ticket_id
    )
    item = db.session.scalar(query) or HandoverItem(handover=handover, ticket_id=ticket_id)
    item.state, item.decided_at = "offered", None
    return item


def _handover(leave: Leave, now: datetime) -> Handover:
    """A new list, without tickets yet."""
    handover = Handover(
        leave_id=leave.id,
        cadre_id=leave.cadre_id,
        deputy=_deputy(leave.cadre_id, absences(_today(now))),
        starts_on=leave.starts_on,
        ends_on=leave.ends_on,
        give_back=leave.give_back,
        offered_at=now,
    )
    db.session.add(handover)
    return handover


def _waits_for(deputy: User | None) -> str:
    return f"待{deputy.name}接手" if deputy else "无人代理，由分管负责人或派单员改派"


def _claimed(leave_id: int) -> Leave | None:
    """The leave, locked, where nobody has offered or is offering its tickets."""
    query = select(Leave).where(Leave.id == leave_id, Leave.offered_at.is_(None))
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalar(query)


def take(actor: Actor, handover_id: int, ticket_ids: Collection[int], now: datetime) -> int:
    """The deputy takes over the chosen tickets in one step; how many they were.

    Each is a reassignment: the sign clock starts anew, every other clock runs on. What has changed
    hands or ended meanwhile stays as it is. Raises NotFound for a list that the actor may not see,
    Conflict when it has ended, Invalid when nobody stands in.
    """
    handover = _held(actor, handover_id)
    if handover.ended_at is not None:
        raise Conflict("这次交接已经结束，请在诉求页面上改派。")
    deputy = None if handover.deputy_id is None else db.session.get(User, handover.deputy_id)
    if deputy is None or not deputy.active or deputy.role != Role.CADRE:
        raise Invalid("没有代理人可以接手，请逐件改派。")
    items = _items(handover, "offered", ticket_ids)
    tickets = _locked(items)
    words = [f"{deputy.name}接手：{_absence(handover.cadre.name, *_days(handover))}"]
    taken = 0
    for item in items:
        ticket = tickets[item.ticket_id]
        if not movable(ticket, handover.cadre_id) or deputy.department_id in avoided(ticket):
            continue
        hand_to(Ask(actor, ticket.id, now), ticket, deputy, words)
        item.state, item.taken_by_id, item.decided_at = "taken", deputy.id, now
        taken += 1
    return taken


def end(handover_id: int, now: datetime) -> bool:
    """Ends a hand-over whose leave is over; gives back what is wished and still with the deputy.

    What cannot be reassigned in its status (it waits for the firm, the reviewer or a promised day)
    stays with the deputy, and all of it does while the cadre is on other leave. False when it was
    ended before or somebody is at it.
    """
    query = select(Handover).where(Handover.id == handover_id, Handover.ended_at.is_(None))
    lock = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    handover = db.session.scalar(lock)
    if handover is None or not _over(handover, now):
        return False
    handover.ended_at = now
    left = HandoverItem.handover_id == handover.id, HandoverItem.state == "offered"
    db.session.execute(update(HandoverItem).where(*left).values(state="left", decided_at=now))
    items = _items(handover, "taken")
    tickets = _locked(items)
    back = handover.give_back and _there(handover.cadre, now)
    returned = 0
    for item in items:
        ticket = tickets[item.ticket_id]
        item.state, item.decided_at = "kept", now
        if back and movable(ticket, item.taken_by_id):
            words = [f"{handover.cadre.name}销假，代理人交还"]
            hand_to(Ask(SYSTEM, ticket.id, now), ticket, handover.cadre, words)
            item.state = "returned"
            returned += 1
    if returned:
        _tell(handover, "handed_back", now, returned)
    return True


def movable(ticket: Ticket, holder_id: int | None) -> bool:
    """Whether the ticket is still with this cadre and in a status in which it can be reassigned."""
    open_to = targets(Status(ticket.status), Action.REASSIGN)
    return ticket.assignee_id == holder_id and bool(open_to)


def _held(actor: Actor, handover_id: int) -> Handover:
    query = select(Handover).where(Handover.id == handover_id).with_for_update()
    handover = db.session.scalar(query.execution_options(populate_existing=True))
    if handover is None:
        raise NotFound("没有找到这份交接清单。")
    parties = Parties(handover.cadre_id, handover.deputy_id, handover.cadre.department_id)
    if not concerned(actor, parties):
        raise NotFound("没有找到这份交接清单。")
    return handover


def _open_tickets(cadre_id: int) -> list[Ticket]:
    query = select(Ticket).where(Ticket.assignee_id == cadre_id, Ticket.status != Status.CLOSED)
    query = query.order_by(Ticket.id).with_for_update(of=Ticket)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def _items(
    handover: Handover, state: str, ticket_ids: Collection[int] | None = None
) -> list[HandoverItem]:
    query = select(HandoverItem).where(
        HandoverItem.handover_id == handover.id, HandoverItem.state == state
    )
    if ticket_ids is not None:
        query = query.where(HandoverItem.ticket_id.in_(ticket_ids))
    return list(db.session.scalars(query.order_by(HandoverItem.ticket_id)))


def _locked(items: Collection[HandoverItem]) -> dict[int, Ticket]:
    """The tickets of the items, all locked in the order of their ids before any unit is."""
    query = select(Ticket).where(Ticket.id.in_([item.ticket_id for item in items]))
    query = query.order_by(Ticket.id).with_for_update(of=Ticket)
    rows = db.session.scalars(query.execution_options(populate_existing=True))
    return {ticket.id: ticket for ticket in rows}


def _pass_on(cadre_id: int, away: dict[int, int | None]) -> None:
    """Open lists that wait for this cadre now wait for the end of the chain."""
    query = select(Handover).where(Handover.deputy_id == cadre_id, Handover.ended_at.is_(None))
    for handover in db.session.scalars(query.order_by(Handover.id).with_for_update()):
        deputy = _deputy(handover.cadre_id, away)
        handover.deputy_id = None if deputy is None else deputy.id


def _deputy(cadre_id: int, away: dict[int, int | None]) -> User | None:
    """Who stands in at the end of the chain; None for nobody, a loop, or somebody who left."""
    found = stand_in(cadre_id, away)
    deputy = None if found is None else db.session.get(User, found)
    if deputy is None or deputy.id == cadre_id or not deputy.active or deputy.role != Role.CADRE:
        return None
    return deputy


def _over(handover: Handover, now: datetime) -> bool:
    leave = handover.leave
    return leave is None or leave.ends_on < _today(now)


def _there(cadre: User, now: datetime) -> bool:
    return cadre.active and cadre.role == Role.CADRE and cadre.id not in absences(_today(now))


def _days(handover: Handover) -> tuple[date, date]:
    return handover.starts_on, handover.ends_on


def _absence(name: str, first: date, last: date) -> str:
    days = f"{first.month}月{first.day}日"
    if last != first:
        days += f"至{last.month}月{last.day}日"
    return f"{name}{days}请假"


def _today(now: datetime) -> date:
    return now.astimezone(LOCAL).date()


def _tell(handover: Handover, kind: str, now: datetime, number: int) -> None:
    """A notice about the list: to the deputy, to the reviewer where there is none, to the cadre."""
    nobody = kind == "handover" and handover.deputy_id is None
    reader = handover.deputy_id if kind == "handover" else handover.cadre_id
    payload = {
        "ticket_id": None,
        "kind": kind,
        "users": [] if nobody else [reader],
        "role": Role.REVIEWER if nobody else None,
        "department_id": handover.cadre.department_id if nobody else None,
        "params": {"name": handover.cadre.name, "n": number},
    }
    outbox.put(outbox.NOTIFY, payload, now, f"{kind}:{handover.id}")
