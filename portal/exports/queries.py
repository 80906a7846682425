"""Reads a person's runs, whether a job is needed, and the log of all exports."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import exists, or_, select

from portal.auth.roles import Actor
from portal.exports.models import OPEN, OWN, ExportRun
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.sheets.models import ExportLog

RECENT = 20


def runs(actor: Actor) -> Sequence[ExportRun]:
    """The actor's newest large exports."""
    query = select(ExportRun).where(ExportRun.by_id == actor.id, ExportRun.source != OWN)
    order = ExportRun.created_at.desc(), ExportRun.id.desc()
    return db.session.scalars(query.order_by(*order).limit(RECENT)).all()


def own_data(actor: Actor, now: datetime) -> ExportRun | None:
    """The actor's newest run for their own data that is at work or can be taken."""
    there = (ExportRun.state == "done") & (ExportRun.expires_at > now)
    query = select(ExportRun).where(ExportRun.by_id == actor.id, ExportRun.source == OWN)
    query = query.where(or_(ExportRun.state.in_(OPEN), there))
    return db.session.scalar(query.order_by(ExportRun.id.desc()).limit(1))


def waiting(now: datetime) -> bool:
    """Whether a run waits for a job, or a file is over its time."""
    over = (ExportRun.state == "done") & (ExportRun.expires_at <= now)
    return bool(db.session.scalar(select(exists().where(or_(ExportRun.state.in_(OPEN), over)))))


def log(cursor: Cursor | None, address: Callable[..., str]) -> Page[ExportLog]:
    """Who took what away, newest first; registers and lists alike."""
    return fetch(select(ExportLog), ExportLog.at, ExportLog.id, cursor, address, descending=True)
