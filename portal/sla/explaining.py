"""Gathers what the arithmetic of a ticket's clocks needs, and lets the pure rule lay it out."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.extensions import db
from portal.sla import targets
from portal.sla.calendars import calendar_of
from portal.sla.explain import Line, Move, explain
from portal.sla.models import Clock, Pause, Policy
from portal.sla.targets import Target
from portal.sla.worktime import Calendar
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.petition_models import Petition


@dataclass(frozen=True)
class Explained:
    """One clock with its lines; `calendar` is the version that it follows."""

    clock: Clock
    calendar: Calendar
    lines: list[Line]

    @property
    def open(self) -> bool:
        """Whether the promise still stands."""
        return self.clock.state in ("running", "paused")


def explain_ticket(ticket: Ticket) -> list[Explained]:
    """Every clock of the ticket, the open ones first, nearest due first; a fixed number of queries.

    Where the lines do not arrive at the stored due, a last line 'recorded' says so.
    """
    clocks = list(db.session.scalars(select(Clock).where(Clock.ticket_id == ticket.id)))
    clocks.sort(key=lambda c: (c.state not in ("running", "paused"), c.due_at, c.id))
    query = select(Pause).where(Pause.ticket_id == ticket.id).order_by(Pause.started_at)
    pauses = list(db.session.scalars(query))
    granted = _extensions(ticket)
    recounts = _recounts(ticket)
    query = select(Policy).where(Policy.id.in_({clock.policy_id for clock in clocks}))
    policies = {one.id: f"{one.profile} {one.version}" for one in db.session.scalars(query)}
    found = []
    for clock in clocks:
        moves = [*_pauses_of(clock, pauses), *granted.get(clock.id, [])]
        again = [one for one in recounts.get(clock.kind, []) if _while_open(clock, one)]
        found.append(_explained(ticket, clock, moves, again, policies[clock.policy_id]))
    return found


def _explained(
    ticket: Ticket, clock: Clock, moves: list[Move], recounts: list[Line], policy_name: str
) -> Explained:
    calendar = calendar_of(clock.calendar_id)
    lines = explain(
        calendar,
        clock.started_at,
        targets.parse_target(clock.target),
        sorted(moves, key=lambda move: move.end),
        paused_since=ticket.paused_at if clock.state == "paused" else None,
        policy_name=policy_name,
    )
    place = next(index for index, line in enumerate(lines) if line.kind == "due")
    if lines[place].at != clock.due_at:
        lines[place] = replace(lines[place], kind="computed")
        lines.insert(place + 1, Line("recorded", at=clock.due_at))
    lines[place:place] = recounts
    return Explained(clock, calendar, lines)


def _while_open(clock: Clock, line: Line) -> bool:
    at = line.begin
    return isinstance(at, datetime) and clock.started_at <= at <= (clock.stopped_at or at)


def _pauses_of(clock: Clock, pauses: Iterable[Pause]) -> Iterable[Move]:
    """The pauses, or what the clock saw of them, that moved its due; an open one has not yet."""
    if not clock.pausable:
        return
    for pause in pauses:
        ends = [end for end in (pause.ended_at, clock.stopped_at) if end is not None]
        if ends and clock.started_at <= pause.started_at <= min(ends):
            yield Move("pause", pause.started_at, min(ends))


def _extensions(ticket: Ticket) -> dict[int, list[Move]]:
    """The granted extensions by clock."""
    query = select(Petition).where(
        Petition.ticket_id == ticket.id, Petition.kind == "extension", Petition.state == "granted"
    )
    found: dict[int, list[Move]] = {}
    for one in db.session.scalars(query.order_by(Petition.decided_at, Petition.id)):
        if one.clock_id is not None and one.days and one.decided_at is not None:
            move = Move(
                "extension", one.asked_at, one.decided_at, Target(one.days, "wd"), one.reason
            )
            found.setdefault(one.clock_id, []).append(move)
    return found


def _recounts(ticket: Ticket) -> dict[str, list[Line]]:
    """What later calendars and policies made of each kind's due, oldest first."""
    query = select(TicketEvent).where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.action == Action.RECOMPUTE
    )
    found: dict[str, list[Line]] = {}
    for event in db.session.scalars(query.order_by(TicketEvent.seq)):
        change = event.payload
        if change["new_due"] is not None and change["new_due"] != change["old_due"]:
            before = datetime.fromisoformat(change["old_due"])
            after = datetime.fromisoformat(change["new_due"])
            line = Line("recount", event.at, before, at=after)
            found.setdefault(change["clock"], []).append(line)
    return found


def to_json(one: Explained) -> dict[str, Any]:
    """One clock with its lines as plain data; instants are local ISO 8601."""
    clock, zone = one.clock, one.calendar.zone
    return {
        "clock": clock.kind,
        "round": clock.round,
        "attempt": clock.attempt,
        "state": clock.state,
        "target": clock.target,
        "start": clock.started_at.astimezone(zone).isoformat(),
        "due": clock.due_at.astimezone(zone).isoformat(),
        "original_due": clock.original_due_at.astimezone(zone).isoformat(),
        "provisional": clock.provisional,
        "lines": [line.to_json(one.calendar) for line in one.lines],
    }
