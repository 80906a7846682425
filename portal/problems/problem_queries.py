"""What may be known of common problems: the lists, one with its members, figures and answers."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true
from sqlalchemy.orm import joinedload

from portal.auth.models import User
from portal.auth.roles import DEPARTMENT_ROLES, OVERSIGHT_ROLES, Actor, Role
from portal.errors import NotFound
from portal.extensions import db
from portal.kpi.conditions import definitions
from portal.kpi.intervals import wilson
from portal.paging import Cursor, Page, fetch
from portal.problems import queries
from portal.problems.models import (
    Problem,
    ProblemAnswer,
    ProblemDelivery,
    ProblemMember,
    ProblemSuggestion,
    TicketFingerprint,
)
from portal.problems.similarity import mean, restored
from portal.sla.calendars import current_calendar
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.queries import visible

PARTS = ("all", "open", "accepted", "solved")
MIDDLE = 40  # members that the middle of a problem is made of
LIKELY = 10  # tickets that are offered to join
TIMED = 2000  # solved members that the median is taken over, the newest
SHOWN_OF_GROUP = 5


@dataclass(frozen=True)
class Figures:
    """What a problem comes to; `hours`: the median working time from submitted to closed."""

    members: int
    firms: int
    regions: int
    open: int
    accepted: int
    solved: int
    interval: tuple[float, float] | None
    hours: float | None


@dataclass(frozen=True)
class Row:
    """A problem in a list."""

    problem: Problem
    members: int
    firms: int
    open: int


def visible_problems(actor: Actor) -> ColumnElement[bool]:
    """The problems an actor can see: all for those who gather; for cadres and reviewers those that
    they or their unit answer for, and those that a ticket of theirs belongs to."""
    if actor.role in (Role.DISPATCHER, *OVERSIGHT_ROLES):
        return true()
    if actor.role not in DEPARTMENT_ROLES:
        return false()
    owned = Problem.owner_id == actor.id
    if actor.role is Role.REVIEWER:
        colleagues = select(User.id).where(User.department_id == actor.department_id)
        owned = Problem.owner_id.in_(colleagues)
    concerned = select(ProblemMember.problem_id).join(Ticket).where(visible(actor))
    return or_(owned, Problem.id.in_(concerned))


def get_problem(actor: Actor, problem_id: int) -> Problem:
    """The problem. Raises NotFound when there is none or the actor may not see it."""
    query = select(Problem).where(Problem.id == problem_id, visible_problems(actor))
    people = joinedload(Problem.owner).joinedload(User.department), joinedload(Problem.created_by)
    problem = db.session.scalar(query.options(*people, joinedload(Problem.changed_by)))
    if problem is None:
        raise NotFound("没有找到这个共性问题。")
    return problem


def listed(
    actor: Actor, state: str | None, cursor: Cursor | None, address: Callable[..., str]
) -> Page[Row]:
    """The problems the actor sees, newest first, with what each comes to; two statements."""
    query = select(Problem).where(visible_problems(actor))
    if state is not None:
        query = query.where(Problem.state == state)
    query = query.options(joinedload(Problem.owner).joinedload(User.department))
    page = fetch(query, Problem.created_at, Problem.id, cursor, address, descending=True)
    counted = _counts([problem.id for problem in page.items])
    nothing = (0, 0, 0)
    rows = [Row(one, *counted.get(one.id, nothing)) for one in page.items]
    return Page(rows, page.next_url, page.prev_url)


def _counts(ids: list[int]) -> dict[int, tuple[int, int, int]]:
    query = (
        select(
            ProblemMember.problem_id,
            func.count(),
            func.count(Ticket.enterprise_id.distinct()),
            func.count().filter(Ticket.status != Status.CLOSED),
        )
        .join(Ticket, Ticket.id == ProblemMember.ticket_id)
        .where(ProblemMember.problem_id.in_(ids))
        .group_by(ProblemMember.problem_id)
    )
    return {key: (all_, firms, left) for key, all_, firms, left in db.session.execute(query)}


def open_problems(actor: Actor) -> dict[int, str]:
    """The problems that a ticket can join, id → name, newest first."""
    query = select(Problem.id, Problem.name).where(
        visible_problems(actor), Problem.state != "closed"
    )
    return dict(db.session.execute(query.order_by(Problem.id.desc()).limit(200)).all())


def _part(part: str, now: datetime) -> ColumnElement[bool]:
    """The members that a figure counts; solved as in resolution_gross (domain.md §5)."""
    rule = definitions(now)["resolution_gross"]
    match part:
        case "open":
            return Ticket.status != Status.CLOSED
        case "accepted":
            return rule.d
        case "solved":
            return rule.n
        case _:
            return true()


def figures(problem: Problem, now: datetime) -> Figures:
    """The problem's own figures as of `now` (UTC), over all its members; two statements."""
    parts = {part: _part(part, now) for part in PARTS}
    query = (
        select(
            func.count(),
            func.count(Ticket.enterprise_id.distinct()),
            func.count(Ticket.region_id.distinct()),
            func.count().filter(parts["open"]),
            func.count().filter(parts["accepted"]),
            func.count().filter(parts["solved"]),
        )
        .join(ProblemMember, ProblemMember.ticket_id == Ticket.id)
        .where(ProblemMember.problem_id == problem.id)
    )
    members, firms, regions, opened, accepted, solved = db.session.execute(query).one()
    spans = (
        select(Ticket.submitted_at, Ticket.closed_at)
        .join(ProblemMember, ProblemMember.ticket_id == Ticket.id)
        .where(ProblemMember.problem_id == problem.id, parts["solved"])
        .order_by(Ticket.closed_at.desc())
        .limit(TIMED)
    )
    calendar = current_calendar()
    minutes = [
        calendar.minutes_between(start, end)
        for start, end in db.session.execute(spans)
        if end is not None
    ]
    hours = median(minutes) / 60 if minutes else None
    interval = wilson(solved, accepted)
    return Figures(members, firms, regions, opened, accepted, solved, interval, hours)


