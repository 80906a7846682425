"""Today's desks: a hand-over to the visitor's cadre, and a full unit for which one waits."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from portal.auth.models import User
from portal.demo.case import Case
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.places import PAIRED, WEIGHTS
from portal.demo.stage import PlayError, Script, Stage
from portal.directory.models import Leave
from portal.extensions import db
from portal.routing import facts
from portal.routing.choice import Cadre
from portal.tickets.service import handover

LOCAL = ZoneInfo("Asia/Shanghai")
AWAY = timedelta(days=4)
LONGEST_QUEUE = 12  # tickets until one must wait


def script(stage: Stage, cast: Cast, rng: Random, now: datetime) -> Script:
    """Both, at the end of the play; `now` in UTC."""
    yield now
    stage.session.flush()
    _hand_over(cast, now)
    stage.session.flush()
    _fill(stage, cast, rng, now)


def _hand_over(cast: Cast, now: datetime) -> None:
    """The busiest other cadre is away from today on; the visitor's cadre stands in."""
    ganbu, *others = cast.cadres
    team = _team({cast.cadres[one].department_id for one in cast.cadres}, now)
    home = cast.cadres[ganbu].department_id
    present = [team[one] for one in others if one in team and not team[one].away]
    # A colleague of the same unit if any has more than one.
    goes = max(present, key=lambda one: (one.department_id == home and one.load > 1, one.load))
    today = now.astimezone(LOCAL).date()
    leave = Leave(
        cadre_id=goes.id,
        deputy_id=ganbu,
        starts_on=today,
        ends_on=today + AWAY,
        give_back=True,
        noted_by=next(iter(cast.reviewers.values())).name,
        noted_at=now,
    )
    db.session.add(leave)
    db.session.flush()
    if handover.offer(leave.id, now) is None:
        raise PlayError("nothing was handed over")


def _fill(stage: Stage, cast: Cast, rng: Random, now: datetime) -> None:
    """The unit that is nearest to it gets its limit, and tickets until one of them waits."""
    firm = rng.choice(cast.firms[1:])
    units = {
        name: unit
        for name in WEIGHTS
        if name not in PAIRED and (unit := cast.unit_for(name, firm)) is not None
    }
    teams = {name: list(_team({unit}, now).values()) for name, unit in units.items()}
    category = min(teams, key=lambda name: (_free(teams[name]), name))
    for cadre in teams[category]:
        db.session.get_one(User, cadre.id).capacity = max(1, cadre.load)
    stage.session.flush()
    stage.now = max(stage.now, now)
    for nth in range(LONGEST_QUEUE):
        if _waits(stage, cast, rng, firm, category, nth):
            return
    raise PlayError(f"no ticket of {category} waits for a place")


def _waits(
    stage: Stage, cast: Cast, rng: Random, firm: PlayedFirm, category: str, nth: int
) -> bool:
    case = Case(stage, cast, rng, firm, category)
    case.nth = nth
    case.submit()
    stage.session.flush()
    return case.ticket.waiting_since is not None


def _team(units: Iterable[int | None], now: datetime) -> dict[int, Cadre]:
    away = facts.absences(now.astimezone(LOCAL).date())
    return facts.cadres([unit for unit in units if unit is not None], away)


def _free(team: list[Cadre]) -> int:
    """How many of a team have nothing yet: each must get a ticket before one waits."""
    return sum(not one.load and not one.away for one in team)
