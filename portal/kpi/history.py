"""What answered history says of itself: on time within 15 working days, and how long it took.

Imported tickets are in no figure of the workflow (docs/decisions/figures.md); these are their own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from statistics import median

from sqlalchemy import select

from portal.extensions import db
from portal.kpi.conditions import OURS, inside
from portal.kpi.intervals import wilson
from portal.kpi.periods import Period, local_day
from portal.sla.calendars import current_calendar
from portal.sla.worktime import Calendar
from portal.tickets.models import Ticket

# A reply is on time until the close of business of this working day (domain.md §3, resolve).
WITHIN = 15
BATCH = 2000


@dataclass
class Replies:
    """Replies of one stretch: `on_time` of `hours`, which holds each one's working hours."""

    on_time: int = 0
    hours: list[float] = field(default_factory=list)

    @property
    def d(self) -> int:
        """How many were answered."""
        return len(self.hours)

    @property
    def rate(self) -> float | None:
        """The share on time from 0 to 1; None without a reply."""
        return self.on_time / self.d if self.d else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson 95 % interval of the rate."""
        return wilson(self.on_time, self.d) if self.d else None

    @property
    def median(self) -> float | None:
        """Working hours to the reply, the middle one; to two decimals."""
        return round(median(self.hours), 2) if self.hours else None

    @property
    def p90(self) -> float | None:
        """The nearest rank: a time that occurred, and nine replies in ten took no longer."""
        return round(sorted(self.hours)[ceil(0.9 * self.d) - 1], 2) if self.hours else None


@dataclass(frozen=True)
class History:
    """All imported replies of a period, and the same by the year in which they were asked."""

    total: Replies
    years: dict[int, Replies]


def history(period: Period | None = None) -> History:
    """The imported tickets submitted in the period (local days), or all; one statement.

    Working time is that of the calendar in force. A reply is the instant the ticket was closed at,
    for history has no other end (docs/decisions/import.md).
    """
    query = select(Ticket.submitted_at, Ticket.closed_at).where(
        ~OURS, Ticket.closed_at.is_not(None)
    )
    if period is not None:
        query = query.where(inside(Ticket.submitted_at, period))
    rows = db.session.execute(query.execution_options(yield_per=BATCH))
    return counted(current_calendar(), ((asked, replied) for asked, replied in rows if replied))


def counted(calendar: Calendar, pairs: Iterable[tuple[datetime, datetime]]) -> History:
    """Counts pairs of instants: asked and replied, in UTC."""
    total, years = Replies(), {}
    for asked, replied in pairs:
        kept = replied <= calendar.add_days(asked, WITHIN)
        hours = calendar.minutes_between(asked, replied) / 60
        for one in (total, years.setdefault(local_day(asked).year, Replies())):
            one.on_time += kept
            one.hours.append(hours)
    return History(total, dict(sorted(years.items())))


def plain(replies: Replies) -> dict[str, float | int | None]:
    """The figures as `flask kpi history --json` prints them."""
    return {
        "n": replies.on_time,
        "d": replies.d,
        "rate": None if replies.rate is None else round(replies.rate, 4),
        "median_hours": replies.median,
        "p90_hours": replies.p90,
    }
