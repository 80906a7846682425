"""Counts what was refused, at a bounded cost: security events that the auditor reads.

ASVS 5.0 16.3.1–16.3.3. The first of a kind, person, address and minute is a row, the next ones
count in it. A person has so many rows an hour, and all who are not signed in have so many together;
the rest of the hour is one row for each kind, so that nobody can fill the disk.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from portal.extensions import db

MOST_PERSON = 60
MOST_STRANGERS = 600
REST = "*"  # the address of the row for what is beyond these
_MOST_DETAIL = 60
# Nobody waits for the disk because of an attack: a crash may lose the last half second of counts.
_QUICKLY = text("SET LOCAL synchronous_commit = off")
# One statement for every name and every state, known or not.
_COUNTED = text("""
WITH asked AS (
    SELECT (SELECT id FROM "user" WHERE id = :user_id OR username = :username) AS user_id
), room AS (
    SELECT EXISTS (
        SELECT FROM refusal JOIN asked ON refusal.user_id IS NOT DISTINCT FROM asked.user_id
        WHERE minute = :minute AND what = :what AND address = :address
        AND actor_id IS NOT DISTINCT FROM CAST(:actor_id AS bigint)
    ) OR :most > (
        SELECT count(*) FROM refusal
        WHERE minute >= :hour AND actor_id IS NOT DISTINCT FROM CAST(:actor_id AS bigint)
    ) AS free
)
INSERT INTO refusal
    (what, actor_id, user_id, address, minute, endpoint, detail, times, at, last_at)
SELECT :what, CAST(:actor_id AS bigint), CASE WHEN free THEN user_id END,
    CASE WHEN free THEN :address ELSE :rest END, CASE WHEN free THEN :minute ELSE :hour END,
    :endpoint, :detail, 1, :now, :now
FROM asked, room
ON CONFLICT (minute, what, actor_id, user_id, address)
DO UPDATE SET times = refusal.times + 1, last_at = greatest(refusal.last_at, excluded.last_at)
""")


@dataclass(frozen=True)
class Refused:
    """One refusal. `what`: one of models.REFUSALS; `address`: the network it came from.

    `actor_id`: who is signed in. Whose account was tried: by `user_id`, or by `username` as it was
    typed. `endpoint`: of the page; `detail`: what it was about, such as a ticket's number.
    """

    what: str
    address: str
    actor_id: int | None = None
    user_id: int | None = None
    username: str | None = None
    endpoint: str = ""
    detail: str = ""


def counted(one: Refused, now: datetime) -> None:
    """Adds a refusal at `now` (UTC); the same statements whatever it is."""
    minute = int(now.timestamp()) // 60
    asked = {
        **vars(one),
        "username": (one.username or "").strip().lower()[:64],
        "detail": one.detail[:_MOST_DETAIL],
        "minute": minute,
        "hour": minute - minute % 60,
        "most": MOST_STRANGERS if one.actor_id is None else MOST_PERSON,
        "rest": REST,
        "now": now,
    }
    db.session.execute(_COUNTED, asked)


def quickly() -> None:
    """For a transaction that holds nothing but a refusal: its commit does not wait for the disk."""
    db.session.execute(_QUICKLY)
