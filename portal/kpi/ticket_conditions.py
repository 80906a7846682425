"""What d, n and the left-out are of each figure that counts tickets, as SQL (domain.md §5)."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, not_, or_, select, true

from portal.kpi.define_work import OPEN_TOO_LONG
from portal.kpi.periods import LOCAL
from portal.problems.models import ProblemMember
from portal.sla.models import Clock
from portal.tickets.lifecycle import LOAD, Action, Confirmation, Outcome, Status
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.order_models import Order
from portal.tickets.petition_models import Petition

Condition = ColumnElement[bool]
# d, n within d, and what else the definition holds: excluded, weight.
Rule = tuple[Condition, Condition, Mapping[str, Any]]


def ended_as(*outcomes: Outcome) -> Condition:
    """Closed with one of the outcomes; false, never null, for an open ticket."""
    return func.coalesce(Ticket.outcome, "").in_(outcomes)


_CLOSED: Condition = Ticket.status == Status.CLOSED
_ACCEPTED: Condition = Ticket.accepted_at.is_not(None)
_OPEN: Condition = and_(_ACCEPTED, not_(_CLOSED))
_SOLVED = ended_as(Outcome.SOLVED)
_WITHDRAWN = ended_as(Outcome.WITHDRAWN)
_ANSWERED = ended_as(Outcome.SOLVED, Outcome.EXPLAINED)


def _confirmation(word: Confirmation) -> Condition:
    return func.coalesce(Ticket.confirmation, "") == word


_YES: Condition = or_(
    _confirmation(Confirmation.CONFIRMED),
    and_(
        _confirmation(Confirmation.CALL_BACK),
        func.coalesce(Ticket.call_back_solved, False),
    ),
)
_CONFIRMED_SOLVED: Condition = and_(_SOLVED, _YES)


def _has(model: Any, *conditions: Condition) -> Condition:
    """Whether a ticket has such a row, looked up for each ticket by its id.

    Not EXISTS: that may be planned as a hash over every such row there is, for a page of 25.
    """
    where = model.ticket_id == Ticket.id, *conditions
    return func.coalesce(select(literal(True)).where(*where).limit(1).scalar_subquery(), False)


_LATE = _has(Clock, Clock.kind == "resolve", Clock.stopped_at > Clock.due_at)


def _granted(kind: str) -> Condition:
    return _has(Petition, Petition.kind == kind, Petition.state == "granted")


def _happened(action: Action, *more: Condition) -> Condition:
    return _has(TicketEvent, TicketEvent.action == action, *more)


def _exclusions() -> dict[str, Condition]:
    """Why an accepted ticket is not in the net rate; the reasons do not overlap."""
    ended = {
        str(outcome): ended_as(outcome)
        for outcome in (Outcome.WITHDRAWN, Outcome.MERGED, Outcome.TRANSFERRED)
    }
    return {**ended, "exclusion": and_(not_(or_(*ended.values())), _granted("exclusion"))}


def present(now: datetime) -> dict[str, Rule]:
    """The figures of what was accepted in the period that change as time passes."""
    past_due = and_(not_(_CLOSED), func.coalesce(Ticket.next_due_at < now, False))
    return {
        "overdue": (_ACCEPTED, or_(past_due, and_(_CLOSED, _LATE)), {}),
        "backlog": (_OPEN, Ticket.accepted_at < backlog_before(now), {}),
    }


def accepted() -> dict[str, Rule]:
    """The other figures of what was accepted in the period."""
    excluded = {why: and_(_ACCEPTED, one) for why, one in _exclusions().items()}
    kept = not_(or_(*_exclusions().values()))
    return {
        "close_rate": (_ACCEPTED, _CLOSED, {}),
        "resolution_gross": (_ACCEPTED, _CONFIRMED_SOLVED, {}),
        "resolution_net": (and_(_ACCEPTED, kept), _CONFIRMED_SOLVED, {"excluded": excluded}),
        "resolution_reported": (_ACCEPTED, _SOLVED, {}),
        "overclaim": (_ACCEPTED, and_(_SOLVED, not_(_YES)), {}),
        "urge_rate": (_ACCEPTED, _happened(Action.URGE), {}),
        "withdraw_rate": (_ACCEPTED, _WITHDRAWN, {}),
        "withdraw_asked": (and_(_ACCEPTED, _WITHDRAWN), _asked_to_withdraw(), {}),
        "extension_rate": (_ACCEPTED, _granted("extension"), {}),
        "exclusion_rate": (_ACCEPTED, _granted("exclusion"), {}),
        "supervised_rate": (_ACCEPTED, _has(Order), {}),
        "elevated_rate": (_ACCEPTED, Ticket.elevated_at.is_not(None), {}),
        "hold_rate": (_OPEN, Ticket.status == Status.ON_HOLD, {}),
        "load": (and_(_ACCEPTED, Ticket.status.in_(LOAD)), true(), {}),
    }


def backlog_before(now: datetime) -> datetime:
    """What was accepted before this instant, and is open, is backlog: whole local days."""
    today = now.astimezone(LOCAL).date()
    return datetime.combine(today - timedelta(days=OPEN_TOO_LONG - 1), time(), LOCAL)


def _asked_to_withdraw() -> Condition:
    asked = TicketEvent.payload["asked_by_unit"].as_boolean()
    return _happened(Action.WITHDRAW, func.coalesce(asked, False))


def closed() -> dict[str, Rule]:
    """The figures of what was closed in the period."""
    rated = Ticket.rating.is_not(None)
    pleased = func.coalesce(Ticket.rating, 0) >= 3
    weight = case((Ticket.rating >= 4, 1.0), else_=0.9)
    unrated = {"unrated": and_(_ANSWERED, not_(rated))}
    contacted = _has(*first_contact())
    taken = {"excluded": {"no_contact": and_(_CLOSED, _ACCEPTED, not_(contacted))}}
    return {
        "satisfaction": (and_(_CLOSED, rated), pleased, {"excluded": unrated, "weight": weight}),
        "rating_coverage": (_ANSWERED, rated, {}),
        "once_done": (_SOLVED, Ticket.round == 1, {}),
        "rework_rate": (_CLOSED, Ticket.round > 1, {}),
        "dispute_rate": (_ANSWERED, _happened(Action.DISPUTE), {}),
        "unconfirmed_rate": (_ANSWERED, _confirmation(Confirmation.UNCONFIRMED), {}),
        "call_back_share": (_ANSWERED, _confirmation(Confirmation.CALL_BACK), {}),
        "explained_share": (_ANSWERED, ended_as(Outcome.EXPLAINED), {}),
        "closed_late": (_ANSWERED, _LATE, {}),
        "time_to_contact": (and_(_CLOSED, _ACCEPTED, contacted), true(), taken),
        "time_to_resolve": (and_(_ANSWERED, _ACCEPTED), true(), {}),
    }


def first_contact() -> tuple[Any, ...]:
    """Clock, and what makes it that of a ticket's first contact with its firm."""
    return (
        Clock,
        Clock.kind == "contact",
        Clock.round == 1,
        Clock.attempt == 1,
        Clock.state == "stopped",
    )


def others() -> dict[str, Rule]:
    """The figures of what was submitted, and of what was dispatched, in the period."""
    merged = and_(ended_as(Outcome.MERGED), not_(_ACCEPTED))
    in_problem = _has(ProblemMember)
    return {
        "accept_rate": (not_(merged), _ACCEPTED, {"excluded": {"merged": merged}}),
        "submissions": (true(), true(), {}),
        "repeat_rate": (true(), Ticket.repeated.is_(True), {}),
        "problem_share": (true(), in_problem, {}),
        "return_rate": (Ticket.assigned_at.is_not(None), _granted("return"), {}),
    }
