"""The escalation ladder: which levels of a clock are still to be armed, and when to tell. Pure.

domain.md §3. The levels themselves are data of the policy; two names mean more than a notice:
`order` opens a supervision order, `elevate` takes the ticket to the leader.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.sla.default_policy import ClockRule, Level
from portal.sla.worktime import Calendar

ORDER, ELEVATE = "order", "elevate"
# The due itself is still in time, so what hangs on it fires at the first instant after it.
AFTER_DUE = timedelta(seconds=1)
TWICE = 2  # granted returns, or disputes, that elevate a ticket


@dataclass(frozen=True)
class Dues:
    """The instants of a clock (UTC) that its levels are counted from."""

    started_at: datetime
    warn_at: datetime
    due_at: datetime


def fire_at(level: Level, calendar: Calendar, dues: Dues) -> datetime:
    """When a level of a clock fires (UTC)."""
    instant = level.fire_at(calendar, dues.started_at, dues.warn_at, dues.due_at)
    return instant + AFTER_DUE if level.at.startswith("due") else instant


def to_arm(
    rule: ClockRule, calendar: Calendar, dues: Dues, now: datetime, done: Collection[str]
) -> list[tuple[str, datetime]]:
    """Name and instant of each level that a running clock must have armed at `now`.

    Those still to come, and those after the due that were missed: `done` names the levels that
    fired, or were skipped for a higher one, in any generation. A reminder that was missed is not
    made up for.
    """
    found = []
    for level in rule.levels:
        instant = fire_at(level, calendar, dues)
        missed = level.at.startswith("due") and level.name not in done
        if instant >= now or missed:
            found.append((level.name, instant))
    return found


def elevates(*, returned: int, disputed: int) -> str | None:
    """Why a ticket is taken to the leader without waiting for a due; None when it is not."""
    if returned >= TWICE:
        return "returns"
    return "disputes" if disputed >= TWICE else None


def slot(calendar: Calendar, now: datetime) -> datetime:
    """When an escalation that arises at `now` is told: at the next opening, or this minute.

    What has the same slot is told to a reader in one digest.
    """
    return calendar.next_open(now).replace(second=0, microsecond=0)
