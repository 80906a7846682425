"""The job that trains a model: asked for by a row, claimed by its lock, done in one transaction.

After a kill -9 the row is still asked for and the next look finds it; run twice, the second run
finds nothing to do.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.extensions import db
from portal.suggest import library, rules, service
from portal.suggest.model import to_bytes
from portal.suggest.models import SuggestModel

SYSTEM = "系统"
FOLDS = 5
LOOK_EVERY = timedelta(hours=1)

log = logging.getLogger(__name__)


def work(now: datetime) -> SuggestModel | None:
    """Trains the model that is asked for, if nobody else is at it; its row, None for nothing to do.

    `now`: UTC instant noted as its end.
    """
    try:
        with transaction():
            row = _claim()
            if row is not None:
                fulfil(row, now)
            return row
    except Exception as error:
        log.exception("training failed")
        return _fail(type(error).__name__, now)


def _claim() -> SuggestModel | None:
    query = select(SuggestModel).where(SuggestModel.state == "asked")
    return db.session.scalar(query.with_for_update(skip_locked=True))


def _fail(reason: str, now: datetime) -> SuggestModel | None:
    with transaction():
        row = _claim()
        if row is not None:
            row.state, row.ended_at, row.note = "failed", now, reason
        return row


def fulfil(row: SuggestModel, now: datetime) -> None:
    """Fills a version that was asked for: trained, or failed with the reason in words."""
    tickets = service.labelled()
    try:
        if len(tickets) < rules.LEAST:
            found, least = len(tickets), rules.LEAST
            raise Invalid(
                "已办结的诉求只有 %(n)d 件，满 %(least)d 件后才能训练。", n=found, least=least
            )
        _train(row, tickets, now)
    except Invalid as error:
        row.state, row.ended_at, row.note = "failed", now, error.message
        return
    db.session.flush()
    service.keep_newest()


def _train(row: SuggestModel, tickets: list[tuple[str, str, int]], now: datetime) -> None:
    evaluation = library.evaluation()
    samples = [evaluation.Sample(title, text, str(label)) for title, text, label in tickets]
    ready, left_out = evaluation.prepare_enough(samples, FOLDS, service.descriptions())
    model, report = evaluation.train(ready, FOLDS)
    row.state, row.ended_at, row.body = "trained", now, to_bytes(model)
    row.n, row.classes = report.n, report.classes
    row.figures = {
        "accuracy": report.accuracy,
        "macro_f1": report.macro_f1,
        "top3": report.top3,
        "curve": report.curve,
        "left_out": left_out,
    }


class Watch:
    """Asks for a new model when one is due: looked at once an hour, whatever calls it."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, now: datetime) -> None:
        """Asks when it is time; `now` in UTC."""
        if self._next is not None and now < self._next:
            return
        with transaction():
            if service.due(now):
                service.ask(SYSTEM, now)
        self._next = now + LOOK_EVERY


def waiting() -> bool:
    """Whether a model is asked for: one probe of a partial index."""
    query = select(SuggestModel.id).where(SuggestModel.state == "asked")
    with transaction() as session:
        return session.scalar(query.limit(1)) is not None


def run() -> None:
    """The RQ job: one model, if one is asked for."""
    try:
        work(utcnow())
    finally:
        db.session.remove()
