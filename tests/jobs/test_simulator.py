"""A simulated year agrees, clock by clock and light by light, with a straightforward model."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from portal.extensions import db
from portal.sla.calendars import current_calendar_id
from portal.sla.simulate import Year
from portal.sla.simulate_acts import People
from portal.sla.simulate_scratch import problems
from tests.factories import Town
from tests.jobs.simulator_model import differences


@pytest.fixture
def calendar_kept(app: Flask, clean: None, owner: Engine) -> Iterator[None]:
    """The calendar that the play adds is not in force afterwards."""
    with app.app_context():
        before = current_calendar_id()
        db.session.remove()
    yield
    with owner.begin() as connection:
        connection.execute(text("UPDATE calendar SET current = false"))
        connection.execute(
            text("UPDATE calendar SET current = true WHERE id = :id"), {"id": before}
        )


@pytest.fixture
def people(town: Town, calendar_kept: None) -> People:
    """The town's people."""
    return People(
        firm=town.firm,
        reviewer=town.reviewer,
        dispatcher=town.dispatcher,
        supervisor=town.supervisor,
        leader=town.leader,
        department_id=town.departments["finance"],
        categories=tuple(sorted(town.categories.values())),
    )


def test_a_year_agrees_with_the_model(app: Flask, people: People) -> None:
    trace = Year(people, tickets=50, seed=1).play()
    assert differences(trace) == []
    assert problems() == []
    assert (trace.failed, trace.crashes > 10, len(trace.sweeps) > 500) == (0, True, True)
    for act in ("ask_info", "supply_info", "dispute", "reopen", "grant_extension", "supervise"):
        assert trace.acts[act] > 0, trace.acts
    fired = [level for t in trace.tickets for c in t["clocks"] for level, _ in c["fired"]]
    assert {"warn", "due", "order", "elevate", "remind_1"} <= set(fired)
    clock = trace.tickets[0]["clocks"][0]  # and it would have noticed a second that is wrong
    clock["due"] += timedelta(seconds=1)
    assert len(differences(trace)) == 1


def test_a_database_with_anything_in_it_is_refused(app: Flask, town: Town) -> None:
    result = app.test_cli_runner().invoke(args=["sla", "simulate", "--here", "--tickets", "1"])
    assert result.exit_code == 2
    assert "已有数据" in result.output


def test_on_a_new_database_the_command_plays_checks_and_reports(
    app: Flask, ctx: None, calendar_kept: None
) -> None:
    args = ["sla", "simulate", "--here", "--tickets", "3", "--seed", "5", "--json"]
    result = app.test_cli_runner().invoke(args=args)
    assert result.exit_code == 0, result.output
    row = json.loads(result.stdout)
    assert (row["tickets"], row["failed"], row["differences"]) == (3, 0, [])
