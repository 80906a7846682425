"""Forked processes that play random verbs on random tickets, and count, and are killed with -9."""

import os
import random
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from portal.auth.models import User
from portal.db import transaction
from portal.errors import PortalError
from portal.extensions import db
from portal.kpi import job, rollup
from portal.outbox import relay
from portal.problems.models import Problem
from portal.problems.service import gathering
from portal.sla.sweep import sweep
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import applicant, elevate, recategorise, submit, triage
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town
from tests.service.stages import file
from tests.service.test_walks import Deed, deeds, pleas

WORKERS = 4
RARE = {"withdraw", "terminate", "transfer", "reject", "merge"}
MINUTES = (0, 1, 7, 60, 240, 1440, 4000)


def more(town: Town) -> list[Deed]:
    """What the walks of one ticket leave out: merging, common problems, categories, elevating."""
    return [
        (merge, "dispatcher", ()),
        (applicant.withdraw, "firm", ("单位让撤的", True)),
        (recategorise.recategorise, "dispatcher", (town.categories["税费"], "归类")),
        (recategorise.recategorise, "dispatcher", (town.categories["融资"], "归类")),
        (join, "supervisor", ()),
        (gathering.leave, "supervisor", ("不是一回事",)),
        (elevate.elevate, "supervisor", ("asked", "", "请领导过问")),
    ]


def merge(ask: Ask) -> None:
    """Into the oldest open ticket of the same firm."""
    query = select(Ticket.number).where(Ticket.status != "closed", Ticket.id != ask.ticket_id)
    triage.merge(ask, db.session.scalar(query.order_by(Ticket.id).limit(1)) or "-", "重复")


def join(ask: Ask) -> None:
    gathering.join(ask, db.session.scalar(select(Problem.id).limit(1)) or 0, "一回事")


def prepare(town: Town) -> None:
    """Some tickets to begin with, and a common problem."""
    ids = [file(town).ticket_id for _one in range(6)]
    described = gathering.Described("续贷难", "银行不续贷", town.cadre.id or 0)
    with transaction():
        gathering.create(town.supervisor, described, ids[:2], MONDAY)


def rounds(town: Town, chance: random.Random) -> None:
    """Plays until it is killed."""
    choices = [*deeds(town), *pleas(town), *more(town)]
    weights = [1 if verb.__name__ in RARE else 12 for verb, _, _ in choices]
    while True:
        try:
            one(town, chance, chance.choices(choices, weights)[0])
        except (PortalError, DBAPIError):
            db.session.rollback()


def one(town: Town, chance: random.Random, deed: Deed) -> None:
    """One wish on one ticket; now and then a new ticket, the relay or a sweep instead."""
    ids = list(db.session.scalars(select(Ticket.id)))
    ticket = db.session.get_one(Ticket, chance.choice(ids), populate_existing=True)
    now = ticket.last_event_at + timedelta(minutes=chance.choice(MINUTES))
    happening = chance.random()
    if happening < 0.06:
        with transaction():
            submit.submit(chance.choice([town.firm, town.other]), words(town, chance), now)
    elif happening < 0.1:
        relay.drain(lambda: now)
    elif happening < 0.12:
        sweep(now, seconds=0.2)
    else:
        verb, name, arguments = deed
        holder = None if ticket.assignee_id is None else db.session.get(User, ticket.assignee_id)
        actor = getattr(town, name if name != "holder" else "cadre")
        if name == "holder" and holder is not None:
            actor = holder.actor
        with transaction():
            verb(Ask(actor, ticket.id, now), *arguments)


def words(town: Town, chance: random.Random) -> Wording:
    category = chance.choice(["融资", "融资", "用工社保", "税费"])
    return Wording(
        *("流动资金不足", town.categories[category], chance.choice(list(Urgency))),
        *("贷款到期后银行不再续贷，急需过桥资金。", "王经理", "13800001111"),
    )


def count(_town: Town, chance: random.Random) -> None:
    """Keeps the cells up to date until it is killed; rarely begins a rebuild."""
    while True:
        try:
            if chance.random() < 0.02:
                with transaction():
                    rollup.start_rebuild(MONDAY)
            with transaction():
                rollup.step(MONDAY, batch=chance.choice([1, 5, 50]))
        except DBAPIError:
            db.session.rollback()


Work = Callable[[Town, random.Random], Any]


def forked(app: Flask, work: Work, town: Town, seed: int) -> int:
    """A process that works with connections of its own: its id."""
    if child := os.fork():
        return child
    try:
        with app.app_context():
            db.engine.dispose(close=False)
            db.session.remove()
            work(town, random.Random(seed))
    finally:
        os._exit(0)


def run(app: Flask, town: Town, events: int, seed: int) -> int:
    """Four that play and one that counts, each killed and followed by another at random moments,
    until so many events are written. How many were killed."""
    chance, killed = random.Random(seed), 0
    works: list[Work] = [*[rounds] * WORKERS, count]
    running = [forked(app, work, town, chance.randrange(1 << 30)) for work in works]
    try:
        while _events() < events:
            time.sleep(chance.uniform(0.05, 0.5))
            place = chance.randrange(len(works))
            _kill(running[place])
            killed += 1
            running[place] = forked(app, works[place], town, chance.randrange(1 << 30))
    finally:
        for child in running:
            _kill(child)
    return killed


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _events() -> int:
    with transaction() as session:
        return session.scalar(select(func.count(TicketEvent.id))) or 0


def settle() -> None:
    """Brings the cells up to date, and a rebuild that was begun to its end."""
    job.bring_up(lambda: MONDAY)
