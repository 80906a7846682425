"""Asks the newest model for a category, keeps its versions, and gathers what a new one learns from.

Whatever is wrong with a model (none yet, broken, its library away): there is no suggestion, and
the page that asked works the same.
"""

import logging
from datetime import datetime
from threading import Lock

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.directory.models import Category
from portal.extensions import db
from portal.suggest import grams, rules
from portal.suggest.model import BrokenModel, Model, Suggestion, from_bytes
from portal.suggest.models import SuggestModel
from portal.tickets.lifecycle import Outcome, Status
from portal.tickets.models import Ticket

KEPT = 3  # versions whose numbers stay, to go back to
SHOWN = 10
# Of these the category has proved right: somebody handled the ticket to its end.
_HANDLED = (Outcome.SOLVED, Outcome.EXPLAINED)

log = logging.getLogger(__name__)


# Enough to tell two versions apart, even after a database was put back from a backup.
_Mark = tuple[int, datetime | None, int]


class _Loaded:
    """The model in this process, by the mark of its version; read again when another is newest."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._version: _Mark | None = None
        self._model: Model | None = None

    def newest(self) -> Model | None:
        size = func.octet_length(SuggestModel.body)
        query = select(SuggestModel.id, SuggestModel.ended_at, size)
        query = query.where(SuggestModel.body.is_not(None)).order_by(SuggestModel.id.desc())
        row = db.session.execute(query.limit(1)).first()
        version = None if row is None else (row[0], row[1], row[2])
        with self._lock:
            if version != self._version:
                self._model = None if version is None else _read(version[0])
                self._version = version
            return self._model


_loaded = _Loaded()


def _read(version: int) -> Model | None:
    body = db.session.scalar(select(SuggestModel.body).where(SuggestModel.id == version))
    try:
        return from_bytes(body or b"")
    except BrokenModel:
        log.exception("broken model", extra={"version": version})
        return None


def suggest(
    title: str, text: str, threshold: float, chosen: int | None = None
) -> tuple[Category, Suggestion] | None:
    """The active category that the model is sure of, with its reasons; None below the threshold.

    `threshold`: 0–1. `chosen`: the id of the category that was chosen; a suggestion of the same is
    none. Never raises for what is wrong with a model.
    """
    if not grams.available():
        return None
    model = _loaded.newest()
    if model is None:
        return None
    own = None if chosen is None else str(chosen)
    found = rules.worth_showing(model.suggest(title, text), threshold, own)
    if found is None or not found.words or not found.label.isdigit():
        return None
    category = db.session.get(Category, int(found.label))
    if category is None or not category.active or _related(category, chosen):
        return None
    return category, found


def _related(category: Category, chosen: int | None) -> bool:
    """Whether one of the two is a part of the other: both are right then."""
    own = None if chosen is None else db.session.get(Category, chosen)
    return own is not None and (category.parent_id == own.id or own.parent_id == category.id)


def ask(by: str, now: datetime) -> int:
    """Asks for a new model, unless one is asked for already; the id of the version to come."""
    statement = insert(SuggestModel).values(state="asked", asked_by=by, asked_at=now, figures={})
    db.session.execute(
        statement.on_conflict_do_nothing(
            index_elements=["state"], index_where=SuggestModel.state == "asked"
        )
    )
    query = select(SuggestModel.id).where(SuggestModel.state == "asked")
    return db.session.scalars(query).one()


def due(now: datetime) -> bool:
    """Whether a new model is worth training at `now` (UTC); one that failed waits its week, too."""
    query = select(func.max(SuggestModel.ended_at))
    ended_at = db.session.scalar(query)
    closed = select(func.count()).where(*_labelled())
    count = db.session.scalar(closed) or 0
    since = count
    if ended_at is not None:
        since = db.session.scalar(closed.where(Ticket.closed_at > ended_at)) or 0
    return rules.due(now, ended_at, count, since)


def labelled(most: int = rules.MOST) -> list[tuple[str, str, int]]:
    """Title, text and category of the newest tickets that were handled to their end."""
    query = select(Ticket.title, Ticket.description, Ticket.category_id).where(*_labelled())
    newest = query.order_by(Ticket.closed_at.desc(), Ticket.id.desc()).limit(most)
    return [(title, text, category_id) for title, text, category_id in db.session.execute(newest)]


def descriptions() -> dict[str, tuple[str, str]]:
    """Name and template of each category, by its id as a label."""
    rows = db.session.execute(select(Category.id, Category.name, Category.template))
    return {str(category_id): (name, template) for category_id, name, template in rows}


def keep_newest() -> None:
    """Forgets the numbers of old versions; their figures stay."""
    query = select(SuggestModel.id).where(SuggestModel.body.is_not(None))
    kept = query.order_by(SuggestModel.id.desc()).limit(KEPT).scalar_subquery()
    old = SuggestModel.body.is_not(None), SuggestModel.id.not_in(kept)
    db.session.execute(
        update(SuggestModel)
        .where(*old)
        .values(body=None)
        .execution_options(synchronize_session=False)
    )


def versions() -> list[SuggestModel]:
    """The newest versions, newest first, without their numbers."""
    query = select(SuggestModel).order_by(SuggestModel.id.desc())
    return list(db.session.scalars(query.limit(SHOWN)))


def used() -> SuggestModel | None:
    """The version in use."""
    query = select(SuggestModel).where(SuggestModel.body.is_not(None))
    return db.session.scalars(query.order_by(SuggestModel.id.desc())).first()


def _labelled() -> tuple:
    """What was handled to its end; not what is sealed: a suggestion names words it is from."""
    handled = Ticket.status == Status.CLOSED, Ticket.outcome.in_(_HANDLED)
    return *handled, Ticket.sealed.is_(False)
