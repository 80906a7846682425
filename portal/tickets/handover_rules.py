"""Who sees and who acts on a hand-over 交接, and when its days have come. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.auth.roles import Actor, Role
from portal.sla.worktime import Calendar

_LONGEST_BREAK = 60  # days in which an office opens at least once


@dataclass(frozen=True)
class Parties:
    """The people of a hand-over and the unit of the cadre who is away."""

    cadre_id: int
    deputy_id: int | None
    department_id: int | None


def concerned(actor: Actor, parties: Parties) -> bool:
    """Whether the actor sees the list and may have it taken over.

    The cadre who goes, the deputy who comes, the reviewer of the cadre's unit, any dispatcher.
    """
    match actor.role:
        case Role.CADRE:
            return actor.id is not None and actor.id in (parties.cadre_id, parties.deputy_id)
        case Role.REVIEWER:
            return actor.department_id is not None and actor.department_id == parties.department_id
        case Role.DISPATCHER:
            return True
        case _:
            return False


def last_opened(calendar: Calendar, now: datetime) -> date:
    """The latest local day whose opening has come by `now` (UTC).

    On a Saturday it is Friday: leave that starts on Saturday is handed over on Monday morning.
    """
    day = now.astimezone(calendar.zone).date()
    for _ in range(_LONGEST_BREAK):
        midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
        if calendar.next_open(midnight) <= now:
            break
        day -= timedelta(days=1)
    return day
