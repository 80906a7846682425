"""Pages with rate limits, categories that a test may change, and the statements that run."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, event, select, text

from portal.extensions import db, limiter
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Visitor


@pytest.fixture
def limited(app: Flask, town: Town) -> Iterator[Visitor]:
    """Pages of an application with rate limits, counted from zero."""
    strict = create_app({**app.config, "RATELIMIT_ENABLED": True})
    limiter._storage_dead = False  # the limiter is one for the process: another test's outage
    limiter.reset()
    yield Visitor(strict, town)
    limiter.reset()
    limiter.enabled = False


@pytest.fixture
def seeded_categories(town: Town, owner: Engine) -> Iterator[None]:
    """Puts the categories back as the migrations left them."""
    table = db.metadata.tables["category"]
    with owner.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(table)).mappings()]
    yield
    db.session.rollback()
    with owner.begin() as connection:
        connection.execute(text("TRUNCATE category CASCADE"))
        connection.execute(table.insert(), rows)


@pytest.fixture
def statements(town: Town) -> Iterator[list[str]]:
    """The statements sent to the database, as they come."""
    sent: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)
