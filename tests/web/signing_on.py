"""What the tests of the unified identity share: a provider, pages that know it, there and back."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from flask import Flask

from portal.auth import identities, oidc
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.provider import CLIENT, SECRET, Provider, running


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    """One provider for all tests."""
    with running() as provider:
        yield provider


@pytest.fixture
def provider(server: Provider) -> Provider:
    """An honest one; nothing it said before is remembered."""
    server.reset()
    oidc.CACHE = oidc.Cache()
    return server


@pytest.fixture
def unified(app: Flask, town: Town, provider: Provider) -> Visitor:
    """Pages of a city with a unified identity."""
    settings = {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
    }
    return Visitor(create_app({**app.config, **settings}), town)


def linked(town: Town, who: str, provider: Provider, subject: str = "citizen-1") -> None:
    user_id = town.people[who].id or 0
    with transaction():
        identities.link(Editor(user_id, utcnow()), user_id, provider.issuer, subject)


def answer_of(page: Page) -> str:
    """Follows the browser to the provider: the address it is sent back to, as ours."""
    assert page.status == 302, page.words
    back = httpx.get(page.location).headers["Location"]
    parts = urlsplit(back)
    return f"{parts.path}?{parts.query}"


def sign_on(visit: Visitor, who: str | None = None, address: str = "/sign-in/unified") -> Page:
    """There and back."""
    return visit.get(who, answer_of(visit.get(who, address)))


def refused(page: Page) -> bool:
    return page.status in (422, 502) and page.title == "没有登录成功"
