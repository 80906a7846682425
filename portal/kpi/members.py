"""The list of tickets behind each side of a figure, made of the conditions that count it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import Label, Select, and_, case, func, null, or_, select, tuple_
from sqlalchemy.orm import contains_eager, joinedload

from portal.extensions import db
from portal.kpi.conditions import Condition, Definition, Dimensions, definition, inside, span
from portal.kpi.figures import TIMES
from portal.kpi.periods import Period
from portal.paging import PAGE_SIZE
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock
from portal.tickets import petition_queries
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition

Side = Literal["n", "d", "rest", "excluded"]
SIDES: tuple[Side, ...] = ("n", "d", "rest", "excluded")


@dataclass(frozen=True)
class Member:
    """One row of a list: a ticket, or one clock of it, and how it counts.

    `counted`: it is in n. `excluded_as`: the reason it is left out. `hours`: working hours, of
    the times only. `exclusion`: the petition by which it is left out, with both its people.
    """

    id: int
    ticket: Ticket
    clock: Clock | None
    counted: bool
    excluded_as: str | None
    hours: float | None
    exclusion: Petition | None = None


def members(
    name: str, side: Side, period: Period, chosen: Dimensions, now: datetime
) -> Select[*tuple[Any, ...]]:
    """The rows behind one side of a figure: id, cohort instant, Ticket, Clock or null, counted …

    A clock figure has one row for each promise, so a ticket of two rounds may come twice.
    """
    rule = definition(name, now)
    reasons = [(one, why) for why, one in rule.excluded.items()]
    table = Ticket if rule.source == "ticket" else Clock
    clock = Clock if rule.source == "clock" else null()
    query = select(
        table.id.label("row_id"),
        rule.at.label("at"),
        Ticket,
        clock,
        rule.n.label("counted"),
        (case(*reasons) if reasons else null()).label("excluded_as"),
        *(span(name) if name in TIMES else (null(), null())),
    )
    if rule.source == "clock":
        query = query.select_from(Clock).join(Ticket, Ticket.id == Clock.ticket_id)
    else:
        query = query.select_from(Ticket)
    query = query.where(*chosen.where(), inside(rule.at, period), _side(rule, side))
    return (
        query.join(Ticket.enterprise)
        .join(Ticket.category)
        .options(
            contains_eager(Ticket.enterprise),
            contains_eager(Ticket.category),
            joinedload(Ticket.department),
        )
    )


def _side(rule: Definition, side: Side) -> Condition:
    match side:
        case "n":
            return rule.n
        case "d":
            return rule.d
        case "rest":
            return and_(rule.d, rule.n.is_not(True))
        case "excluded":
            return or_(False, *rule.excluded.values())


@dataclass(frozen=True)
class MemberPage:
    """One page of a list, the latest first, and where its neighbours begin (None at the ends)."""

    items: list[Member]
    total: int
    after: int | None = None
    before: int | None = None


def member_page(
    query: Select[*tuple[Any, ...]],
    *,
    total: int | None = None,
    after: int | None = None,
    before: int | None = None,
) -> MemberPage:
    """The rows below the row `after`, or those just above `before`, the latest first.

    `total`: how many there are, where the cells know it; None counts them, a statement more.
    """
    row_id, at = query.selected_columns["row_id"], query.selected_columns["at"]
    if total is None:
        count = select(func.count()).select_from(query.with_only_columns(row_id).subquery())
        total = db.session.scalar(count) or 0
    order = (at.asc(), row_id.asc()) if before else (at.desc(), row_id.desc())
    page = query.order_by(*order).limit(PAGE_SIZE + 1)
    if known := before or after:
        column, instant = cast(Label, row_id).element, cast(Label, at).element
        table = column.table.alias()
        there = select(table.c[instant.key], table.c.id).where(table.c.id == known)
        place, here = there.scalar_subquery(), tuple_(at, row_id)
        page = page.where(here > place if before else here < place)
    rows = as_members(db.session.execute(page))
    more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
    if before:
        rows.reverse()
    if not rows:
        return MemberPage([], total)
    forward, backward = (True, more) if before else (more, after is not None)
    return MemberPage(
        rows, total, rows[-1].id if forward else None, rows[0].id if backward else None
    )


def every(query: Select[*tuple[Any, ...]], size: int = 500) -> Iterator[Member]:
    """All rows of a list, department by department, read `size` at a time."""
    ordered = query.order_by(Ticket.department_id, query.selected_columns["row_id"])
    found = db.session.execute(ordered.execution_options(yield_per=size))
    for part in found.partitions():
        yield from as_members(part)


def as_members(rows: Iterable[Any]) -> list[Member]:
    """Rows of `members` as the lists show them; two statements."""
    calendar, listed = current_calendar(), list(rows)
    left_out = {row.Ticket.id for row in listed if row.excluded_as == "exclusion"}
    granted = petition_queries.exclusions(left_out) if left_out else {}
    return [
        Member(
            row.row_id,
            row.Ticket,
            row[3],
            bool(row.counted),
            row.excluded_as,
            calendar.minutes_between(row[6], row[7]) / 60 if row[6] and row[7] else None,
            granted.get(row.Ticket.id),
        )
        for row in listed
    ]
