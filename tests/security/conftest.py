"""Applications with other settings, and pages with rate limits."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from portal.extensions import limiter
from portal.factory import create_app
from tests.factories import CHEAP
from tests.services import Services
from tests.web.conftest import limited

__all__ = ["limited"]
AppOf = Callable[..., Flask]


@pytest.fixture
def app_of(app: Flask, services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppOf]:
    """Makes an application on the same services with settings of its own.

    Text comes from the environment, as an operator gives it; anything else is put in its place.
    """

    def make(**settings: Any) -> Flask:
        words = {name: value for name, value in settings.items() if isinstance(value, str)}
        for name, value in words.items():
            monkeypatch.setenv(name, value)
        return create_app(
            {
                **services.settings,
                "PORTAL_INSTANCE": app.config["INSTANCE_DIR"],
                "UPLOAD_DIR": app.config["UPLOAD_DIR"],
                "SECRET_KEY": app.config["SECRET_KEY"],
                "RATELIMIT_ENABLED": False,
                "CHALLENGE": False,
                "SECOND_FACTOR_STAFF": "off",
                **CHEAP,
                "TESTING": True,
                "RQ_ASYNC": True,
                **{name: value for name, value in settings.items() if name not in words},
            }
        )

    yield make
    limiter.enabled = False
