"""The real services, one application for the session, and empty tables for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, create_engine, text

from portal.extensions import db
from portal.factory import create_app
from tests.factories import Town, make_town
from tests.pages import Visitor
from tests.services import Services, start_services

# What the migrations seed; a test that changes it puts it back.
SEEDED = {"alembic_version", "calendar", "calendar_day", "policy", "category"}


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
            "TESTING": True,
            "RQ_ASYNC": True,
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


@pytest.fixture
def clean(app: Flask, owner: Engine) -> Iterator[None]:
    """Empty tables before the test; what the migrations seeded stays."""
    names = [table.name for table in db.metadata.sorted_tables if table.name not in SEEDED]
    tables = ", ".join(f'"{name}"' for name in names)
    with owner.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        connection.execute(text("DELETE FROM policy WHERE enacted_at IS NULL"))
        connection.execute(text("DELETE FROM category WHERE parent_id IS NOT NULL"))
    with app.app_context():
        app.extensions["rq"].queue.empty()
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
