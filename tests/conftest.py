"""The real services, one application for the session, and empty tables for each test."""

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask_migrate import upgrade
from psycopg.errors import DeadlockDetected
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from portal.extensions import db
from portal.factory import create_app
from tests.factories import CHEAP, Town, make_town
from tests.pages import Visitor
from tests.services import Services, start_services

# What the migrations seed; a test that changes it puts it back.
SEEDED = {"alembic_version", "calendar", "calendar_day", "policy", "category"}
_LONG = {name: n for n, name in enumerate(("test_demo.py", "test_pages.py", "test_english.py"))}
RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
  AND sequencename !~ '^(calendar|calendar_day|policy|category)_id_seq$'
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: two processes end together, and a year is played on new tables."""
    items.sort(key=lambda item: _LONG.get(item.path.name, len(_LONG)))


@pytest.fixture(scope="session")
def services() -> Iterator[Services]:
    """A private PostgreSQL and Valkey."""
    with start_services() as running:
        yield running


@pytest.fixture(scope="session")
def app(services: Services, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on the private services, its schema made by the migrations."""
    instance = tmp_path_factory.mktemp("instance")
    app = create_app(
        {
            **services.settings,
            "PORTAL_INSTANCE": str(instance),
            "UPLOAD_DIR": str(instance / "uploads"),
            "SECRET_KEY": "a secret for tests only, long enough",
            "RATELIMIT_ENABLED": False,
            "CHALLENGE": False,
            "TESTING": True,
            "RQ_ASYNC": True,
            "OPEN_KEEP_SECONDS": 0,
            "SECOND_FACTOR_STAFF": "off",
            **CHEAP,
            "SERVER_NAME": None,
        }
    )
    Path(app.config["UPLOAD_DIR"]).mkdir(exist_ok=True)
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(scope="session")
def owner(services: Services) -> Iterator[Engine]:
    """The database as its owner, who may do what the application may not."""
    engine = create_engine(services.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def broom(app: Flask, services: Services) -> Iterator[psycopg.Connection]:
    """The database as the superuser, who may delete append-only rows and skip foreign keys."""
    name = make_url(services.owner_url).database or "postgres"
    with services.postgres.connect(name) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def emptied(app: Flask, broom: psycopg.Connection) -> None:
    """Empties the tables; what the migrations seeded stays.

    Only tables that hold something are touched: a TRUNCATE of all takes a third of a second.
    """
    names = [table.name for table in db.metadata.sorted_tables if table.name not in SEEDED]
    holds = SQL(" UNION ALL ").join(
        SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(one, Identifier(one)) for one in names
    )
    every = SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
        SQL(", ").join(Identifier(one) for one in names)
    )
    for turn in range(5):
        with suppress(DeadlockDetected) if turn < 4 else nullcontext(), broom.transaction():
            broom.execute(every)  # what a living worker of a site has begun is waited for
            for (name,) in broom.execute(holds).fetchall():
                broom.execute(SQL("DELETE FROM {}").format(Identifier(name)))
            broom.execute(RESTART)
            broom.execute("DELETE FROM policy WHERE enacted_at IS NULL")
            broom.execute("DELETE FROM category WHERE parent_id IS NOT NULL")
            break
    with app.app_context():
        app.extensions["rq"].queue.empty()


@pytest.fixture
def clean(app: Flask, broom: psycopg.Connection) -> Iterator[None]:
    """Empty tables before the test."""
    emptied(app, broom)
    yield
    with app.app_context():
        db.session.remove()


@pytest.fixture
def ctx(app: Flask, clean: None) -> Iterator[None]:
    """An application context for tests that call services; request-free."""
    with app.app_context():
        yield
        db.session.remove()


@pytest.fixture
def town(app: Flask, clean: None) -> Iterator[Town]:
    """A small town: a firm, two departments with people, one of each role."""
    with app.app_context():
        yield make_town()
        db.session.remove()


@pytest.fixture
def visit(app: Flask, town: Town) -> Visitor:
    """Opens pages as a person of the town, each page checked as HTML."""
    return Visitor(app, town)
