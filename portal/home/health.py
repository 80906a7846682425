"""Whether the parts of the service answer: one word each, no detail for strangers."""

import logging

from flask import current_app
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.extensions import db, rq
from portal.queue import TIMER_LOCK
from portal.tickets import clamav

# The timer holds this advisory lock for as long as it lives.
_TIMER = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid = :high AND objid = :low"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)
OK, AWAY = "ok", "away"

log = logging.getLogger(__name__)


def check() -> dict[str, str]:
    """`ok` or `away` for web, database, queue (the server and a worker), timer, and the virus
    scanner where one is set."""
    state = {"web": OK, "database": AWAY, "queue": AWAY, "timer": AWAY}
    try:
        db.session.execute(text("SELECT 1"))
        state["database"] = OK
        lock = {"high": TIMER_LOCK >> 32, "low": TIMER_LOCK & 0xFFFFFFFF}
        if db.session.scalar(_TIMER, lock):
            state["timer"] = OK
    except SQLAlchemyError as error:
        log.warning("health: database away: %s", type(error).__name__)
    finally:
        db.session.remove()
    try:
        connection = rq.queue.connection
        connection.ping()
        # A worker's key expires when its heartbeat stops.
        if Worker.all(connection=connection):
            state["queue"] = OK
    except RedisError as error:
        log.warning("health: queue away: %s", type(error).__name__)
    address = clamav.address_of(current_app.config)
    if address is not None:
        state["scanner"] = OK if clamav.answers(address) else AWAY
    return state
