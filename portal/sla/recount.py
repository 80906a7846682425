"""What a clock's dues become when it is counted anew by another calendar or target. Pure.

domain.md §3: provisional dues are recomputed when their year is loaded; a new policy may be applied
to open tickets. Pauses are played again in order; an extension keeps its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.sla.targets import Target, due, resume, warn_at
from portal.sla.worktime import Calendar

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Dues:
    """The instants (UTC) a clock goes by; `provisional` (暂定): the due's year is unannounced."""

    due_at: datetime
    original_due_at: datetime
    warn_at: datetime
    provisional: bool


def recount(
    old: Calendar,
    new: Calendar,
    target: Target,
    started_at: datetime,
    extension: Span,
    pauses: Sequence[Span] = (),
) -> Dues:
    """The dues under `new` and `target` of a clock that `old` was counted by.

    `extension`: the clock's original due and its due by `old`; the time between is granted again in
    the measure of `target`. `pauses`: the ended pauses of this clock, oldest first.
    Raises OutsideCalendarError where `new` does not reach.
    """
    original = due(new, started_at, target).at
    for paused_from, paused_to in pauses:
        original = resume(new, target, original, paused_from, paused_to)
    due_at = _extended(old, new, target, extension, original)
    return Dues(
        due_at=due_at,
        original_due_at=original,
        warn_at=warn_at(new, started_at, due_at, target),
        provisional=target.unit in ("wd", "wm") and new.provisional(due_at),
    )


def _extended(
    old: Calendar, new: Calendar, target: Target, extension: Span, original: datetime
) -> datetime:
    """`original` later by what the extension was worth when it was granted."""
    if extension[0] == extension[1]:
        return original
    if target.unit == "wd":
        return new.shift_days(original, old.closes_between(*extension))
    if target.unit == "wm":
        return new.add_minutes(original, old.minutes_between(*extension))
    return original + (extension[1] - extension[0])
