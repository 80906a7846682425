"""kill -9 of a sweeping process at random moments: every effect exactly once (issue 3)."""

import random
from collections import Counter

from flask import Flask
from sqlalchemy import select

from portal.db import transaction
from portal.outbox import relay
from portal.sla.models import Timer
from portal.sla.sweep import sweep
from portal.tickets.models import TicketEvent
from tests.factories import MONDAY, Town
from tests.service.stages import file, local
from tests.sweepers import doubled, kill_while_sweeping

TICKETS = 150  # each with a sign and a contact clock that are over
KILLS = 12
LATE_MORNING = local("2026-03-02 11:01")


def test_twelve_kills_over_three_hundred_timers_leave_each_effect_once(
    app: Flask, town: Town
) -> None:
    for _ in range(TICKETS):
        file(town)
    relay.drain(lambda: MONDAY)
    killed = kill_while_sweeping(app, LATE_MORNING, KILLS, random.Random(7))
    assert killed > 0
    sweep(LATE_MORNING)
    with transaction() as session:
        states = Counter(session.scalars(select(Timer.state).where(Timer.fire_at <= LATE_MORNING)))
        actions = Counter(session.scalars(select(TicketEvent.action)))
    assert states["fired"] == 2 * TICKETS
    assert states["armed"] == 0
    assert (actions["sign"], actions["breach"]) == (TICKETS, TICKETS)
    assert doubled() == []