def members(
    actor: Actor,
    problem: Problem,
    part: str,
    now: datetime,
    cursor: Cursor | None,
    address: Callable[..., str],
) -> Page[Ticket]:
    """The members behind a figure that the actor may see, newest first (lessons.md 33)."""
    query = _members(problem.id).where(visible(actor), _part(part, now))
    query = query.options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    return fetch(query, Ticket.submitted_at, Ticket.id, cursor, address, descending=True)


def seen_members(actor: Actor, problem: Problem) -> int:
    """How many of the members the actor may see."""
    query = select(func.count()).select_from(_members(problem.id).where(visible(actor)).subquery())
    return db.session.scalar(query) or 0


def _members(problem_id: int) -> Select[Ticket]:
    return (
        select(Ticket)
        .join(ProblemMember, ProblemMember.ticket_id == Ticket.id)
        .where(ProblemMember.problem_id == problem_id)
    )


def answers(problem: Problem) -> list[tuple[ProblemAnswer, dict[str, int]]]:
    """The answers, newest first, with how many members are in each state; two statements."""
    query = (
        select(ProblemAnswer)
        .where(ProblemAnswer.problem_id == problem.id)
        .options(joinedload(ProblemAnswer.answered_by))
        .order_by(ProblemAnswer.id.desc())
    )
    given = list(db.session.scalars(query))
    counts: dict[int, dict[str, int]] = {one.id: {} for one in given}
    states = (
        select(ProblemDelivery.answer_id, ProblemDelivery.state, func.count())
        .where(ProblemDelivery.answer_id.in_(list(counts)))
        .group_by(ProblemDelivery.answer_id, ProblemDelivery.state)
    )
    for answer_id, state, count in db.session.execute(states):
        counts[answer_id][state] = count
    return [(one, counts[one.id]) for one in given]


def refused(actor: Actor, answer: ProblemAnswer) -> list[tuple[ProblemDelivery, Ticket]]:
    """The members that an answer could not be given to, as far as the actor may see them."""
    query = (
        select(ProblemDelivery, Ticket)
        .join(Ticket, Ticket.id == ProblemDelivery.ticket_id)
        .where(
            ProblemDelivery.answer_id == answer.id,
            ProblemDelivery.state == "refused",
            visible(actor),
        )
        .options(joinedload(Ticket.enterprise))
        .order_by(ProblemDelivery.id)
    )
    return [(one, ticket) for one, ticket in db.session.execute(query)]


def suggestions() -> list[tuple[ProblemSuggestion, list[Ticket]]]:
    """The suggested groups, most firms first, each with its most central tickets."""
    query = select(ProblemSuggestion).where(ProblemSuggestion.dismissed_at.is_(None))
    order = ProblemSuggestion.firms.desc(), ProblemSuggestion.id
    found = list(db.session.scalars(query.order_by(*order).limit(20)))
    central = {one for group in found for one in group.ticket_ids[:SHOWN_OF_GROUP]}
    tickets = {ticket.id: ticket for ticket in _tickets(central)}
    return [
        (group, [tickets[one] for one in group.ticket_ids[:SHOWN_OF_GROUP] if one in tickets])
        for group in found
    ]


def suggested(suggestion_id: int) -> list[Ticket]:
    """The tickets of a suggested group that are in no problem by now. Raises NotFound."""
    group = db.session.get(ProblemSuggestion, suggestion_id)
    if group is None or group.dismissed_at is not None:
        raise NotFound("这条建议已经不在了。")
    taken = set(_taken(group.ticket_ids))
    places = {one: place for place, one in enumerate(group.ticket_ids) if one not in taken}
    return sorted(_tickets(places), key=lambda ticket: places[ticket.id])


def likely(actor: Actor, problem: Problem) -> list[queries.Similar]:
    """Tickets most like the members of a problem that are in none, for who may see them."""
    query = (
        select(TicketFingerprint.terms, TicketFingerprint.weights)
        .join(ProblemMember, ProblemMember.ticket_id == TicketFingerprint.ticket_id)
        .where(ProblemMember.problem_id == problem.id)
        .order_by(ProblemMember.ticket_id.desc())
        .limit(MIDDLE)
    )
    vectors = [restored(terms, weights) for terms, weights in db.session.execute(query)]
    if not vectors:
        return []
    found = queries.similar(actor, mean(vectors), most=queries.SCORED)
    taken = set(_taken([one.ticket.id for one in found]))
    return [one for one in found if one.ticket.id not in taken][:LIKELY]


def _taken(ids: Iterable[int]) -> Iterable[int]:
    query = select(ProblemMember.ticket_id).where(ProblemMember.ticket_id.in_(list(ids)))
    return db.session.scalars(query)


def _tickets(ids: Iterable[int]) -> list[Ticket]:
    query = select(Ticket).where(Ticket.id.in_(list(ids))).options(joinedload(Ticket.enterprise))
    return list(db.session.scalars(query))
