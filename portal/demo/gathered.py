"""Two matters that several firms raise: one made a common problem, one a suggested group."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from portal.demo.case import Case
from portal.demo.cast import Cast
from portal.demo.life import received_in_time
from portal.demo.plan import source
from portal.demo.problems import Problem
from portal.demo.stage import Script, Stage
from portal.extensions import db
from portal.outbox import relay
from portal.outbox.service import NOTIFY
from portal.problems import fingerprints
from portal.problems.models import ProblemSuggestion
from portal.problems.service import gathering, suggesting
from portal.problems.service.gathering import Described
from portal.tickets.models import Ticket

BATCH = 200
WORDS = (
    "光岳大道北段排水管网改造，几家企业的货车都进不了厂。请统一核实工期，给出一致的答复和绕行办法。"
)
# What firms write of one matter, each in its own words; the first one is the hotter.
ROAD = (
    (
        "光岳大道北段挖开后货车进不了厂",
        "光岳大道北段挖开改造排水管网，围挡占了半幅路，货车进不了厂。",
    ),
    (
        "光岳大道围挡施工影响送货",
        "光岳大道北段排水管网改造，围挡施工两个月，送货的货车要绕行十公里。",
    ),
    (
        "请尽快恢复光岳大道北段通行",
        "光岳大道北段挖开改造排水管网以后一直没有恢复，货车进不了厂，原料断过一次。",
    ),
    (
        "光岳大道北段施工，货车绕行",
        "排水管网改造把光岳大道北段挖开，货车只能绕行，围挡处经常堵车。",
    ),
    (
        "光岳大道排水管网改造何时完工",
        "光岳大道北段围挡施工，排水管网改造何时完工？货车进不了厂，运费涨了三成。",
    ),
)
GAS = (
    (
        "工业蒸汽价格上调后成本难以承受",
        "园区集中供热的工业蒸汽价格每吨上调四十元，没有提前告知，成本难以承受。",
    ),
    (
        "集中供热蒸汽涨价没有提前告知",
        "集中供热公司把工业蒸汽每吨涨价四十元，没有提前告知，签好的订单要亏本。",
    ),
    (
        "工业蒸汽每吨涨价四十元请核实",
        "工业蒸汽价格每吨上调四十元，没有看到文件，请核实集中供热定价依据。",
    ),
)
MATTERS = (("物流交通", ROAD), ("水电气热", GAS))


def enter(stage: Stage, cast: Cast, rng: Random, now: datetime) -> None:
    """Puts the firms' requests on the stage: within the last working days, from different firms."""
    ganbu = next(iter(cast.cadres))
    firms = [firm for firm in cast.firms[1:] if firm.paired_with != ganbu]
    chosen = iter(rng.sample(firms, sum(len(texts) for _category, texts in MATTERS)))
    for category, texts in MATTERS:
        for place, (title, words) in enumerate(texts):
            own = source(f"gathered:{category}:{place}:{rng.random()}")
            case = Case(stage, cast, own, next(chosen), category)
            days = len(texts) - place
            at = stage.calendar.shift_days(stage.calendar.add_days(now, 1), -days - 1)
            at = stage.calendar.add_minutes(at, -own.randrange(90, 300)).replace(microsecond=0)
            stage.enter(
                _raised(case, Problem(title, words, ""), min(at, now - timedelta(hours=30)))
            )


def _raised(case: Case, written: Problem, at: datetime) -> Script:
    yield case.stage.whole(at)
    case.submit(written)
    yield from received_in_time(case)


def gather(cast: Cast, now: datetime) -> None:
    """Writes all fingerprints, makes the hottest suggested group a problem, and looks again."""
    fingerprints.count_grams(now)
    last = 0
    while (batch := fingerprints.rebuild(last, BATCH)) is not None:
        last = batch.last_id
    suggesting.suggest(now)
    query = select(ProblemSuggestion).order_by(ProblemSuggestion.firms.desc(), ProblemSuggestion.id)
    group = db.session.scalars(query.limit(1)).one()
    first = db.session.get_one(Ticket, group.ticket_ids[0])
    described = Described(first.title, WORDS, first.assignee_id or 0)
    gathering.create(cast.dispatchers[0], described, group.ticket_ids, now)
    relay.drain(lambda: now, (NOTIFY,))  # its owner is told
    suggesting.suggest(now)
