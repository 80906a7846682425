"""Counts the open clocks of one ticket anew, by a new calendar or a new policy, and records it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.auth.roles import SYSTEM
from portal.sla.models import Clock, Policy
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.service.move import Ask, locked, record


@dataclass(frozen=True)
class Recomputed:
    """What it did to the ticket: whether a due moved, and whether one is past because of it."""

    moved: bool = False
    overdue: bool = False


@dataclass(frozen=True)
class _Before:
    target: str
    due_at: datetime
    original_due_at: datetime


def by_calendar(ticket_id: int, calendar_id: int, now: datetime) -> Recomputed:
    """Counts the provisional clocks of a ticket by a newer calendar version (domain.md §3).

    Safe to run twice: a clock that follows this version, or a newer one, is left as it is.
    """
    ticket = locked(ticket_id)
    if ticket.status == Status.CLOSED:
        return Recomputed()
    clocks = Clocks(ticket, now)
    stale = [c for c in clocks.open if c.provisional and c.calendar_id < calendar_id]
    changes = []
    for clock in stale:
        before = _Before(clock.target, clock.due_at, clock.original_due_at)
        clocks.recount(clock, calendar_id)
        changes.append(_record(ticket, clock, before, now, calendar=calendar_id))
    clocks.refresh()
    return _sum(changes)


def by_policy(ticket_id: int, policy: Policy, calendar_id: int, now: datetime) -> Recomputed:
    """Puts the open clocks of a ticket under a policy version.

    A clock with a new target is counted anew and recorded; one that the policy does not promise is
    cancelled; the others only follow its levels. Whether a running clock can be paused stays as it
    began, or the pauses behind it would have to be rewritten. Safe to run twice.
    """
    ticket = locked(ticket_id)
    if ticket.status == Status.CLOSED:
        return Recomputed()
    clocks = Clocks(ticket, now)
    changes = []
    for clock in [c for c in clocks.open if c.policy_id != policy.id]:
        rule = clocks.rule(policy.id, clock.kind)
        before = _Before(clock.target, clock.due_at, clock.original_due_at)
        version = f"{policy.profile} {policy.version}"
        if rule is None:
            clocks.cancel(clock.kind)
            changes.append(_record(ticket, clock, before, now, policy=version))
            continue
        clock.policy_id, clock.target = policy.id, rule.target
        if rule.target == before.target:
            clocks.rearm(clock)
        else:
            clocks.recount(clock, max(clock.calendar_id, calendar_id))
            changes.append(_record(ticket, clock, before, now, policy=version))
    clocks.refresh()
    return _sum(changes)


def _record(
    ticket: Ticket, clock: Clock, before: _Before, now: datetime, **version: Any
) -> Recomputed:
    """The audit entry: old and new due, and by which version; the firm sees a due that moved."""
    ended = clock.state == "cancelled"
    moved = ended or clock.due_at != before.due_at
    record(
        Ask(SYSTEM, ticket.id, now),
        ticket,
        Action.RECOMPUTE,
        public=moved,
        clock=clock.kind,
        old_due=before.due_at.isoformat(),
        new_due=None if ended else clock.due_at.isoformat(),
        old_original_due=before.original_due_at.isoformat(),
        new_original_due=None if ended else clock.original_due_at.isoformat(),
        old_target=before.target,
        new_target=None if ended else clock.target,
        provisional=clock.provisional,
        **version,
    )
    overdue = clock.state == "running" and clock.due_at < now <= before.due_at
    return Recomputed(moved, overdue)


def _sum(changes: list[Recomputed]) -> Recomputed:
    return Recomputed(any(c.moved for c in changes), any(c.overdue for c in changes))
