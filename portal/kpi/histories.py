"""Reads what the fold needs of many tickets at once: events in order, and clocks as known then."""

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.kpi.entries import known_at
from portal.kpi.facts import Facts, Happening, Promise, fold
from portal.sla.models import Clock, ClockMove
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent

log = logging.getLogger(__name__)

_CUT = (
    *("enterprise_id", "region_id", "chain_id", "category_id", "channel", "urgency"),
    *("firm_classes", "repeated"),
)
Moves = list[tuple[datetime, datetime, datetime]]


@dataclass(frozen=True)
class History:
    """One ticket as its events tell it."""

    ticket_id: int
    facts: Facts
    promises: list[Promise]


def histories(ticket_ids: Collection[int], at: datetime | None = None) -> list[History]:
    """The tickets of these ids, in their order; `at`: as they were known then (UTC).

    One whose events make no sense is logged and left out: it stalls no other.

    Events are read before clocks: what is committed in between has an event still to come, by
    which the ticket is looked at again. Four statements.
    """
    born = _born(ticket_ids)
    happened = _happened(ticket_ids, at)
    clocks = _clocks(ticket_ids)
    moves = _moves(ticket_ids) if at is not None else {}
    found = []
    for ticket_id in sorted(happened):
        try:
            facts = fold(happened[ticket_id], _first(born[ticket_id], happened[ticket_id]))
        except (KeyError, TypeError, ValueError):
            log.exception("a ticket cannot be folded, the others are", extra={"ticket": ticket_id})
            continue
        promises = [_known(row, facts, moves.get(row.id, []), at) for row in clocks[ticket_id]]
        found.append(History(ticket_id, facts, [one for one in promises if one is not None]))
    return found


def _born(ticket_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The dimensions that never change, for first events of before they named them."""
    columns = [getattr(Ticket, name) for name in _CUT]
    rows = db.session.execute(select(Ticket.id, *columns).where(Ticket.id.in_(ticket_ids)))
    return {row[0]: dict(zip(_CUT, row[1:], strict=True)) for row in rows}


def _first(born: Mapping[str, Any], happened: list[Happening]) -> Mapping[str, Any]:
    """The category may have changed: what the first change names as the old one was there."""
    changes = (one for one in happened if one.action == Action.RECATEGORISE)
    first = next(changes, None)
    return {**born, "category_id": first.payload["old_category_id"]} if first else born


def _happened(ticket_ids: Collection[int], at: datetime | None) -> dict[int, list[Happening]]:
    event = TicketEvent
    query = select(
        *(event.ticket_id, event.seq, event.action, event.at, event.to_status, event.payload)
    ).where(event.ticket_id.in_(ticket_ids))
    if at is not None:
        query = query.where(event.at <= at)
    found: defaultdict[int, list[Happening]] = defaultdict(list)
    for row in db.session.execute(query.order_by(event.ticket_id, event.seq)):
        found[row[0]].append(Happening(*row[1:]))
    return found


def _clocks(ticket_ids: Collection[int]) -> defaultdict[int, list[Any]]:
    columns = (
        *(Clock.id, Clock.ticket_id, Clock.kind, Clock.round, Clock.attempt, Clock.state),
        *(Clock.started_at, Clock.due_at, Clock.original_due_at, Clock.stopped_at, Clock.pausable),
    )
    found: defaultdict[int, list[Any]] = defaultdict(list)
    query = select(*columns).where(Clock.ticket_id.in_(ticket_ids)).order_by(Clock.id)
    for row in db.session.execute(query):
        found[row.ticket_id].append(row)
    return found


def _moves(ticket_ids: Collection[int]) -> dict[int, Moves]:
    query = select(
        *(ClockMove.clock_id, ClockMove.at, ClockMove.due_before, ClockMove.original_due_before)
    ).join(Clock, Clock.id == ClockMove.clock_id)
    query = query.where(Clock.ticket_id.in_(ticket_ids)).order_by(ClockMove.id)
    found: defaultdict[int, Moves] = defaultdict(list)
    for clock_id, *move in db.session.execute(query):
        found[clock_id].append((move[0], move[1], move[2]))
    return found


def _known(row: Any, facts: Facts, moves: Moves, at: datetime | None) -> Promise | None:
    one = Promise(
        *(row.kind, row.round, row.attempt, row.state),
        *(row.started_at, row.due_at, row.original_due_at, row.stopped_at),
    )
    if at is None:
        return one
    since = facts.paused_at
    still = since is not None and row.pausable and row.started_at <= since and row.kind != "supply"
    return known_at(one, moves, at, still)
