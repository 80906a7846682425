"""Folds the events of one ticket into its facts, whatever the order they became known in. Pure.

The meaning is that of portal.kpi.conditions, which reads the tickets' rows; `flask kpi check`
compares both.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.tickets.lifecycle import Action, Channel, Confirmation, Status


@dataclass(frozen=True)
class Happening:
    """One event of the ticket, as it was written."""

    seq: int
    action: str
    at: datetime
    to_status: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Promise:
    """One clock of the ticket, as it was known at the instant that is asked about."""

    kind: str
    round: int
    attempt: int
    state: str
    started_at: datetime
    due_at: datetime
    original_due_at: datetime
    stopped_at: datetime | None


@dataclass
class Facts:
    """What is known of one ticket. `cut`: the dimensions as they were when it was submitted."""

    cut: dict[str, Any]
    seq: int = 0
    status: str = ""
    round: int = 1
    category_id: int | None = None
    department_id: int | None = None
    assignee_id: int | None = None
    submitted_at: datetime | None = None
    accepted_at: datetime | None = None
    assigned_at: datetime | None = None
    closed_at: datetime | None = None
    paused_at: datetime | None = None
    outcome: str | None = None
    confirmation: str | None = None
    call_back_solved: bool = False
    rating: int | None = None
    in_problem: bool = False
    asked_to_withdraw: bool = False
    happened: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)

    @property
    def counted(self) -> bool:
        """Imported history is in no figure."""
        return self.submitted_at is not None and self.cut["channel"] != Channel.IMPORT

    @property
    def open(self) -> bool:
        """Accepted and not closed."""
        return self.accepted_at is not None and self.status != Status.CLOSED


def fold(happenings: Iterable[Happening], born: Mapping[str, Any]) -> Facts:
    """The facts after some events, in the order of their numbers.

    `born`: the dimensions for tickets of the time before their first event named them.
    """
    facts = Facts(dict(born))
    for one in happenings:
        facts.seq = one.seq
        facts.happened.add(one.action)
        _apply(facts, one)
        facts.status = one.to_status
    return facts


def _apply(facts: Facts, one: Happening) -> None:
    if one.action in _GIVES and one.to_status == Status.ASSIGNED:
        _give(facts, one)
    change = _CHANGES.get(one.action)
    if change is not None:
        change(facts, one)
    if one.to_status == Status.CLOSED and facts.status != Status.CLOSED:
        facts.closed_at, facts.paused_at = one.at, None
        facts.outcome = one.payload["outcome"]


def _submit(facts: Facts, one: Happening) -> None:
    facts.submitted_at = one.at
    facts.cut = {**facts.cut, **one.payload.get("cut", {})}
    facts.category_id = facts.cut["category_id"]


def _give(facts: Facts, one: Happening) -> None:
    facts.department_id = one.payload["department_id"]
    facts.assignee_id = one.payload["assignee_id"]
    facts.assigned_at = one.at
    facts.accepted_at = facts.accepted_at or one.at


def _return(facts: Facts, _one: Happening) -> None:
    facts.granted.add("return")
    facts.department_id = facts.assignee_id = None


def _redirect(facts: Facts, _one: Happening) -> None:
    facts.granted.add("return")


def _lapse(facts: Facts, one: Happening) -> None:
    facts.paused_at = None
    if one.to_status == Status.CLOSED:
        facts.confirmation = Confirmation.UNCONFIRMED
    else:
        facts.department_id = facts.assignee_id = None


def _recuse(facts: Facts, _one: Happening) -> None:
    facts.paused_at = facts.department_id = facts.assignee_id = None


def _confirm(facts: Facts, one: Happening) -> None:
    facts.confirmation, facts.rating = Confirmation.CONFIRMED, one.payload["rating"]


def _dispute(facts: Facts, one: Happening) -> None:
    facts.rating = one.payload["rating"]
    facts.round += 1


def _reopen(facts: Facts, _one: Happening) -> None:
    facts.closed_at = facts.outcome = facts.confirmation = None
    facts.call_back_solved = False
    facts.round += 1


def _call_back(facts: Facts, one: Happening) -> None:
    facts.confirmation = Confirmation.CALL_BACK
    facts.call_back_solved = one.payload["solved"]


def _pause(facts: Facts, one: Happening) -> None:
    facts.paused_at = one.at


def _resume(facts: Facts, _one: Happening) -> None:
    facts.paused_at = None


def _recategorise(facts: Facts, one: Happening) -> None:
    facts.category_id = one.payload["category_id"]


def _withdraw(facts: Facts, one: Happening) -> None:
    facts.asked_to_withdraw = bool(one.payload.get("asked_by_unit"))


def _join(facts: Facts, _one: Happening) -> None:
    facts.in_problem = True


def _leave(facts: Facts, _one: Happening) -> None:
    facts.in_problem = False


def _extended(facts: Facts, _one: Happening) -> None:
    facts.granted.add("extension")


def _excluded(facts: Facts, _one: Happening) -> None:
    facts.granted.add("exclusion")


_GIVES = frozenset({Action.ROUTE, Action.DISPATCH, Action.REASSIGN, Action.REDIRECT})
_CHANGES: dict[str, Callable[[Facts, Happening], None]] = {
    Action.SUBMIT: _submit,
    Action.RETURN: _return,
    Action.REDIRECT: _redirect,
    Action.LAPSE: _lapse,
    Action.RECUSE: _recuse,
    Action.CONFIRM: _confirm,
    Action.DISPUTE: _dispute,
    Action.REOPEN: _reopen,
    Action.CALL_BACK: _call_back,
    Action.ASK_INFO: _pause,
    Action.SUPPLY_INFO: _resume,
    Action.RECATEGORISE: _recategorise,
    Action.WITHDRAW: _withdraw,
    Action.JOIN_PROBLEM: _join,
    Action.LEAVE_PROBLEM: _leave,
    Action.GRANT_EXTENSION: _extended,
    Action.GRANT_EXCLUSION: _excluded,
}
