"""Real sweeping processes that are killed at random moments, for a test and a bench."""

import os
import random
import signal
import time
from datetime import datetime

from flask import Flask
from sqlalchemy import func, select

from portal.db import transaction
from portal.extensions import db
from portal.outbox.models import Message
from portal.sla.models import Clock, Timer
from portal.sla.sweep import sweep
from portal.tickets.models import TicketEvent

LONGEST_LIFE = 0.3  # seconds from the fork; connecting and the first batch take about a tenth


def sweeper(app: Flask, now: datetime) -> int:
    """A forked process that sweeps as of `now` in small batches on connections of its own: its id.

    Forked, because a fresh interpreter spends seconds importing and milliseconds sweeping.
    """
    if child := os.fork():
        return child
    try:
        with app.app_context():
            db.engine.dispose(close=False)
            sweep(now, batch=5)
    finally:
        os._exit(0)


def fired() -> int:
    """How many timers have fired."""
    with transaction() as session:
        return session.scalar(select(func.count()).where(Timer.state == "fired")) or 0


def kill_while_sweeping(app: Flask, now: datetime, kills: int, chance: random.Random) -> int:
    """Forks a sweeper and kills it with -9 at a random moment, `kills` times.

    Stops when nothing is due any more. How many were killed while they worked.
    """
    for killed in range(kills):
        child = sweeper(app, now)
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            return killed
    return kills


def doubled() -> list[str]:
    """What happened more than once, or not at all: empty when each effect is exactly once.

    Each fired timer of a contact clock has one breach event of its ticket and the messages of it.
    """
    fired_clocks = select(Clock.ticket_id).join(Timer, Timer.clock_id == Clock.id)
    fired_clocks = fired_clocks.where(
        Timer.state == "fired", Timer.level == "due", Clock.kind == "contact"
    )
    events = select(TicketEvent.ticket_id).where(
        TicketEvent.action == "breach", TicketEvent.payload["clock"].astext == "contact"
    )
    told = select(Message.key).where(Message.key.like("due:%"))
    with transaction() as session:
        due = sorted(session.scalars(fired_clocks))
        breaches = sorted(session.scalars(events))
        keys = list(session.scalars(told))
    wrong = []
    if due != breaches:
        wrong.append(f"{len(due)} contact timers fired, {len(breaches)} breaches were recorded")
    if len(keys) != len(set(keys)) or len(keys) != len(breaches):
        wrong.append(f"{len(keys)} messages for {len(breaches)} breaches")
    return wrong
