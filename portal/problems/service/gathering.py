"""Common problems: opened, changed and closed by those who see all; tickets join and leave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES, Actor, Role
from portal.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from portal.extensions import db
from portal.outbox import service as outbox
from portal.problems.models import Problem, ProblemMember
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.queries import visible
from portal.tickets.service.move import Ask, begin, record

GATHERERS = frozenset({Role.DISPATCHER, *OVERSIGHT_ROLES})
AT_ONCE = 200  # tickets that join in one step


@dataclass(frozen=True)
class Described:
    """What a common problem is: its name (firms read it in the answer), and who answers for it."""

    name: str
    description: str
    owner_id: int


def create(actor: Actor, described: Described, ticket_ids: Iterable[int], now: datetime) -> Problem:
    """Opens a common problem with its first members, as far as the actor sees them.

    Of the tickets those are left out that belong to another problem by now.
    """
    _may_gather(actor)
    problem = Problem(
        name=described.name,
        description=described.description,
        owner_id=_owner(described.owner_id).id,
        created_by_id=actor.id,
        created_at=now,
        changed_by_id=actor.id,
        changed_at=now,
    )
    db.session.add(problem)
    db.session.flush()
    add(actor, problem, ticket_ids, now)
    _tell_owner(problem, now)
    return problem


def change(actor: Actor, problem_id: int, seen: int, described: Described, now: datetime) -> None:
    """Renames, describes or hands over a problem; a new owner is told.

    Raises Stale when it was changed meanwhile.
    """
    problem = _open(actor, problem_id)
    if problem.version != seen:
        raise Stale(seen, problem.version)
    before = problem.owner_id
    problem.name, problem.description = described.name, described.description
    problem.owner_id = _owner(described.owner_id).id
    _changed(problem, actor, now)
    if problem.owner_id != before:
        _tell_owner(problem, now)


def add(actor: Actor, problem: Problem, ticket_ids: Iterable[int], now: datetime) -> int:
    """Makes tickets members, in the order of their ids; how many were none of any problem."""
    wanted = sorted(set(ticket_ids))[:AT_ONCE]
    query = select(Ticket.id).where(Ticket.id.in_(wanted), visible(actor)).order_by(Ticket.id)
    free = select(ProblemMember.ticket_id).where(ProblemMember.ticket_id.in_(wanted))
    taken = set(db.session.scalars(free))
    joined = [one for one in db.session.scalars(query) if one not in taken]
    for ticket_id in joined:
        _join(Ask(actor, ticket_id, now), problem, "")
    return len(joined)


def add_many(actor: Actor, problem_id: int, ticket_ids: Iterable[int], now: datetime) -> int:
    """The same for an open problem by its id. Raises NotFound, Conflict."""
    return add(actor, _open(actor, problem_id), ticket_ids, now)


def add_number(actor: Actor, problem_id: int, number: str, now: datetime) -> Ticket:
    """Makes the ticket of that number a member. Raises Invalid."""
    problem = _open(actor, problem_id)
    ticket_id = db.session.scalar(select(Ticket.id).where(Ticket.number == number, visible(actor)))
    if ticket_id is None:
        raise Invalid("没有找到编号为 %(number)s 的诉求，请核对编号。", "number", number=number)
    return _join(Ask(actor, ticket_id, now), problem, "", field="number")


def join(ask: Ask, problem_id: int, text: str) -> Ticket:
    """The ticket becomes a member of an open problem; its own handling goes on as before."""
    return _join(ask, _open(ask.actor, problem_id), text)


def leave(ask: Ask, text: str) -> Ticket:
    """Takes the ticket out of its problem; what was answered stays. Raises Invalid."""
    ticket = begin(ask, Action.LEAVE_PROBLEM)
    statement = delete(ProblemMember).where(ProblemMember.ticket_id == ticket.id)
    left = db.session.scalar(statement.returning(ProblemMember.problem_id))
    if left is None:
        raise Invalid("这件诉求没有归入共性问题。", "text")
    problem = db.session.get_one(Problem, left)
    record(ask, ticket, Action.LEAVE_PROBLEM, public=False, problem=problem.name, text=text)
    return ticket


def close(actor: Actor, problem_id: int, now: datetime) -> None:
    """No more members and no more answers; the tickets go on by themselves."""
    problem = _open(actor, problem_id)
    problem.state, problem.closed_at = "closed", now
    _changed(problem, actor, now)


def reopen(actor: Actor, problem_id: int, now: datetime) -> None:
    """Takes a closed problem up again. Raises Conflict when it is not closed."""
    problem = locked(problem_id)
    _may_gather(actor)
    if problem.state != "closed":
        raise Conflict("这个共性问题没有关闭。")
    problem.state, problem.closed_at = "open", None
    _changed(problem, actor, now)


def locked(problem_id: int) -> Problem:
    """The problem, its row locked until the transaction ends. Raises NotFound."""
    query = select(Problem).where(Problem.id == problem_id).with_for_update()
    problem = db.session.scalar(query.execution_options(populate_existing=True))
    if problem is None:
        raise NotFound("没有找到这个共性问题。")
    return problem


def _open(actor: Actor, problem_id: int) -> Problem:
    _may_gather(actor)
    problem = locked(problem_id)
    if problem.state == "closed":
        raise Conflict("这个共性问题已经关闭，请先重新打开。")
    return problem


def _may_gather(actor: Actor) -> None:
    if actor.role not in GATHERERS:
        raise NotAllowed("您的账号不能执行这项操作。")


def _owner(owner_id: int) -> User:
    owner = db.session.get(User, owner_id)
    if owner is None or owner.role != Role.CADRE or not owner.active:
        raise Invalid("请选择负责答复的承办人。", "owner_id")
    return owner


def _tell_owner(problem: Problem, now: datetime) -> None:
    """Who answers for a problem hears of it once for each version that made them its owner."""
    payload = {
        "ticket_id": None,
        "kind": "problem_owned",
        "users": [problem.owner_id],
        "role": None,
        "department_id": None,
        "params": {"name": problem.name, "problem_id": problem.id},
    }
    outbox.put(outbox.NOTIFY, payload, now, f"problem_owned:{problem.id}:{problem.version}")


def _changed(problem: Problem, actor: Actor, now: datetime) -> None:
    problem.version += 1
    problem.changed_by_id, problem.changed_at = actor.id or 0, now


def _join(ask: Ask, problem: Problem, text: str, field: str = "problem_id") -> Ticket:
    ticket = begin(ask, Action.JOIN_PROBLEM)
    statement = insert(ProblemMember).values(
        problem_id=problem.id, ticket_id=ticket.id, added_by_id=ask.actor.id, added_at=ask.now
    )
    statement = statement.on_conflict_do_nothing(index_elements=["ticket_id"])
    if db.session.execute(statement.returning(ProblemMember.id)).first() is None:
        raise Invalid("%(number)s 已经归入共性问题。", field, number=ticket.number)
    record(ask, ticket, Action.JOIN_PROBLEM, public=False, problem=problem.name, text=text)
    return ticket
