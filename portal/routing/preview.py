"""What a version would have done with the tickets of late: the present rules beside it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.kpi.periods import Period, local_day
from portal.routing import queries
from portal.routing.book import Book
from portal.routing.past import past_tickets, people
from portal.routing.replay import Replay, replay

DAYS = (30, 90, 365)
MOST = 20_000  # tickets a page replays, the newest ones; the command replays them all


@dataclass(frozen=True)
class Preview:
    """The days looked at, and the same tickets by the rules in force and by the version.

    `cut`: there were more tickets than a page replays.
    """

    period: Period
    before: Replay
    after: Replay
    cut: bool


def preview(rulebook_id: int, days: int, now: datetime) -> Preview:
    """Replays the tickets of so many days up to `now` (UTC) by both sets; writes nothing."""
    today = local_day(now)
    period = Period(today - timedelta(days=days - 1), today)
    past = past_tickets(period, MOST + 1)
    cut, past = len(past) > MOST, past[-MOST:]
    force, team = Book(queries.active_rules()), people()
    wanted = Book(queries.rules_of(rulebook_id))
    return Preview(period, replay(past, force, team), replay(past, wanted, team, force), cut)
