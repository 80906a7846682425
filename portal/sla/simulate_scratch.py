"""A database made for one simulation and gone after it, its people, and the checks on what is left.

The checks need nothing but the database: each due is counted again day by day (sla.explain), and no
level of a clock may have fired twice. The full model is in the tests.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import func, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction
from portal.directory.models import Category, Department, Enterprise, Region
from portal.embedded.places import project_base
from portal.errors import Invalid
from portal.extensions import db
from portal.sla.explaining import explain_ticket
from portal.sla.models import Clock, Timer
from portal.sla.simulate_acts import People
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

ELSEWHERE = ("DATABASE_URL", "MIGRATION_DATABASE_URL", "REDIS_URL")


def in_scratch(arguments: Sequence[str]) -> int:
    """Runs `flask sla simulate … --here` on services of its own in a temporary folder; its code."""
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    with tempfile.TemporaryDirectory(prefix="simulate-") as folder:
        given = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
        settings = {**given, "PORTAL_INSTANCE": folder}
        made = subprocess.run(
            [*flask, "db", "upgrade"], env=settings, capture_output=True, text=True, check=False
        )
        if made.returncode:
            sys.stderr.write(made.stderr)
            return made.returncode
        command = [*flask, "sla", "simulate", "--here", *arguments]
        code = subprocess.run(command, env=settings, check=False).returncode
        # Root's data is not inside the folder; the servers end with the last who uses them.
        shutil.rmtree(project_base(Path(folder)), ignore_errors=True)
        return code


def make_people() -> People:
    """One firm, one department with two cadres, and those beside them; nobody can sign in.

    Raises Invalid, and changes nothing, when the database holds anybody or anything already.
    """
    for model in (Ticket, User, Enterprise):
        if db.session.scalar(select(func.count()).select_from(model)):
            raise Invalid("这个数据库里已有数据，模拟只能在刚建好的空库上进行。")
    with transaction() as session:
        region, unit = Region(name="模拟区"), Department(name="模拟单位")
        session.add_all([region, unit])
        session.flush()
        firm = Enterprise(
            uscc="91000000MA0000000X",
            name="模拟企业",
            region_id=region.id,
            size="small",
            contact_name="王经理",
            contact_phone="13800001111",
        )
        session.add(firm)
        session.flush()
        users = {
            "firm": _user("firm", Role.APPLICANT, enterprise_id=firm.id),
            "cadre": _user("cadre", Role.CADRE, department_id=unit.id),
            "cadre2": _user("cadre2", Role.CADRE, department_id=unit.id),
            "reviewer": _user("reviewer", Role.REVIEWER, department_id=unit.id),
            "dispatcher": _user("dispatcher", Role.DISPATCHER),
            "supervisor": _user("supervisor", Role.SUPERVISOR),
            "leader": _user("leader", Role.LEADER),
        }
        session.add_all(users.values())
        session.flush()
        actors = {name: user.actor for name, user in users.items() if not name.startswith("cadre")}
        categories = tuple(session.scalars(select(Category.id).order_by(Category.id)))
        return People(**actors, department_id=unit.id, categories=categories)


def _user(name: str, role: Role, **belongs: int) -> User:
    # No hash verifies against this, so the account opens for nobody.
    return User(username=name, name=name, role=role, password_hash="!", phone="", **belongs)  # noqa: S106


def problems() -> list[str]:
    """What is wrong with the clocks and timers of the played year; [] when nothing is."""
    return [*_sums(), *_doubled(), *_left_armed()]


def _sums() -> Iterator[str]:
    for ticket in db.session.scalars(select(Ticket).order_by(Ticket.id)):
        for one in explain_ticket(ticket):
            if any(line.kind == "recorded" for line in one.lines):
                clock = one.clock
                yield f"{ticket.number} {clock.kind} {clock.round}: the due does not add up"


def _doubled() -> Iterator[str]:
    query = (
        select(Ticket.number, Clock.kind, Timer.level, Clock.due_at)
        .join(Clock, Timer.clock_id == Clock.id)
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .where(Timer.state == "fired", Timer.level != "warn")
        .group_by(Ticket.number, Clock.id, Clock.kind, Timer.level, Clock.due_at)
        .having(func.count() > 1)
    )
    for number, kind, level, due_at in db.session.execute(query):
        yield f"{number} {kind}: {level} fired twice for the due at {due_at}"


def _left_armed() -> Iterator[str]:
    query = (
        select(Ticket.number, Clock.kind, Timer.level)
        .join(Clock, Timer.clock_id == Clock.id)
        .join(Ticket, Ticket.id == Clock.ticket_id)
        .where(Timer.state == "armed", Ticket.status == Status.CLOSED)
    )
    for number, kind, level in db.session.execute(query):
        yield f"{number} {kind}: {level} is armed on a closed ticket"
