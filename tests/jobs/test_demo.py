"""The demonstration: a year that was played through the services, and work in every queue."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
import pytest
from flask import Flask
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, func, select, text, update

from portal.auth.models import User
from portal.config import PROJECT
from portal.db import utcnow
from portal.demo import checks, plan
from portal.demo.accounts import ACCOUNTS, PASSWORD
from portal.demo.load import Loaded, load
from portal.demo.places import PAIRED, WEIGHTS
from portal.demo.refused import COUNT
from portal.directory.models import Category, Enterprise, Pairing
from portal.directory.uscc import checked_uscc
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.outbox.relay import drain
from portal.routing import queries as rules
from portal.routing import rulebook
from portal.sla.sweep import sweep
from portal.tickets.handover_models import Handover
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket, TicketEvent
from tests.pages import Visitor
from tests.services import Services

KEPT = {"alembic_version", "calendar", "calendar_day", "policy", "category"}
IN_YEAR = Ticket.submitted_at < datetime(2024, 1, 1, tzinfo=UTC)
LOCAL_YEAR = func.extract("year", func.timezone("Asia/Shanghai", Ticket.submitted_at))


def empty(app: Flask, broom: psycopg.Connection) -> None:
    """Empties every table but what the migrations seeded, and puts the categories back."""
    names = [t.name for t in db.metadata.sorted_tables if t.name not in KEPT]
    with broom.transaction():
        every = SQL(", ").join(Identifier(name) for name in names)
        broom.execute(SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(every))
        broom.execute("DELETE FROM category WHERE parent_id IS NOT NULL")
    with app.app_context():
        db.session.execute(update(Category).values(by_pairing=True))
        db.session.commit()


@pytest.fixture(scope="module")
def played_at() -> datetime:
    """The instant (UTC) at which the demonstration ends."""
    return utcnow()


@pytest.fixture(scope="module")
def played(
    app: Flask, owner: Engine, broom: psycopg.Connection, played_at: datetime
) -> Iterator[Loaded]:
    """The demonstration, loaded once for the tests of this module."""
    empty(app, broom)
    with app.app_context():
        begun = time.perf_counter()
        loaded = load(played_at, if_empty=False, say=lambda _: None)
        print(f"demo load took {time.perf_counter() - begun:.1f} s")
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))  # as the server does by itself, some time later
        yield loaded
        db.session.remove()
    empty(app, broom)


def counts(column) -> Counter:
    """How many tickets of the year have each value of a column."""
    rows = db.session.execute(select(column, func.count()).where(IN_YEAR).group_by(column))
    return Counter(dict(rows.all()))


def test_a_killed_load_leaves_nothing(
    app: Flask, broom: psycopg.Connection, services: Services
) -> None:
    empty(app, broom)
    environment = {
        **os.environ,
        **services.settings,
        "PORTAL_INSTANCE": app.config["INSTANCE_DIR"],
        "UPLOAD_DIR": app.config["UPLOAD_DIR"],
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "load"]
    loading = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert loading.stderr is not None
    for line in loading.stderr:
        if "2023" in line:
            break
    loading.send_signal(signal.SIGKILL)
    loading.communicate()
    with app.app_context():
        for model in (Ticket, User, Enterprise, Message):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0
        db.session.remove()


def test_619_were_accepted_and_613_solved(app: Flask, played: Loaded) -> None:
    assert (played.accepted, played.solved) == (619, 613)
    accepted = select(func.count()).where(*checks.ACCEPTED_IN_YEAR)
    assert db.session.scalar(accepted) == 619
    shown = app.test_cli_runner().invoke(
        args=["kpi", "show", "--from", "2023-01-01", "--to", "2023-12-31", "--json"]
    )
    figures = json.loads(shown.stdout)
    assert (figures["resolution_gross"]["n"], figures["resolution_gross"]["d"]) == (613, 619)
    assert 0.90 < figures["on_time_rate"]["rate"] < 0.94
    assert 0.93 < figures["contact_rate"]["rate"] < 0.98
    assert figures["accept_rate"]["n"] == 619
    assert figures["accept_rate"]["rate"] < 1


def test_the_six_others_each_have_a_reason(played: Loaded) -> None:
    assert checks.others() == {
        ("explained", "confirmed"): 1,
        ("explained", "unconfirmed"): 1,
        ("solved", "unconfirmed"): 1,
        ("withdrawn", None): 1,
        ("transferred", None): 1,
        ("terminated", None): 1,
    }


def test_the_year_is_dealt_and_not_drawn(played: Loaded) -> None:
    """The counts that the plan fixes, as the events of the year tell them."""
    query = select(TicketEvent.action, func.count()).join(
        Ticket, Ticket.id == TicketEvent.ticket_id
    )
    happened = dict(db.session.execute(query.where(IN_YEAR).group_by(TicketEvent.action)).all())
    expected = {
        "submit": 619 + COUNT,
        "dispute": 37,
        "reopen": 4,
        "return": 25,
        "ask_return": 31,
        "refuse_return": 6,
        "call_back": 5,
        "ask_info": 74,
        "supply_info": 70,
        "reject": 6,
        "merge": 3,
        "withdraw": 4,
    }
    assert {action: happened[action] for action in expected} == expected
    assert counts(Ticket.status) == {Status.CLOSED: 619 + COUNT}
    assert counts(Ticket.round) == {1: 619 + COUNT - 41, 2: 41}
    assert len(counts(Ticket.category_id)) == 18
    assert len(counts(Ticket.region_id)) == 11
    assert len(counts(Ticket.chain_id)) == 12
    assert counts(LOCAL_YEAR) == {2023: 619 + COUNT}


def test_chance_comes_from_the_seed_alone() -> None:
    assert plan.source("one").random() == plan.source("one").random()
    assert plan.source("one").random() != plan.source("two").random()


def test_nobody_is_told_of_the_year(played: Loaded, played_at: datetime) -> None:
    told = select(func.count()).select_from(Notice).join(Ticket).where(IN_YEAR)
    assert db.session.scalar(told) == 0
    due = Message.available_at <= played_at  # the rest is told when its readers are at work
    states = db.session.execute(select(Message.kind, Message.state).where(due).distinct()).all()
    done = {("route", "done"), ("stand_in", "done"), ("notify", "muted"), ("notify", "done")}
    assert set(states) == done
    assert len(list(db.session.scalars(select(Notice.id)))) > 100


def test_every_queue_has_work(played: Loaded) -> None:
    open_now = Ticket.status != Status.CLOSED
    present = set(db.session.scalars(select(Ticket.status).where(open_now)))
    assert present == set(Status) - {Status.CLOSED}
    assert 35 <= played.open_today <= 60
    waits = db.session.scalars(select(Ticket).where(Ticket.status == Status.SUBMITTED)).one()
    assert waits.waiting_since is not None
    handed = db.session.scalars(select(Handover)).one()
    assert handed.deputy_id == db.session.scalar(select(User.id).where(User.username == "ganbu"))
    for flag in (Ticket.return_pending, Ticket.order_pending):
        assert len(list(db.session.scalars(select(Ticket.id).where(open_now, flag)))) >= 2
    firm = db.session.scalars(select(User).where(User.username == "qiye")).one()
    mine = Counter(
        db.session.scalars(
            select(Ticket.status).where(open_now, Ticket.enterprise_id == firm.enterprise_id)
        )
    )
    assert mine.total() == 9  # one of them filed on behalf, by the cadre; two are sealed
    assert mine["awaiting_confirmation"] == mine["needs_info"] == 1


def test_the_cadre_sees_every_light(played: Loaded) -> None:
    now = utcnow()
    mine = select(Ticket).join(User, User.id == Ticket.assignee_id)
    mine = mine.where(User.username == "ganbu", Ticket.status != Status.CLOSED)
    tickets = list(db.session.scalars(mine))
    assert 12 <= len(tickets) <= 20
    running = [
        (t.next_warn_at, t.next_due_at)
        for t in tickets
        if not t.order_pending and t.paused_at is None and t.next_due_at and t.next_warn_at
    ]
    assert any(t.order_pending for t in tickets)
    assert any(t.paused_at for t in tickets)
    assert any(due < now for _, due in running)
    assert any(warn <= now <= due for warn, due in running)
    assert any(now < warn for warn, _ in running)


def test_the_sweep_and_the_relay_find_nothing_left(played: Loaded, played_at: datetime) -> None:
    swept, drained = sweep(played_at), drain()
    assert (swept.failed, drained.failed) == (0, 0)
    assert (swept.fired, swept.skipped, swept.petitions, swept.orders) == (0, 0, 0, 0)
    dead = select(func.count()).where(Message.state == "dead")
    assert db.session.scalar(dead) == 0


def test_firms_and_rules_are_sound(played: Loaded) -> None:
    codes = list(db.session.scalars(select(Enterprise.uscc)))
    assert len(codes) == len(set(codes)) == 200
    assert all(checked_uscc(code) == code and code.startswith("913715") for code in codes)
    force, [draft] = rules.in_force(), rules.drafts()
    assert force is not None and force.version == 2 and force.enacted_by is not None
    assert rulebook.examined(force.id).sound
    assert [one.why for one in rulebook.examined(draft.id).dead] == ["covered"]
    names = list(db.session.scalars(select(Enterprise.name)))
    assert len(set(names)) == 200
    paired = db.session.scalar(select(func.count()).select_from(Pairing))
    assert paired is not None and 150 <= paired < 200
    flags = dict(db.session.execute(select(Category.name, Category.by_pairing)).all())
    assert {name for name in WEIGHTS if flags[name]} == PAIRED


def test_every_shown_account_opens(app: Flask, played: Loaded) -> None:
    shown = app.test_cli_runner().invoke(args=["demo", "accounts"]).stdout
    roles = dict(db.session.execute(select(User.username, User.role)).all())
    db.session.rollback()
    for account in ACCOUNTS:
        door = Visitor(app, cast(Any, None)).get(None, "/sign-in")
        answer = door.submit("/sign-in", username=account.username, password=PASSWORD)
        assert answer.status == 303, answer.words
        assert roles[account.username] == account.role
        assert account.username in shown
    assert PASSWORD in shown


def test_a_second_load_keeps_the_data(app: Flask, played: Loaded) -> None:
    def run(*arguments: str):
        return app.test_cli_runner().invoke(args=["demo", "load", *arguments])

    before = db.session.scalar(select(func.count()).select_from(TicketEvent))
    kept = run("--if-empty", "--json")
    assert kept.exit_code == 0 and json.loads(kept.stdout)["kept"] is True
    assert "保留原有数据" in run("--if-empty").stdout
    refused = run()
    assert refused.exit_code == 1 and "数据库中已有诉求" in refused.output
    after = db.session.scalar(select(func.count()).select_from(TicketEvent))
    assert after == before


def test_production_refuses(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "ENVIRONMENT", "production")
    refused = app.test_cli_runner().invoke(args=["demo", "load"])
    assert refused.exit_code == 1 and "生产环境" in refused.output


def test_the_cells_of_the_year_are_what_its_events_say(app: Flask, played: Loaded) -> None:
    db.session.rollback()
    answer = app.test_cli_runner().invoke(args=["kpi", "check"])
    assert answer.exit_code == 0, answer.output
    year = ["--from", "2023-01-01", "--to", "2023-12-31", "--json"]
    shown = app.test_cli_runner().invoke(args=["kpi", "show", *year])
    told = app.test_cli_runner().invoke(args=["kpi", "show", *year, "--as-of", "2024-12-31"])
    figures, then = json.loads(shown.stdout), json.loads(told.stdout)
    assert (figures["resolution_gross"]["n"], figures["resolution_gross"]["d"]) == (613, 619)
    changing = {"overdue"}  # what is open and late depends on the present
    assert {k: v for k, v in then.items() if k not in changing} == {
        name: one for name, one in figures.items() if name not in changing
    }
