"""Writes outbox messages inside the caller's transaction."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from portal.extensions import db
from portal.outbox.models import Message

ROUTE = "route"
NOTIFY = "notify"
STAND_IN = "stand_in"  # a ticket came back to its cadre: on leave, it goes on the deputy's list
VACANCY = "vacancy"  # somebody of a unit has a place: look who waits there
# A firm was renamed: its tickets are to be found by the new name.
FIRM_TEXT = "firm_text"
VOUCH_DUE = "vouch_due"  # the firm has not answered by its link, which ends soon
ANSWER_PROBLEM = "answer_problem"
SEALED = "sealed"  # a ticket was sealed: it stands beside no other any more
# Somebody has changed units, or a unit its place in the tree: what is sealed against it leaves it.
RECUSE = "recuse"


def put(
    kind: str,
    payload: dict[str, Any],
    now: datetime,
    key: str | None = None,
    *,
    at: datetime | None = None,
) -> None:
    """Adds a message that the relay may handle from `at` (UTC, default `now`) on.

    A key seen before adds none.
    """
    row = {"kind": kind, "payload": payload, "key": key, "created_at": now}
    row["available_at"] = now if at is None else at
    db.session.execute(insert(Message).values(**row).on_conflict_do_nothing(index_elements=["key"]))
