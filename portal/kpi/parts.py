"""Parts of the tickets that no figure counts: by status, age, hour, what is late, why unsolved.

A part is named by a kind and a key, both in the address of its list; counts and lists are made of
the same conditions.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import aliased, joinedload

from portal.auth.roles import Actor
from portal.errors import NotFound
from portal.extensions import db
from portal.kpi.conditions import Condition, Dimensions, definitions, inside
from portal.kpi.gaps import GAPS
from portal.kpi.periods import Period
from portal.paging import PAGE_SIZE, Cursor, Page, fetch
from portal.tickets import petition_queries
from portal.tickets.lifecycle import OPEN, Outcome, Status
from portal.tickets.models import SUBMITTED_SLOT, Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.queries import visible

# Open tickets by calendar days since they were submitted: where each class begins.
AGES: tuple[int, ...] = (0, 3, 7, 15, 30, 60)
_OPEN: Condition = Ticket.status != Status.CLOSED
_SLOT: ColumnElement[int] = literal_column(SUBMITTED_SLOT, Integer)  # as ix_ticket_slot has it


def status(key: str, _period: Period, _now: datetime) -> Condition:
    """Open tickets in one status now. Raises NotFound for a word that is none."""
    if key not in OPEN:
        raise NotFound("没有这一部分。")
    return and_(_OPEN, Ticket.status == key)


def age(key: str, _period: Period, now: datetime) -> Condition:
    """Open tickets submitted from so many days ago to the next class. Raises NotFound."""
    if key not in map(str, AGES):
        raise NotFound("没有这一部分。")
    place = AGES.index(int(key))
    young = [Ticket.submitted_at <= now - timedelta(days=AGES[place])] if place else []
    old = [
        Ticket.submitted_at > now - timedelta(days=following)
        for following in AGES[place + 1 : place + 2]
    ]
    return and_(_OPEN, *young, *old)


def hour(key: str, period: Period, _now: datetime) -> Condition:
    """Submitted on a weekday (1 is Monday) in local hours: “1-09-10” is from 9 to 10 on Mondays.

    Raises NotFound for another key.
    """
    known = re.fullmatch(r"([1-7])-([01][0-9]|2[0-4])-([01][0-9]|2[0-4])", key, re.ASCII)
    if known is None:
        raise NotFound("没有这一部分。")
    weekday, first, before = map(int, known.groups())
    slots = range(24 * weekday + first, 24 * weekday + before)
    return and_(inside(Ticket.submitted_at, period), _SLOT.in_(slots))


def late(_key: str, _period: Period, now: datetime) -> Condition:
    """Open and past the nearest due."""
    return and_(_OPEN, Ticket.next_due_at < now)


def gap(key: str, period: Period, now: datetime) -> Condition:
    """Accepted in the period and not in the resolution rate, for one reason. Raises NotFound."""
    if key not in GAPS:
        raise NotFound("没有这一部分。")
    return and_(*_missing(period, now), _why(now) == key)


KINDS: dict[str, Callable[[str, Period, datetime], Condition]] = {
    one.__name__: one for one in (status, age, hour, late, gap)
}


def listed(
    part: tuple[str, str],
    period: Period,
    chosen: Dimensions,
    now: datetime,
    actor: Actor,
    cursor: Cursor | None,
    address: Callable[..., str],
) -> Page[Ticket]:
    """The tickets of a part that the actor may see, the newest first. Raises NotFound."""
    query = _tickets(part, period, chosen, now).where(visible(actor))
    query = query.options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    return fetch(query, Ticket.submitted_at, Ticket.id, cursor, address, descending=True)


def count(
    part: tuple[str, str],
    period: Period,
    chosen: Dimensions,
    now: datetime,
    actor: Actor | None = None,
) -> int:
    """How many tickets a part has; of those the actor may see, where one is given."""
    query = _tickets(part, period, chosen, now)
    if actor is not None:
        query = query.where(visible(actor))
    return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _tickets(
    part: tuple[str, str], period: Period, chosen: Dimensions, now: datetime
) -> Select[Ticket]:
    kind, key = part
    if kind not in KINDS:
        raise NotFound("没有这一部分。")
    return select(Ticket).where(*chosen.where(), KINDS[kind](key, period, now))


def standing(chosen: Dimensions, now: datetime) -> tuple[dict[str, int], dict[str, int], int]:
    """Open tickets now by status and by age, and how many are past due; one statement."""
    old = case(
        *(
            (Ticket.submitted_at <= now - timedelta(days=days), str(days))
            for days in reversed(AGES[1:])
        ),
        else_=str(AGES[0]),
    )
    overdue = func.count().filter(Ticket.next_due_at < now)
    query = select(Ticket.status, old, func.count(), overdue).where(*chosen.where(), _OPEN)
    statuses: dict[str, int] = {}
    ages: dict[str, int] = {}
    past = 0
    for one, days, tickets, passed in db.session.execute(query.group_by(Ticket.status, old)):
        statuses[one] = statuses.get(one, 0) + tickets
        ages[days] = ages.get(days, 0) + tickets
        past += passed
    return statuses, ages, past


def gaps(period: Period, chosen: Dimensions, now: datetime) -> dict[str, int]:
    """Accepted in the period and not in the resolution rate, by reason; one statement."""
    why = _why(now)
    query = select(why, func.count()).where(*chosen.where(), *_missing(period, now)).group_by(why)
    return {str(reason): tickets for reason, tickets in db.session.execute(query)}


def _missing(period: Period, now: datetime) -> list[Condition]:
    rule = definitions(now)["resolution_gross"]
    return [inside(Ticket.accepted_at, period), rule.d, not_(rule.n)]


def _why(now: datetime) -> ColumnElement[Any]:
    """The one reason of a ticket; the names are those of portal.kpi.gaps."""
    solved = func.coalesce(Ticket.outcome, "") == Outcome.SOLVED
    said_no = or_(
        func.coalesce(Ticket.confirmation, "") == "disputed",
        func.coalesce(Ticket.call_back_solved.is_(False), False),
    )
    return case(
        (and_(not_(_OPEN), solved, said_no), "disputed"),
        (and_(not_(_OPEN), solved), "unconfirmed"),
        (and_(not_(_OPEN), Ticket.outcome == Outcome.EXPLAINED), "explained"),
        (not_(_OPEN), "ended"),
        (Ticket.status == Status.ON_HOLD, "held"),
        (Ticket.status == Status.AWAITING_CONFIRMATION, "awaiting"),
        (Ticket.next_due_at < now, "overdue"),
        (Ticket.round > 1, "disputed"),
        else_="working",
    )


def overdue_now(
    chosen: Dimensions, now: datetime, most: int, actor: Actor | None = None
) -> list[Ticket]:
    """Open and past due, the longest first; of those an actor may see, where one is given."""
    mine = [] if actor is None else [visible(actor)]
    query = (
        select(Ticket)
        .where(*chosen.where(), *mine, late("", Period(now.date(), now.date()), now))
        .options(
            joinedload(Ticket.enterprise),
            joinedload(Ticket.category),
            joinedload(Ticket.department),
            joinedload(Ticket.assignee),
        )
    )
    return list(db.session.scalars(query.order_by(Ticket.next_due_at, Ticket.id).limit(most)))


def exclusions(period: Period, chosen: Dimensions, now: datetime) -> list[tuple[Ticket, Petition]]:
    """Tickets left out of the net rate by a granted exclusion, the newest first, at most a page.

    The petition holds who asked and who granted; two statements.
    """
    rule = definitions(now)["resolution_net"]
    # From the few petitions to their tickets: the other way round it reads every ticket.
    one = aliased(Petition)
    newest = (
        select(one.ticket_id)
        .join(Ticket, Ticket.id == one.ticket_id)
        .where(one.kind == "exclusion", one.state == "granted")
        .where(*chosen.where(), inside(Ticket.accepted_at, period), rule.excluded["exclusion"])
        .order_by(one.ticket_id.desc())
        .limit(PAGE_SIZE)
    )
    query = select(Ticket).where(Ticket.id.in_(newest)).order_by(Ticket.id.desc())
    query = query.options(joinedload(Ticket.enterprise), joinedload(Ticket.department))
    tickets = list(db.session.scalars(query))
    granted = petition_queries.exclusions([one.id for one in tickets])
    return [(each, granted[each.id]) for each in tickets if each.id in granted]
