"""The relay hands over each message at least once, alone; it gives up visibly (lessons 20–23)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from portal.db import transaction
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay, service
from portal.outbox.models import Message
from portal.tickets.models import TicketEvent
from tests.factories import MONDAY, Town
from tests.service.stages import assigned, file


def put(kind: str, payload: dict[str, Any], now: datetime = MONDAY) -> int:
    with transaction() as session:
        service.put(kind, payload, now)
        return session.scalars(select(func.max(Message.id))).one()


def message(message_id: int) -> Message:
    db.session.rollback()
    return db.session.get_one(Message, message_id, populate_existing=True)


def notices() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Notice.id))) or 0


def test_a_second_relay_changes_nothing(town: Town) -> None:
    play = assigned(town)
    found = notices()
    for _ in range(2):
        drained = relay.drain(lambda: MONDAY)
        assert (drained.done, drained.failed) == (0, 0)
    assert (play.events(), notices()) == (["submit", "route"], found)


def test_the_job_is_safe_to_run_twice(town: Town) -> None:
    play = file(town)
    relay.run()
    found = notices()
    relay.run()
    assert (play.events(), notices()) == (["submit", "route"], found)


def test_a_message_handled_a_second_time_adds_nothing(town: Town) -> None:
    play = assigned(town)
    found = notices()
    with transaction() as session:  # as after a crash between the effect and the mark
        for row in session.scalars(select(Message)):
            row.state, row.done_at = "pending", None
    assert relay.drain(lambda: MONDAY).failed == 0
    assert (play.events(), notices()) == (["submit", "route"], found)


def test_four_relays_at_once_handle_each_message_once(app: Flask, town: Town) -> None:
    for _ in range(40):
        file(town)

    def run(_: int) -> int:
        with app.app_context():
            try:
                return relay.drain(lambda: MONDAY, batch=10).done
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(run, range(4)))
    done += relay.drain(lambda: MONDAY).done
    assert done == 120  # route, assigned, accepted
    assert db.session.scalar(select(func.count()).where(TicketEvent.action == "route")) == 40
    assert notices() == 80


def test_an_unreadable_message_stalls_no_other_and_dies_after_eight_attempts(town: Town) -> None:
    unknown = put("fax", {"ticket_id": 1})
    broken = put(service.ROUTE, {"ticket": "?"})
    missing = put(service.ROUTE, {"ticket_id": 999_999})
    play = assigned(town)
    assert play.status == "assigned"
    now = MONDAY
    for attempt in range(1, 9):
        for one in (unknown, broken, missing):
            assert (message(one).attempts, message(one).state) == (
                attempt,
                "dead" if attempt == 8 else "pending",
            )
        now = max(message(one).available_at for one in (unknown, broken, missing))
        relay.drain(lambda now=now: now)
    assert message(unknown).attempts == 8
    assert "fax" in (message(unknown).last_error or "")
    assert "KeyError" in (message(broken).last_error or "")
    assert "NotFound" in (message(missing).last_error or "")
    assert not relay.waiting(now + timedelta(days=365))


def test_a_failed_message_waits_longer_each_time(town: Town) -> None:
    one = put("fax", {})
    waits, now = [], MONDAY
    for _ in range(3):
        relay.drain(lambda now=now: now)
        waits.append((message(one).available_at - now).total_seconds())
        relay.drain(lambda now=now: now)  # too early: not tried
        now = message(one).available_at
    assert waits == [2, 4, 8]
    assert message(one).attempts == 3


def test_a_message_that_fails_halfway_leaves_nothing(town: Town) -> None:
    play = assigned(town)
    found = notices()
    payload = {
        "ticket_id": play.ticket_id,
        "kind": "reply",
        "users": [town.firm.id, 999_999],
        "role": None,
        "department_id": None,
        "params": {},
    }
    one = put(service.NOTIFY, payload)
    assert relay.drain(lambda: MONDAY).failed == 1
    assert (notices(), message(one).attempts) == (found, 1)


def test_a_key_makes_a_message_happen_once(town: Town) -> None:
    for _ in range(2):
        with transaction():
            service.put("fax", {}, MONDAY, key="the same")
    assert db.session.scalar(select(func.count(Message.id))) == 1


def test_a_message_written_by_a_failed_transaction_was_never_there(town: Town) -> None:
    try:
        with transaction():
            service.put("fax", {}, MONDAY)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_the_commands_relay_list_and_revive(app: Flask, town: Town) -> None:
    file(town)
    dead = put("fax", {})
    with transaction():
        message(dead).state = "dead"
    runner = app.test_cli_runner()
    relayed = json.loads(runner.invoke(args=["outbox", "relay", "--json"]).stdout)
    assert relayed == {"done": 3, "failed": 0}
    listed = json.loads(runner.invoke(args=["outbox", "list", "--json"]).stdout)
    assert listed["counts"] == {"done": 3, "dead": 1}
    assert [row["kind"] for row in listed["dead"]] == ["fax"]
    assert runner.invoke(args=["outbox", "revive"]).exit_code == 0
    assert (message(dead).state, message(dead).attempts) == ("pending", 0)
