"""The common problems that most firms share, each with its own resolution rate."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from portal.auth.roles import Actor
from portal.extensions import db
from portal.kpi.conditions import definitions
from portal.kpi.figures import FIGURES, Measure
from portal.problems.models import Problem, ProblemMember
from portal.problems.problem_queries import visible_problems
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket


@dataclass(frozen=True)
class Large:
    """A problem that is not closed: its tickets, firms, open tickets, and resolution_gross."""

    problem: Problem
    members: int
    firms: int
    open: int
    resolution: Measure


def largest(actor: Actor, now: datetime, most: int = 5) -> list[Large]:
    """Those with most firms first, over all their members as of `now` (UTC); one statement."""
    rule = definitions(now)["resolution_gross"]
    firms = func.count(Ticket.enterprise_id.distinct())
    query = (
        select(
            Problem,
            func.count(),
            firms,
            func.count().filter(Ticket.status != Status.CLOSED),
            func.count().filter(rule.n),
            func.count().filter(rule.d),
        )
        .join(ProblemMember, ProblemMember.problem_id == Problem.id)
        .join(Ticket, Ticket.id == ProblemMember.ticket_id)
        .where(visible_problems(actor), Problem.state != "closed")
        .group_by(Problem.id)
        .order_by(firms.desc(), Problem.id)
        .limit(most)
    )
    return [
        Large(problem, members, firm, opened, Measure(FIGURES["resolution_gross"], n, d))
        for problem, members, firm, opened, n, d in db.session.execute(query)
    ]
