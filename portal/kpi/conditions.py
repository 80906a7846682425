"""What n, d and the left-out are of each figure, as SQL conditions (domain.md §5).

Counts and lists are both made of these, so that no list can differ from its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.directory.models import Category
from portal.kpi import ticket_conditions
from portal.kpi.figures import FIGURES
from portal.kpi.periods import Period
from portal.kpi.ticket_conditions import Condition, Rule, first_contact
from portal.sla.models import Clock
from portal.tickets.lifecycle import Channel
from portal.tickets.models import Ticket

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
# Chosen as department, cadre or chain: tickets with none at present.
NOWHERE = 0
# Chosen as the class: tickets of firms without a title on the day they were submitted.
NO_CLASS = "none"
# Imported history never went through the workflow that the figures measure.
OURS: Condition = Ticket.channel != Channel.IMPORT


@dataclass(frozen=True)
class Dimensions:
    """What the figures are narrowed to; None is everything, NOWHERE is "with none at present".

    `firm_class`: a title that the firm held on the day of submission, or NO_CLASS.
    """

    department_id: int | None = None
    category_id: int | None = None
    region_id: int | None = None
    chain_id: int | None = None
    channel: str | None = None
    urgency: str | None = None
    assignee_id: int | None = None
    firm_class: str | None = None

    @property
    def chosen(self) -> dict[str, int | str]:
        """What is chosen, by the name of the field."""
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    def where(self) -> list[Condition]:
        """The conditions, to be joined by AND; imported history is never among the tickets."""
        return [OURS, *(_where(name, value) for name, value in self.chosen.items())]


def _where(name: str, value: int | str) -> Condition:
    if name == "firm_class":
        wanted = [] if value == NO_CLASS else [value]
        return Ticket.firm_classes.contains(wanted) if wanted else Ticket.firm_classes == wanted
    column = getattr(Ticket, name)
    if name == "category_id":  # a category of the first level stands for its kinds too
        own = or_(Category.id == value, Category.parent_id == value)
        return column.in_(select(Category.id).where(own))
    return column.is_(None) if value == NOWHERE else column == value


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
    rules = {**_clocks(now), **ticket_conditions.present(now)}
    found = {**_lasting(), **{name: _define(name, *rule) for name, rule in rules.items()}}
    return {name: found[name] for name in FIGURES}


def definition(name: str, now: datetime) -> Definition:
    """One figure as of `now`; composes no other that depends on it."""
    if name in PROMISES:
        return _define(name, *_promise(*PROMISES[name], now))
    lasting = _lasting().get(name)
    return lasting or _define(name, *ticket_conditions.present(now)[name])


@lru_cache(maxsize=1)
def _lasting() -> dict[str, Definition]:
    """The figures that no passing time changes; composed once."""
    rules = {
        **ticket_conditions.accepted(),
        **ticket_conditions.closed(),
        **ticket_conditions.others(),
    }
    return {name: _define(name, *rule) for name, rule in rules.items()}


def _define(name: str, d: Condition, n: Condition, more: Mapping[str, Any]) -> Definition:
    return Definition(
        more.get("source", "ticket"),
        FIGURES[name].cohort,
        d,
        and_(d, n),
        more.get("excluded", {}),
        more.get("weight"),
    )


# Of which clock, and by which due, the figures of promises are counted.
PROMISES: dict[str, tuple[str, InstrumentedAttribute[Any]]] = {
    "contact_rate": ("contact", Clock.due_at),
    "on_time_rate": ("resolve", Clock.original_due_at),
    "on_time_extended": ("resolve", Clock.due_at),
    "accept_on_time": ("accept", Clock.due_at),
    "sign_rate": ("sign", Clock.due_at),
    "verify_rate": ("verify", Clock.due_at),
    "reply_rate": ("reply", Clock.due_at),
}


def _clocks(now: datetime) -> dict[str, Rule]:
    """The figures of promises that came due in the period; each round's clock is one promise."""
    return {name: _promise(kind, due, now) for name, (kind, due) in PROMISES.items()}


def _promise(kind: str, due: InstrumentedAttribute[Any], now: datetime) -> Rule:
    """Due by now, unless it was taken back before, or stands still and so is not due yet."""
    sides = promise_sides(Clock.state, Clock.stopped_at, due)
    own = and_(Clock.kind == kind, due <= now)
    excluded = {"cancelled": and_(own, sides.taken_back)}
    return and_(own, sides.came), sides.met, {"source": "clock", "excluded": excluded}


class Sides(NamedTuple):
    """How a promise whose due is past counts: `came` is its d, `met` its n."""

    met: Condition
    came: Condition
    taken_back: Condition


def promise_sides(state: Any, stopped_at: Any, due: Any) -> Sides:
    """The sides of a clock with these columns, beside Ticket; a paused one is in none."""
    cancelled = and_(state == "cancelled", func.coalesce(stopped_at < due, False))
    still = and_(state == "paused", func.coalesce(Ticket.paused_at <= due, False))
    met = and_(state == "stopped", func.coalesce(stopped_at <= due, False))
    return Sides(met, and_(not_(still), not_(cancelled)), cancelled)


def inside(at: SQLColumnExpression[Any], period: Period) -> Condition:
    """Whether an instant lies in the period's local days."""
    start, end = period.bounds
    return and_(at >= start, at < end)


def span(name: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """From when to when a time runs, as columns beside Ticket."""
    if name == "time_to_resolve":
        return Ticket.accepted_at.expression, Ticket.closed_at.expression
    _clock, *conditions = first_contact()
    first = Clock.ticket_id == Ticket.id, *conditions
    started = select(Clock.started_at).where(*first).scalar_subquery()
    stopped = select(Clock.stopped_at).where(*first).scalar_subquery()
    return started, stopped
