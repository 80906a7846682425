"""What n, d and the left-out are of each figure, as SQL conditions (domain.md §5).

Counts and lists are both made of these, so that no list can differ from its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    SQLColumnExpression,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import InstrumentedAttribute

from portal.kpi.figures import FIGURES
from portal.kpi.periods import Period
from portal.sla.models import Clock
from portal.tickets.lifecycle import Channel, Confirmation, Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition

Condition = ColumnElement[bool]
Source = Literal["ticket", "clock"]

COHORTS: dict[Source, dict[str, InstrumentedAttribute[Any]]] = {
    "ticket": {
        "submitted_at": Ticket.submitted_at,
        "accepted_at": Ticket.accepted_at,
        "assigned_at": Ticket.assigned_at,
        "closed_at": Ticket.closed_at,
    },
    "clock": {"due": Clock.due_at, "original_due": Clock.original_due_at},
}
# Chosen as the department: tickets with none at present, returned or waiting for dispatch.
NOWHERE = 0
# Imported history never went through the workflow that the figures measure.
OURS: Condition = Ticket.channel != Channel.IMPORT


@dataclass(frozen=True)
class Dimensions:
    """What the figures are narrowed to; None is everything. `department_id` 0: with none now."""

    department_id: int | None = None
    category_id: int | None = None
    region_id: int | None = None
    chain_id: int | None = None
    channel: str | None = None
    urgency: str | None = None

    def where(self) -> list[Condition]:
        """The conditions, to be joined by AND; imported history is never among the tickets."""
        chosen = {one.name: getattr(self, one.name) for one in fields(self)}
        return [
            OURS,
            *(
                getattr(Ticket, name).is_(None)
                if (name, value) == ("department_id", NOWHERE)
                else getattr(Ticket, name) == value
                for name, value in chosen.items()
                if value is not None
            ),
        ]


@dataclass(frozen=True)
class Definition:
    """One figure in SQL: `n` and `excluded` are complete conditions; n always implies d.

    `weight`: what a row of n counts, where that is not one.
    """

    source: Source
    cohort: str
    d: Condition
    n: Condition
    excluded: Mapping[str, Condition] = field(default_factory=dict)
    weight: ColumnElement[Any] | None = None

    @property
    def at(self) -> InstrumentedAttribute[Any]:
        """The instant that decides whether a row is in a period."""
        return COHORTS[self.source][self.cohort]


def definitions(now: datetime) -> dict[str, Definition]:
    """Every figure as of `now` (UTC): what is due, and what is open and late, depends on it."""
    rules = {**_clocks(now), **_accepted(now), **_closed(), **_others()}
    return {
        name: _define(name, d, n, **more)
        for name, (d, n, more) in ((name, rules[name]) for name in FIGURES)
    }


Rule = tuple[Condition, Condition, dict[str, Any]]


def _define(
    name: str,
    d: Condition,
    n: Condition,
    *,
    source: Source = "ticket",
    excluded: Mapping[str, Condition] | None = None,
    weight: ColumnElement[Any] | None = None,
) -> Definition:
    return Definition(source, FIGURES[name].cohort, d, and_(d, n), excluded or {}, weight)


def ended_as(*outcomes: Outcome) -> Condition:
    """Closed with one of the outcomes; false, never null, for an open ticket."""
    return func.coalesce(Ticket.outcome, "").in_(outcomes)


_CLOSED: Condition = Ticket.status == Status.CLOSED
_ACCEPTED: Condition = Ticket.accepted_at.is_not(None)
_SOLVED = ended_as(Outcome.SOLVED)
_ANSWERED = ended_as(Outcome.SOLVED, Outcome.EXPLAINED)
_YES: Condition = or_(
    func.coalesce(Ticket.confirmation, "") == Confirmation.CONFIRMED,
    and_(
        func.coalesce(Ticket.confirmation, "") == Confirmation.CALL_BACK,
        func.coalesce(Ticket.call_back_solved, False),
    ),
)
_CONFIRMED_SOLVED: Condition = and_(_SOLVED, _YES)


def _granted(kind: str) -> Condition:
    return exists().where(
        Petition.ticket_id == Ticket.id, Petition.kind == kind, Petition.state == "granted"
    )


def _exclusions() -> dict[str, Condition]:
    """Why an accepted ticket is not in the net rate; the reasons do not overlap."""
    ended = {
        str(outcome): ended_as(outcome)
        for outcome in (Outcome.WITHDRAWN, Outcome.MERGED, Outcome.TRANSFERRED)
    }
    return {**ended, "exclusion": and_(not_(or_(*ended.values())), _granted("exclusion"))}


def _accepted(now: datetime) -> dict[str, Rule]:
    """The figures of what was accepted in the period."""
    excluded = {why: and_(_ACCEPTED, one) for why, one in _exclusions().items()}
    late = exists().where(
        Clock.ticket_id == Ticket.id, Clock.kind == "resolve", Clock.stopped_at > Clock.due_at
    )
    past_due = and_(not_(_CLOSED), func.coalesce(Ticket.next_due_at < now, False))
    kept = not_(or_(*_exclusions().values()))
    return {
        "close_rate": (_ACCEPTED, _CLOSED, {}),
        "resolution_gross": (_ACCEPTED, _CONFIRMED_SOLVED, {}),
        "resolution_net": (and_(_ACCEPTED, kept), _CONFIRMED_SOLVED, {"excluded": excluded}),
        "resolution_reported": (_ACCEPTED, _SOLVED, {}),
        "overclaim": (_ACCEPTED, and_(_SOLVED, not_(_YES)), {}),
        "overdue": (_ACCEPTED, or_(past_due, and_(_CLOSED, late)), {}),
        "hold_rate": (and_(_ACCEPTED, not_(_CLOSED)), Ticket.status == Status.ON_HOLD, {}),
    }


def _closed() -> dict[str, Rule]:
    """The figures of what was closed in the period."""
    rated = Ticket.rating.is_not(None)
    pleased = func.coalesce(Ticket.rating, 0) >= 3
    weight = case((Ticket.rating >= 4, 1.0), else_=0.9)
    unrated = {"unrated": and_(_ANSWERED, not_(rated))}
    contacted = exists().where(*first_contact())
    taken = {"excluded": {"no_contact": and_(_CLOSED, _ACCEPTED, not_(contacted))}}
    return {
        "satisfaction": (and_(_CLOSED, rated), pleased, {"excluded": unrated, "weight": weight}),
        "rating_coverage": (_ANSWERED, rated, {}),
        "once_done": (_SOLVED, Ticket.round == 1, {}),
        "rework_rate": (_CLOSED, Ticket.round > 1, {}),
        "time_to_contact": (and_(_CLOSED, _ACCEPTED, contacted), true(), taken),
        "time_to_resolve": (and_(_ANSWERED, _ACCEPTED), true(), {}),
    }


def first_contact() -> tuple[Condition, ...]:
    """The clock of a ticket's first contact with its firm, where there was one."""
    return (
        Clock.ticket_id == Ticket.id,
        Clock.kind == "contact",
        Clock.round == 1,
        Clock.attempt == 1,
        Clock.state == "stopped",
    )


