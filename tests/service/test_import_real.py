"""Two thousand real messages through the import, and the commands' help."""

import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.sla.models import Clock, Timer
from portal.tickets.models import Ticket, TicketEvent
from tests.history_oracle import of_file
from tests.service.test_import import count, summary

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "messages_with_replies.csv"


def history(app: Flask, *options: str) -> dict:
    result = app.test_cli_runner().invoke(args=["kpi", "history", "--json", *options])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found.pop("within_days") == 15
    return found


def test_every_command_has_help(app: Flask) -> None:
    for args in (["tickets", "--help"], ["tickets", "import", "--help"]):
        result = app.test_cli_runner().invoke(args=args)
        assert result.exit_code == 0
        assert "import" in result.output.lower()


@pytest.mark.skipif(not DATA.exists(), reason="../shared/data/messages_with_replies.csv is absent")
def test_two_thousand_real_messages_become_tickets(app: Flask, ctx: None) -> None:
    found = summary(app, DATA)
    assert (found["read"], found["added"], found["refused"]) == (2000, 2000, 0)
    assert (count(Ticket), count(TicketEvent), count(Clock)) == (2000, 6000, 4000)
    assert (count(Timer), count(Message), count(Notice)) == (0, 0, 0)
    late = select(func.count()).where(Clock.kind == "reply", Clock.stopped_at > Clock.due_at)
    assert 0 < (db.session.scalar(late) or 0) < 2000
    assert history(app) == of_file(DATA)
    again = summary(app, DATA)
    assert (again["added"], again["present"], count(Ticket)) == (0, 2000, 2000)
