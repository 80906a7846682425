"""What one ticket adds to each figure, out of its facts and its promises. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.kpi.facts import Facts, Promise
from portal.tickets.lifecycle import LOAD, Action, Confirmation, Outcome, Status

# Of which clock each figure of promises is made, and whether by the due first promised.
PROMISES: dict[str, tuple[str, bool]] = {
    "contact_rate": ("contact", False),
    "on_time_rate": ("resolve", True),
    "on_time_extended": ("resolve", False),
    "accept_on_time": ("accept", False),
    "sign_rate": ("sign", False),
    "verify_rate": ("verify", False),
    "reply_rate": ("reply", False),
}
_ANSWERED = (Outcome.SOLVED, Outcome.EXPLAINED)
_LEFT_OUT = (Outcome.WITHDRAWN, Outcome.MERGED, Outcome.TRANSFERRED)


@dataclass(frozen=True)
class Entry:
    """One row of one figure: where it counts, and how.

    `n`: in n and d; else in d only, unless `excluded` says why it is in neither. `tenths`: what a
    row of n weighs. `span`: from when to when, of times.
    """

    name: str
    at: datetime
    n: bool
    excluded: str | None = None
    tenths: int = 10
    span: tuple[datetime, datetime] | None = None


def entries(
    facts: Facts, promises: Sequence[Promise], *, late_now: bool = False
) -> Iterator[Entry]:
    """All rows of one ticket; a promise counts on the day of its due, past or to come.

    What only the present can tell is `late_now` (open and past its nearest due) and the age of the
    backlog: without it a ticket is overdue when it was closed late; `backlog` has no n here.
    """
    if not facts.counted or facts.submitted_at is None:
        return
    yield from _submitted(facts, facts.submitted_at)
    late = any(
        one.kind == "resolve" and one.stopped_at is not None and one.stopped_at > one.due_at
        for one in promises
    )
    if facts.accepted_at is not None:
        yield from _accepted(facts, facts.accepted_at)
        past = late_now if facts.status != Status.CLOSED else late
        yield Entry("overdue", facts.accepted_at, past)
    if facts.assigned_at is not None:
        yield Entry("return_rate", facts.assigned_at, "return" in facts.granted)
    if facts.closed_at is not None:
        yield from _closed(facts, facts.closed_at, late)
        yield from _times(facts, facts.closed_at, promises)
    for one in promises:
        yield from _due(facts, one)


def _submitted(facts: Facts, at: datetime) -> Iterator[Entry]:
    merged = facts.outcome == Outcome.MERGED and facts.accepted_at is None
    accepted = facts.accepted_at is not None
    yield Entry("accept_rate", at, accepted, "merged" if merged else None)
    yield Entry("submissions", at, True)
    yield Entry("repeat_rate", at, bool(facts.cut["repeated"]))
    yield Entry("problem_share", at, facts.in_problem)


def _accepted(facts: Facts, at: datetime) -> Iterator[Entry]:
    closed, solved = facts.status == Status.CLOSED, facts.outcome == Outcome.SOLVED
    called = facts.confirmation == Confirmation.CALL_BACK and facts.call_back_solved
    confirmed = facts.confirmation == Confirmation.CONFIRMED or called
    withdrawn = facts.outcome == Outcome.WITHDRAWN
    out = facts.outcome if facts.outcome in _LEFT_OUT else None
    if out is None and "exclusion" in facts.granted:
        out = "exclusion"
    yield Entry("close_rate", at, closed)
    yield Entry("resolution_gross", at, solved and confirmed)
    yield Entry("resolution_net", at, solved and confirmed, out)
    yield Entry("resolution_reported", at, solved)
    yield Entry("overclaim", at, solved and not confirmed)
    yield Entry("urge_rate", at, Action.URGE in facts.happened)
    yield Entry("withdraw_rate", at, withdrawn)
    yield Entry("extension_rate", at, "extension" in facts.granted)
    yield Entry("exclusion_rate", at, "exclusion" in facts.granted)
    yield Entry("supervised_rate", at, Action.SUPERVISE in facts.happened)
    yield Entry("elevated_rate", at, Action.ELEVATE in facts.happened)
    if withdrawn:
        yield Entry("withdraw_asked", at, facts.asked_to_withdraw)
    if facts.open:
        yield Entry("hold_rate", at, facts.status == Status.ON_HOLD)
        yield Entry("backlog", at, False)
    if facts.status in LOAD:
        yield Entry("load", at, True)


def _closed(facts: Facts, at: datetime, late: bool) -> Iterator[Entry]:
    answered, rated = facts.outcome in _ANSWERED, facts.rating is not None
    if facts.rating is not None:
        weight = 10 if facts.rating >= 4 else 9
        yield Entry("satisfaction", at, facts.rating >= 3, None, weight)
    elif answered:
        yield Entry("satisfaction", at, False, "unrated")
    yield Entry("rework_rate", at, facts.round > 1)
    if facts.outcome == Outcome.SOLVED:
        yield Entry("once_done", at, facts.round == 1)
    if answered:
        yield Entry("rating_coverage", at, rated)
        yield Entry("dispute_rate", at, Action.DISPUTE in facts.happened)
        yield Entry("unconfirmed_rate", at, facts.confirmation == Confirmation.UNCONFIRMED)
        yield Entry("call_back_share", at, facts.confirmation == Confirmation.CALL_BACK)
        yield Entry("explained_share", at, facts.outcome == Outcome.EXPLAINED)
        yield Entry("closed_late", at, late)


def _times(facts: Facts, at: datetime, promises: Sequence[Promise]) -> Iterator[Entry]:
    if facts.accepted_at is None:
        return
    first = [
        one
        for one in promises
        if (one.kind, one.round, one.attempt, one.state) == ("contact", 1, 1, "stopped")
    ]
    if first and first[0].stopped_at is not None:
        span = first[0].started_at, first[0].stopped_at
        yield Entry("time_to_contact", at, True, span=span)
    else:
        yield Entry("time_to_contact", at, False, "no_contact")
    if facts.outcome in _ANSWERED:
        yield Entry("time_to_resolve", at, True, span=(facts.accepted_at, at))


def _due(facts: Facts, one: Promise) -> Iterator[Entry]:
    for name, (kind, original) in PROMISES.items():
        if one.kind != kind:
            continue
        due = one.original_due_at if original else one.due_at
        if one.state == "paused" and facts.paused_at is not None and facts.paused_at <= due:
            continue
        ended = one.stopped_at
        if one.state == "cancelled" and ended is not None and ended < due:
            yield Entry(name, due, False, "cancelled")
        else:
            yield Entry(name, due, one.state == "stopped" and ended is not None and ended <= due)


def known_at(
    one: Promise, moves: Sequence[tuple[datetime, datetime, datetime]], at: datetime, paused: bool
) -> Promise | None:
    """A clock as it was known at an earlier instant; None before it started.

    `moves`: when its dues moved, and what due and original due were until then, oldest first.
    `paused`: whether the ticket's clocks stood still at `at`, this one among them.
    """
    if one.started_at > at:
        return None
    due, original = one.due_at, one.original_due_at
    for moved_at, due_before, original_before in moves:
        if moved_at > at:
            due, original = due_before, original_before
            break
    if one.stopped_at is not None and one.stopped_at <= at:
        state, stopped = one.state, one.stopped_at
    else:
        state, stopped = "paused" if paused else "running", None
    return Promise(one.kind, one.round, one.attempt, state, one.started_at, due, original, stopped)
