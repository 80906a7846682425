"""Pages of an application that limits how often a thing is tried."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.extensions import limiter
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Visitor


@pytest.fixture
def limited(app: Flask, town: Town) -> Iterator[Visitor]:
    """Pages of an application with rate limits, counted from zero."""
    strict = create_app({**app.config, "RATELIMIT_ENABLED": True})
    limiter.reset()
    yield Visitor(strict, town)
    limiter.reset()
    limiter.enabled = False
