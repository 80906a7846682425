"""Database or queue away: a page in words for everybody, and sign-in as before."""

from collections.abc import Callable
from contextvars import Context
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.extensions import limiter
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Visitor, checked

NOWHERE = "postgresql+psycopg://nobody:nothing@127.0.0.1:9/none"
NO_QUEUE = "redis://127.0.0.1:9/0"


@pytest.fixture(scope="module")
def cut_off(app: Flask) -> Flask:
    """The application, its database unreachable."""
    addresses = dict.fromkeys(
        ("DATABASE_URL", "MIGRATION_DATABASE_URL", "SQLALCHEMY_DATABASE_URI"), NOWHERE
    )
    return create_app({**app.config, **addresses})


def _get(client: FlaskClient, address: str) -> TestResponse:
    answer = Context().run(client.get, address)
    checked(answer.text)
    return answer


def _signed_in(client: FlaskClient, user_id: int | None) -> FlaskClient:
    with client.session_transaction() as session:
        session.update({"_user_id": str(user_id), "sid": "a secret"})
    return client


@pytest.mark.parametrize("address", ["/", "/tickets", "/tickets/new", "/query", "/no-such-page"])
def test_without_a_database_who_is_signed_in_reads_the_error_page(
    cut_off: Flask, town: Town, address: str
) -> None:
    answer = _get(_signed_in(cut_off.test_client(), town.firm.id), address)
    assert answer.status_code == 500
    assert "这不是您的错" in answer.text
    assert "psycopg" not in answer.text


@pytest.mark.parametrize(
    ("address", "status"), [("/", 200), ("/sign-in", 200), ("/register", 500), ("/nothing", 404)]
)
def test_without_a_database_a_stranger_reads_what_needs_none(
    cut_off: Flask, address: str, status: int
) -> None:
    assert _get(cut_off.test_client(), address).status_code == status


@pytest.fixture
def without_queue(app: Flask, town: Town) -> Any:
    """Pages of an application with rate limits whose counters are unreachable."""
    settings = {"RATELIMIT_ENABLED": True, "REDIS_URL": NO_QUEUE, "RATELIMIT_STORAGE_URI": NO_QUEUE}
    yield Visitor(create_app({**app.config, **settings}), town)
    limiter.enabled = False


def test_without_a_queue_people_sign_in_and_guesses_are_still_limited(
    without_queue: Visitor,
) -> None:
    assert without_queue.get("firm", "/tickets").status == 200
    ask: Callable[[], int] = lambda: (  # noqa: E731
        without_queue.get(None, "/query").submit("/query", number="SQ1", query_code="A").status
    )
    assert [ask() for _ in range(12)] == [422] * 10 + [429] * 2
