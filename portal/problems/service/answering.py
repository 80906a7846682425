"""One answer to all: written once, given to each open member in a transaction of its own."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.roles import Actor
from portal.errors import Conflict, Invalid, NotAllowed, PortalError, Repeated
from portal.extensions import db
from portal.outbox import service as outbox
from portal.problems.models import Problem, ProblemAnswer, ProblemDelivery, ProblemMember
from portal.problems.service.gathering import locked
from portal.tickets.lifecycle import Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.service import handle
from portal.tickets.service.move import Ask

PROPOSED = (Outcome.SOLVED, Outcome.EXPLAINED)


def answer(
    actor: Actor, problem_id: int, text: str, resolve_as: Outcome | None, now: datetime
) -> ProblemAnswer:
    """Writes the answer and puts it on its way to every member that is open now.

    `resolve_as`: tickets that the owner holds are proposed to end so, each for its firm to confirm;
    the others stay with their cadres. Raises NotAllowed for anybody but the owner, Conflict.
    """
    problem = _owned(actor, problem_id)
    if resolve_as is not None and resolve_as not in PROPOSED:
        raise Invalid("请选择办结方式。", "resolve_as")
    given = ProblemAnswer(
        problem_id=problem.id,
        text=text,
        resolve_as=resolve_as,
        answered_by_id=actor.id,
        answered_at=now,
    )
    db.session.add(given)
    problem.state = "answered"
    problem.version += 1
    problem.changed_by_id, problem.changed_at = actor.id or 0, now
    db.session.flush()
    _send(given, now)
    return given


def send_again(actor: Actor, problem_id: int, now: datetime) -> int:
    """Sends the last answer to members that have not got it: new ones, and those refused before.

    How many are on their way. Raises NotAllowed, Conflict.
    """
    problem = _owned(actor, problem_id)
    query = select(ProblemAnswer).where(ProblemAnswer.problem_id == problem.id)
    given = db.session.scalar(query.order_by(ProblemAnswer.id.desc()).limit(1))
    if given is None:
        raise Conflict("还没有写统一答复。")
    return _send(given, now)


def deliver(delivery_id: int, now: datetime) -> None:
    """Gives the answer to one member, once: the relay's handler, safe to run twice.

    What the rules refuse is noted with its reason and stalls no other member.
    """
    query = select(ProblemDelivery).where(ProblemDelivery.id == delivery_id)
    delivery = db.session.scalar(query.with_for_update())
    if delivery is None or delivery.state != "pending":
        return
    given = delivery.answer
    actor = given.answered_by.actor
    try:
        with db.session.begin_nested():
            ask = Ask(actor, delivery.ticket_id, now, key=f"problem_answer:{given.id}")
            name = given.problem.name
            ticket = handle.answer_problem(ask, given.text, name, given.answered_by_id)
        delivery.state = "resolved" if _resolve(given, actor, ticket, now) else "replied"
    except Repeated:
        delivery.state = "replied"
    except PortalError as error:
        ticket = db.session.get_one(Ticket, delivery.ticket_id)
        delivery.state, delivery.reason = "refused", error.template or ticket.status
    delivery.done_at = now


def _resolve(given: ProblemAnswer, actor: Actor, ticket: Ticket, now: datetime) -> bool:
    """Proposes the end where the owner is the ticket's cadre and its status allows."""
    held = ticket.assignee_id == actor.id and ticket.status == Status.IN_PROGRESS
    if given.resolve_as is None or not held:
        return False
    handle.resolve(Ask(actor, ticket.id, now), Outcome(given.resolve_as), given.text, "")
    return True


def _owned(actor: Actor, problem_id: int) -> Problem:
    problem = locked(problem_id)
    if problem.owner_id != actor.id:
        raise NotAllowed("只有这个共性问题的负责人可以统一答复。")
    if problem.state == "closed":
        raise Conflict("这个共性问题已经关闭，请先重新打开。")
    return problem


def _send(given: ProblemAnswer, now: datetime) -> int:
    """A delivery and a message for each open member that has not got this answer."""
    query = (
        select(ProblemMember.ticket_id)
        .join(Ticket, Ticket.id == ProblemMember.ticket_id)
        .where(ProblemMember.problem_id == given.problem_id, Ticket.status != Status.CLOSED)
        .order_by(ProblemMember.ticket_id)
    )
    ids = list(db.session.scalars(query))
    if ids:
        rows = [{"answer_id": given.id, "ticket_id": one, "state": "pending"} for one in ids]
        statement = insert(ProblemDelivery).values(rows)
        again = {"state": "pending", "reason": None, "done_at": None}
        db.session.execute(
            statement.on_conflict_do_update(
                index_elements=["answer_id", "ticket_id"],
                set_=again,
                where=ProblemDelivery.state == "refused",
            )
        )
    waiting = select(ProblemDelivery.id).where(
        ProblemDelivery.answer_id == given.id, ProblemDelivery.state == "pending"
    )
    sent = list(db.session.scalars(waiting.order_by(ProblemDelivery.id)))
    for delivery_id in sent:
        outbox.put(outbox.ANSWER_PROBLEM, {"delivery_id": delivery_id}, now)
    return len(sent)
