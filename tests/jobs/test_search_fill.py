"""The index is filled by a job that goes on where it was stopped, and follows a firm's new name."""

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from portal.db import transaction
from portal.directory.models import Enterprise
from portal.extensions import db
from portal.outbox import relay
from portal.outbox.models import Message
from portal.outbox.service import FIRM_TEXT
from portal.search import fill, service
from portal.search.models import SearchRun, TicketText
from portal.tickets.models import Ticket
from tests.factories import MONDAY, Town
from tests.plays import Play


@pytest.fixture
def bare(town: Town) -> list[int]:
    """The ids of three tickets that are not in the index."""
    play = Play(town)
    ids = [play.file() for _ in range(3)]
    with transaction() as session:
        session.execute(text("DELETE FROM ticket_text"))
        fill.start(MONDAY)
        fill.start(MONDAY)  # a second start leaves the first
    return ids


def indexed() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(TicketText)) or 0


def test_a_run_fills_the_index_and_ends(bare: list[int]) -> None:
    assert fill.waiting()
    assert fill.work(lambda: MONDAY) == 1
    assert indexed() == 3 and not fill.waiting()
    run = db.session.scalars(select(SearchRun)).one()
    assert (run.state, run.seen, run.total) == ("done", 3, 3)
    assert fill.work(lambda: MONDAY) == 0  # run twice it does nothing


def test_a_killed_run_goes_on_where_it_was(bare: list[int]) -> None:
    with pytest.raises(KeyboardInterrupt), transaction():
        fill.step(MONDAY)
        raise KeyboardInterrupt
    assert indexed() == 0 and fill.waiting()
    with transaction() as session:
        run = session.scalars(select(SearchRun)).one()
        run.after_id = bare[1]
    fill.work(lambda: MONDAY)
    assert indexed() == 1


def test_the_command_fills_at_once_and_says_how_many(app: Flask, bare: list[int]) -> None:
    result = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert result.exit_code == 0, result.output
    assert "已为 3 件诉求建立检索。" in result.output
    assert indexed() == 3


def test_a_renamed_firm_is_found_by_its_new_name(town: Town) -> None:
    play = Play(town)
    ids = [play.file() for _ in range(3)]
    with transaction() as session:
        session.get_one(Enterprise, town.enterprise_id).name = "聊城精密轴承有限公司"
        session.get_one(Enterprise, town.other_enterprise_id).name = "没有诉求的企业"
    assert db.session.scalar(select(func.count()).where(Message.kind == FIRM_TEXT)) == 1
    relay.drain()
    heads = list(db.session.scalars(select(TicketText.head).order_by(TicketText.ticket_id)))
    assert len(heads) == len(ids)
    assert all("聊城精密轴承" in head and "鲁西" not in head for head in heads)


def test_a_firm_with_many_tickets_is_followed_in_chunks(town: Town) -> None:
    play = Play(town)
    ids = [play.file() for _ in range(3)]
    with transaction():
        assert service.index_firm(town.enterprise_id, ids[0]) == ids[2]
        assert service.index_firm(town.enterprise_id, ids[2]) is None
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 3
