"""Visits of the visitor's cadre: done, planned, twice in a month; one ticket filed on behalf."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.demo.cast import Cast, PlayedFirm
from portal.demo.plan import source
from portal.demo.stage import PlayError, Script, Stage
from portal.directory.models import Pairing
from portal.extensions import db
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket
from portal.tickets.service.submit import Wording
from portal.visits.models import Visit
from portal.visits.rules import Heard, Record, month_of, title_of
from portal.visits.service import filing, visit

LOCAL = ZoneInfo("Asia/Shanghai")
CATEGORY = "政策兑现"
POLICY = "去年申报的技术改造补助已经公示，资金一直没有拨付，想知道还要等多久。"
WORKERS = "新上的磨床线缺八名操作工，希望帮忙对接职业院校。"
ROAD = "厂区北门外的路灯坏了两个月，上夜班的工人走路不安全。"
# Working days ago, and what was heard, of the cadre's second, third … firm.
PAST: tuple[tuple[int, tuple[str, ...]], ...] = ((44, ()), (27, (ROAD,)), (9, ()))


def enter(stage: Stage, cast: Cast, rng: Random, now: datetime) -> None:
    """Puts the visits on the stage, so that they stand at `now` (UTC) as they should."""
    ganbu = next(iter(cast.cadres.values()))
    firms = [firm for firm in cast.firms if firm.paired_with == ganbu.id]
    for firm, (days, heard) in zip(firms[1:], PAST, strict=False):
        at = stage.calendar.shift_days(stage.calendar.add_days(now, 1), -days - 1)
        stage.enter(_recorded(stage, ganbu, firm, _minutes_before(stage, at, rng), heard))
    stage.enter(_filed(stage, cast, ganbu, firms[0], stage.calendar.add_minutes(now, -50)))
    stage.enter(_planned(stage, cast, ganbu, firms, stage.calendar.add_minutes(now, -20)))


def _minutes_before(stage: Stage, close: datetime, rng: Random) -> datetime:
    own = source(f"visited:{rng.random()}")
    return stage.calendar.add_minutes(close, -own.randrange(60, 400)).replace(microsecond=0)


def _recorded(
    stage: Stage, cadre: Actor, firm: PlayedFirm, at: datetime, heard: tuple[str, ...]
) -> Script:
    """A visit that was recorded the same day."""
    yield at
    _record(stage, cadre, firm, heard)


def _record(stage: Stage, cadre: Actor, firm: PlayedFirm, heard: tuple[str, ...]) -> Visit:
    day = stage.now.astimezone(LOCAL).date()
    what = Record(day, firm.actor.name, "", tuple(Heard(text) for text in heard))
    return visit.record(cadre, firm.id, what, f"demo:{firm.id}", stage.now)


def _filed(stage: Stage, cast: Cast, cadre: Actor, firm: PlayedFirm, at: datetime) -> Script:
    """Today's visit: two problems, of which one is filed and waits for the firm's word."""
    yield at.replace(microsecond=0)
    one = _record(stage, cadre, firm, (POLICY, WORKERS))
    wording = Wording(
        title=title_of(POLICY),
        category_id=cast.categories[CATEGORY],
        urgency=Urgency.NORMAL,
        description=POLICY,
        contact_name=firm.actor.name,
        contact_phone=firm.phone,
    )
    filing.file(cadre, one.id, {one.items[0].id: wording}, f"demo:{one.id}", stage.now)
    stage.session.flush()
    ticket_id = db.session.scalar(select(Ticket.id).where(Ticket.vouch_pending))
    if ticket_id is None:
        raise PlayError("nothing waits for the firm's word")
    stage.route(ticket_id)


def _planned(
    stage: Stage, cast: Cast, cadre: Actor, firms: list[PlayedFirm], at: datetime
) -> Script:
    """Plans for the coming working days; the last firm is visited by two in one month."""
    yield at.replace(microsecond=0)
    days = _coming(stage)
    first, second = next(days), next(days)
    visit.plan(cadre, firms[4].id, second, "了解二期项目用地需求", "demo:plan", stage.now)
    visit.plan(cadre, firms[5].id, first, "惠企政策宣讲", "demo:twice", stage.now)
    later = min(first + timedelta(days=4), month_of(first)[1])
    deputy = cast.cadres[_deputy(firms[5].id)]
    visit.plan(deputy, firms[5].id, later, "用工情况调研", "demo:twice", stage.now)


def _deputy(enterprise_id: int) -> int:
    """Who stands in for the visitor's cadre at a firm."""
    query = select(Pairing.deputy_id).where(Pairing.enterprise_id == enterprise_id)
    return db.session.scalars(query).one() or 0


def _coming(stage: Stage) -> Iterator[date]:
    """The working days after today."""
    close = stage.now
    while True:
        close = stage.calendar.add_days(close, 1)
        yield close.astimezone(LOCAL).date()
