"""Loads the demonstration: the town, the played year, the tickets of today, and their proof."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from portal.auth.models import User
from portal.auth.roles import Role
from portal.demo import (
    checks,
    desks,
    excluded,
    gathered,
    life,
    opened,
    plan,
    present,
    refused,
    registered,
    rulebook,
    sealed,
    sheeted,
    sought,
    suggested,
    supervised,
    visited,
)
from portal.demo.case import Case
from portal.demo.cast import Cast
from portal.demo.stage import Stage, one_transaction
from portal.demo.town import Town
from portal.errors import Conflict
from portal.extensions import db
from portal.kpi import job as rollup_job
from portal.outbox.models import Message
from portal.outbox.service import NOTIFY, ROUTE
from portal.private import consents
from portal.sla.calendars import current_calendar
from portal.sla.worktime import Calendar
from portal.tickets.models import Ticket

SEED = 2023
LOCAL = ZoneInfo("Asia/Shanghai")
END_OF_YEAR = datetime(2024, 12, 31, tzinfo=UTC)  # the last request of 2023 is long closed


@dataclass(frozen=True)
class Loaded:
    """What is there after a load; `kept`: there were tickets before, and nothing was done."""

    kept: bool
    accepted: int = 0
    solved: int = 0
    open_today: int = 0


def load(now: datetime, *, if_empty: bool, say: Callable[[str], None]) -> Loaded:
    """Plays it all in one transaction that ends at `now` (UTC); nothing half-done can remain.

    `say` is told where it is. Raises Conflict where there are tickets already (`if_empty`: says so
    and does nothing), PlayError when a check fails.
    """
    with _rare_collection(), one_transaction() as session:
        if db.session.scalar(select(Ticket.id).limit(1)) is not None:
            if if_empty:
                return Loaded(kept=True)
            raise Conflict("数据库中已有诉求，没有载入演示数据。请换一个空的数据库。")
        calendar = current_calendar()
        say("正在创建企业、单位和账号……")
        cast = Town(plan.source(f"{SEED}:town")).build(now.astimezone(LOCAL).date())
        say("正在演练 2023 年……")
        past = Stage(session, calendar, notices=False)
        _play_year(past, cast, calendar)
        _settle_outbox(now)
        say("正在演练今天的诉求……")
        today = Stage(session, calendar, notices=True)
        present.enter(today, cast, plan.source(f"{SEED}:today"), now)
        visited.enter(today, cast, plan.source(f"{SEED}:visited"), now)
        suggested.enter(today, cast, f"{SEED}:suggested", now)
        today.enter(desks.script(today, cast, plan.source(f"{SEED}:desks"), now))
        gathered.enter(today, cast, plan.source(f"{SEED}:gathered"), now)
        sealed.enter(today, cast, plan.source(f"{SEED}:sealed"), now)
        today.play(now)
        say("正在训练类别建议……")
        suggested.learn(now)
        rulebook.draft(cast, now)
        registered.enter(cast, plan.source(f"{SEED}:registered"))
        sought.index(now)
        sought.save(now)
        gathered.gather(cast, now)
        excluded.enter(cast, now)
        _mark_accounts()
        consents.agree_all(now)
        _aftermath(cast, now, say)
        return Loaded(False, *checks.check(now))


def _aftermath(cast: Cast, now: datetime, say: Callable[[str], None]) -> None:
    """What people make of it all: files, figures, bulletins, cases for everybody."""
    sheeted.enter(plan.source(f"{SEED}:sheets"), now)
    say("正在汇总指标……")
    rollup_job.bring_up(lambda: now)
    say("正在生成通报……")
    supervised.enter(cast, now)
    opened.enter(plan.source(f"{SEED}:opened"), now)


def _mark_accounts() -> None:
    """All are the demonstration's; a firm's one applicant decides who else joins it."""
    marks = {"demonstration": True, "firm_admin": User.role == Role.APPLICANT}
    options = {"synchronize_session": False}
    db.session.execute(update(User).values(marks), execution_options=options)


def _play_year(stage: Stage, cast: Cast, calendar: Calendar) -> None:
    plans = plan.year(plan.source(f"{SEED}:year"), cast, calendar)
    lives = [
        (one, Case(stage, cast, plan.source(f"{SEED}:{one.index}"), one.firm, one.category))
        for one in plans
    ]
    for one, case in lives:
        stage.enter(life.life(case, one))
    for script in refused.scripts(plan.source(f"{SEED}:refused"), stage, cast, lives):
        stage.enter(script)
    stage.play(END_OF_YEAR)


def _settle_outbox(now: datetime) -> None:
    """What was routed is done; the notices of the year reach nobody, here or outside."""
    for kind, state in ((ROUTE, "done"), (NOTIFY, "muted")):
        waiting = Message.kind == kind, Message.state == "pending"
        db.session.execute(update(Message).where(*waiting).values(state=state, done_at=now))


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Looks for garbage rarely: so many short-lived rows would be looked through in vain."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