def _others() -> dict[str, Rule]:
    """The figures of what was submitted, and of what was dispatched, in the period."""
    merged = and_(ended_as(Outcome.MERGED), not_(_ACCEPTED))
    return {
        "accept_rate": (not_(merged), _ACCEPTED, {"excluded": {"merged": merged}}),
        "return_rate": (Ticket.assigned_at.is_not(None), _granted("return"), {}),
    }


def _clocks(now: datetime) -> dict[str, Rule]:
    """The figures of promises that came due in the period; each round's clock is one promise."""
    return {
        "contact_rate": _promise("contact", Clock.due_at, now),
        "on_time_rate": _promise("resolve", Clock.original_due_at, now),
        "on_time_extended": _promise("resolve", Clock.due_at, now),
    }


def _promise(kind: str, due: InstrumentedAttribute[Any], now: datetime) -> Rule:
    """Due by now, unless it was taken back before, or stands still and so is not due yet."""
    taken_back = and_(Clock.state == "cancelled", func.coalesce(Clock.stopped_at < due, False))
    still = and_(Clock.state == "paused", func.coalesce(Ticket.paused_at <= due, False))
    came_due = and_(Clock.kind == kind, due <= now, not_(still))
    met = and_(Clock.state == "stopped", func.coalesce(Clock.stopped_at <= due, False))
    excluded = {"cancelled": and_(came_due, taken_back)}
    return and_(came_due, not_(taken_back)), met, {"source": "clock", "excluded": excluded}


def inside(at: SQLColumnExpression[Any], period: Period) -> Condition:
    """Whether an instant lies in the period's local days."""
    start, end = period.bounds
    return and_(at >= start, at < end)


def span(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """From when to when a time runs, as columns beside Ticket."""
    if name == "time_to_resolve":
        return Ticket.accepted_at.expression, Ticket.closed_at.expression
    started = select(Clock.started_at).where(*first_contact()).scalar_subquery()
    stopped = select(Clock.stopped_at).where(*first_contact()).scalar_subquery()
    return started, stopped
