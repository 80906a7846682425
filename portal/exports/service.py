"""Exports: the log, and runs of large ones with their progress; every step is its door's commit."""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from portal import masks
from portal.audit.service import Look, looked
from portal.auth.roles import Actor, Role
from portal.errors import Conflict, Invalid, NotFound
from portal.exports.models import OPEN, OWN, ExportRun
from portal.extensions import db
from portal.sheets.models import ExportLog

FORMATS = ("xlsx", "csv")
MOST_ROWS = 200_000
MOST_OPEN = 3  # runs of one person that wait or work
MAX_ATTEMPTS = 3
KEPT = timedelta(hours=24)


def log(
    actor: Actor,
    source: str,
    form: str,
    rows: int,
    words: Mapping[str, str],
    personal: bool,
    now: datetime,
) -> None:
    """Notes who took what away, narrowed to what, and how many rows."""
    db.session.add(
        ExportLog(
            kind=source,
            format=form,
            rows=rows,
            by_id=actor.id,
            by_name=masks.name(actor.name) if actor.role is Role.APPLICANT else actor.name,
            at=now,
            filter=dict(words),
            personal=personal,
        )
    )


def taken(actor: Actor, tickets: Collection[int], form: str, address: str, now: datetime) -> None:
    """Notes on each ticket that staff took it away; a firm's own exports are no looks.

    `address`: from where, empty for a file that a job makes.
    """
    if actor.role is not Role.APPLICANT:
        looked(actor, tickets, Look("export", address, form.upper()), now)


def start(
    actor: Actor,
    source: str,
    asked: Mapping[str, str],
    form: str,
    total: int,
    language: str,
    now: datetime,
) -> ExportRun:
    """A run that a job will do. Raises Invalid for too many rows, Conflict for too many runs."""
    if total > MOST_ROWS:
        raise Invalid("超过 %(n)s 行，请先筛选再导出。", n=f"{MOST_ROWS:,}")
    mine = select(ExportRun.id).where(ExportRun.by_id == actor.id, ExportRun.state.in_(OPEN))
    if len(db.session.scalars(mine.limit(MOST_OPEN)).all()) >= MOST_OPEN:
        raise Conflict("您已有 %(n)d 个导出正在进行，请等它们完成或取消。", n=MOST_OPEN)
    run = ExportRun(
        source=source,
        asked=dict(asked),
        format=form,
        language=language,
        by_id=actor.id or 0,
        total=total,
        spool_name=secrets.token_hex(16),
        created_at=now,
    )
    db.session.add(run)
    db.session.flush()
    return run


def cancel(actor: Actor, run_id: int, now: datetime) -> ExportRun:
    """Ends a run that is not finished; the job that is at it finds out. Raises NotFound."""
    run = _own(actor, run_id, lock=True)
    if run.state in OPEN:
        run.state, run.finished_at = "cancelled", now
    return run


def own(actor: Actor, run_id: int, *, data: bool = False) -> ExportRun:
    """The actor's run; `data`: one of their own data, else a list's. Raises NotFound."""
    return _own(actor, run_id, data=data)


def take_once(actor: Actor, run_id: int, now: datetime) -> str:
    """The stored name of the actor's own data, which nobody gets a second time.

    Raises NotFound where it is not ready, over its time or taken.
    """
    run = _own(actor, run_id, lock=True, data=True)
    if run.stored_name is None or run.expires_at is None or run.expires_at <= now:
        raise NotFound("文件已经下载过或已过期，请重新生成。")
    name, run.state, run.stored_name, run.expires_at = run.stored_name, "expired", None, None
    return name


def forget(user_id: int, now: datetime) -> None:
    """Ends all runs of a person; the next job removes what files there are."""
    mine = ExportRun.by_id == user_id
    waits = update(ExportRun).where(mine, ExportRun.state.in_(OPEN))
    db.session.execute(waits.values(state="cancelled", finished_at=now))
    there = update(ExportRun).where(mine, ExportRun.state == "done")
    db.session.execute(there.values(expires_at=now))


def _own(actor: Actor, run_id: int, *, lock: bool = False, data: bool = False) -> ExportRun:
    query = select(ExportRun).where(ExportRun.id == run_id, ExportRun.by_id == actor.id)
    query = query.where(ExportRun.source == OWN if data else ExportRun.source != OWN)
    run = db.session.scalar(query.with_for_update() if lock else query)
    if run is None:
        raise NotFound("没有找到这次导出。")
    return run


def claim() -> ExportRun | None:
    """The oldest open run that nobody is at, held until the commit."""
    query = select(ExportRun).where(ExportRun.state.in_(OPEN)).order_by(ExportRun.id)
    return db.session.scalar(query.limit(1).with_for_update(skip_locked=True))


def begin(run: ExportRun) -> bool:
    """Counts an attempt, which progress sets back; False, and failed, where there were too many."""
    run.attempts += 1
    run.state = "running"
    return run.attempts <= MAX_ATTEMPTS


def gathered(run: ExportRun, rows: int, after_id: int | None, size: int) -> None:
    """One more chunk is in the spool, whose first `size` bytes are certain."""
    run.done += rows
    run.after_id, run.spool_bytes, run.attempts = after_id, size, 0


def fail(run: ExportRun, now: datetime) -> None:
    """Gives a run up."""
    run.state, run.finished_at = "failed", now


def finish(run: ExportRun, stored_name: str, now: datetime) -> None:
    """The file is ready, for a day."""
    run.state, run.stored_name = "done", stored_name
    run.finished_at, run.expires_at = now, now + KEPT


def expire(now: datetime) -> list[str]:
    """Ends what is over its time; the names of the files to remove."""
    over = ExportRun.state == "done", ExportRun.expires_at <= now
    names = list(db.session.scalars(select(ExportRun.stored_name).where(*over)))
    if names:
        gone = {"state": "expired", "stored_name": None, "expires_at": None}
        db.session.execute(update(ExportRun).where(*over).values(**gone))
    return [name for name in names if name]
