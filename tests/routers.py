"""Real processes that route at once, the teams they route to, and what must be true afterwards."""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from sqlalchemy import func, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction
from portal.directory.models import Department
from portal.extensions import db
from portal.outbox import relay
from portal.outbox.models import Message
from portal.outbox.service import ROUTE, VACANCY
from portal.tickets.lifecycle import LOAD
from portal.tickets.models import Ticket
from portal.tickets.service import submit
from tests.factories import Town, make_rule, password_hash
from tests.service.stages import wording

SIZES = (2, 3, 4, 5, 6, 7)
BATCH = 500  # submits a transaction


@dataclass(frozen=True)
class Teams:
    """The units by the category whose tickets their rule gives them, and the cadres of each."""

    by_category: Mapping[str, int]
    members: Mapping[int, list[int]]


def make_teams(town: Town, capacity: int | None = None) -> Teams:
    """One unit of each size with a rule of its own; each cadre can hold `capacity` tickets."""
    names = [name for name in town.categories if name != "融资"][: len(SIZES)]
    by_category, members = {}, {}
    with transaction() as session:
        for category, size in zip(names, SIZES, strict=True):
            unit = Department(name=f"{size} 人的单位")
            session.add(unit)
            session.flush()
            people = [
                User(
                    username=f"team{size}.{n}",
                    name=f"第 {n} 人",
                    role=Role.CADRE,
                    password_hash=password_hash(),
                    department_id=unit.id,
                    capacity=capacity,
                )
                for n in range(size)
            ]
            session.add_all(people)
            make_rule(unit.id, category_id=town.categories[category])
            by_category[category] = unit.id
            members[unit.id] = [one.id for one in people]
    return Teams(by_category, members)


def submit_many(town: Town, teams: Teams, number: int, at: datetime) -> None:
    """So many tickets at `at` (UTC), the units in turn; nothing has routed them yet."""
    names = list(teams.by_category)
    for start in range(0, number, BATCH):
        with transaction():
            for n in range(start, min(start + BATCH, number)):
                submit.submit(town.firm, wording(town, names[n % len(names)]), at)


def route_at_once(app: Flask, processes: int, now: datetime) -> None:
    """Forked processes that each drain what is to be routed as of `now`, until nothing is left."""
    db.session.remove()
    children = [_router(app, now) for _ in range(processes)]
    failed = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(failed):
        raise RuntimeError(f"Routing processes ended with {failed}.")


def _router(app: Flask, now: datetime) -> int:
    if child := os.fork():
        return child
    code = 1
    try:
        with app.app_context():
            db.engine.dispose(close=False)
            code = int(relay.drain(lambda: now, (ROUTE, VACANCY)).failed > 0)
    finally:
        os._exit(code)


def faults(teams: Teams, number: int, capacity: int | None) -> list[str]:
    """What is not as it must be after `number` routings; empty when all is well."""
    with transaction() as session:
        query = select(Ticket.department_id, Ticket.assignee_id, func.count())
        held = query.where(Ticket.status.in_(LOAD)).group_by(
            Ticket.department_id, Ticket.assignee_id
        )
        loads: dict[int, Counter[int]] = defaultdict(Counter)
        for unit, cadre, count in session.execute(held):
            loads[unit or 0][cadre or 0] = count
        queued = select(Ticket.waiting_department_id).where(Ticket.waiting_since.is_not(None))
        waits = Counter(session.scalars(queued))
        mute = session.scalar(select(func.count()).where(Ticket.route_reasons == [])) or 0
        pending = select(func.count()).where(Message.kind == ROUTE, Message.state != "done")
        left = session.scalar(pending) or 0
    wrong = [f"{left} not routed"] * bool(left) + [f"{mute} without reasons"] * bool(mute)
    given = sum(sum(one.values()) for one in loads.values())
    if given + waits.total() != number:
        wrong.append(f"{given} given and {waits.total()} waiting of {number}")
    for unit, people in teams.members.items():
        counts = [loads[unit][one] for one in people]
        if max(counts) - min(counts) > 1:
            wrong.append(f"a team of {len(people)} has {counts}")
        if capacity is not None and max(counts) > capacity:
            wrong.append(f"over the capacity of {capacity}: {counts}")
        if capacity is not None and waits[unit] and min(counts) < capacity:
            wrong.append(f"places left while tickets wait: {counts}")
    return wrong
