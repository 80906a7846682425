"""Sign-in by a unified identity against a real small provider: what works, and what is refused."""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from flask import Flask
from pyotp.totp import TOTP
from sqlalchemy import select, update

from portal.auth import oidc
from portal.auth.factor_models import SignOnAttempt
from portal.auth.models import User
from portal.db import transaction, utcnow
from portal.extensions import db
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Visitor
from tests.provider import CLIENT, Provider
from tests.web.signing_on import answer_of, linked, provider, refused, server, sign_on, unified
from tests.web.test_factor import enrolled

__all__ = ["provider", "server", "unified"]


def test_a_linked_identity_signs_in_and_goes_on(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    linked(town, "cadre", provider)
    page = unified.get(None, "/sign-in?next=/inbox")
    way = page.soup.select_one('a[href^="/sign-in/unified"]')
    assert way is not None
    done = sign_on(unified, None, str(way["href"]))
    assert (done.status, done.location) == (303, "/inbox")
    assert unified.get(None, "/inbox").status == 200
    [asked] = provider.asked
    assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "openid")
    token = unified.get(None, "/inbox").soup.select_one("input[name=csrf_token]")
    assert token is not None
    unified.post(None, "/sign-out", {"csrf_token": str(token["value"])})
    assert unified.get(None, "/inbox").location.startswith("/sign-in")


def test_the_way_back_leads_nowhere_else(unified: Visitor, town: Town, provider: Provider) -> None:
    linked(town, "cadre", provider)
    assert sign_on(unified, None, "/sign-in/unified?next=//elsewhere.example").location == "/desk"


def test_an_unknown_identity_gets_a_page_and_no_account(
    unified: Visitor, provider: Provider
) -> None:
    before = len(db.session.scalars(select(User.id)).all())
    page = sign_on(unified)
    assert (page.status, page.title) == (403, "还没有关联账号")
    db.session.expire_all()
    assert len(db.session.scalars(select(User.id)).all()) == before
    assert unified.get(None, "/inbox").location.startswith("/sign-in")


def test_a_stopped_account_is_not_opened(unified: Visitor, town: Town, provider: Provider) -> None:
    linked(town, "cadre", provider)
    with transaction():
        db.session.get_one(User, town.cadre.id).active = False
    assert sign_on(unified).status == 403


def test_the_second_factor_is_asked_for_as_well(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    linked(town, "cadre", provider)
    secret, _codes = enrolled(town, "cadre")
    assert sign_on(unified).location == "/sign-in/code"
    assert unified.get(None, "/desk").location.startswith("/sign-in")
    page = unified.get(None, "/sign-in/code").submit(code=TOTP(secret).now())
    assert page.location == "/desk"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": [CLIENT, "another-client"]},
        {"azp": "another-client"},
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"iat": int(time.time()) + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
    ],
    ids=["iss", "aud", "two", "azp", "late", "endless", "early", "nonce", "no nonce", "nobody"],
)
def test_a_wrong_claim_is_refused(
    unified: Visitor, town: Town, provider: Provider, claims: dict[str, Any]
) -> None:
    linked(town, "cadre", provider)
    provider.claims = claims
    assert refused(sign_on(unified))
    assert unified.get(None, "/desk").location.startswith("/sign-in")


def test_an_altered_or_foreign_signature_is_refused(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    linked(town, "cadre", provider, "somebody-else")
    provider.alter = True
    assert refused(sign_on(unified))
    provider.reset()
    provider.key, provider.subject = provider.other_key, "somebody-else"
    assert refused(sign_on(unified))


def test_an_unsigned_token_is_refused(unified: Visitor, town: Town, provider: Provider) -> None:
    linked(town, "cadre", provider)
    provider.id_token = lambda nonce: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaXRpemVuLTEifQ."
    try:
        assert refused(sign_on(unified))
    finally:
        del provider.id_token


def test_an_answer_counts_once(unified: Visitor, town: Town, provider: Provider) -> None:
    """A replayed state, code and nonce: also when the cookie of before is put back."""
    linked(town, "cadre", provider)
    start = unified.get(None, "/sign-in/unified")
    with unified.client(None).session_transaction() as session:
        kept = dict(session)
    back = answer_of(start)
    assert unified.get(None, back).status == 303
    other = Visitor(unified.app, town)
    with other.client(None).session_transaction() as session:
        session.update(kept)
    assert refused(other.get(None, back))


def test_the_state_of_another_browser_is_refused(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    """Nobody is signed in to somebody else's account by a link."""
    linked(town, "cadre", provider)
    back = answer_of(unified.get(None, "/sign-in/unified"))
    victim = Visitor(unified.app, town)
    victim.get(None, "/sign-in/unified")
    assert refused(victim.get(None, back))
    assert refused(Visitor(unified.app, town).get(None, back))
    assert victim.get(None, "/desk").location.startswith("/sign-in")


def test_an_old_attempt_is_refused(unified: Visitor, town: Town, provider: Provider) -> None:
    linked(town, "cadre", provider)
    back = answer_of(unified.get(None, "/sign-in/unified"))
    with transaction() as session:
        session.execute(update(SignOnAttempt).values(began_at=utcnow() - timedelta(minutes=10)))
    assert refused(unified.get(None, back))


def test_without_pkce_nothing_goes(unified: Visitor, town: Town, provider: Provider) -> None:
    linked(town, "cadre", provider)
    start = unified.get(None, "/sign-in/unified")
    asked = {key: values[0] for key, values in parse_qs(urlsplit(start.location).query).items()}
    for spoiled in ({"code_challenge": "another"}, {"code_challenge_method": "plain"}):
        start = unified.get(None, "/sign-in/unified")
        own = {k: v[0] for k, v in parse_qs(urlsplit(start.location).query).items()}
        back = httpx.get(f"{provider.issuer}/authorize?{urlencode({**own, **spoiled})}")
        parts = urlsplit(back.headers["Location"])
        assert refused(unified.get(None, f"{parts.path}?{parts.query}"))
    assert asked["code_challenge"]
    provider.metadata = {"code_challenge_methods_supported": ["plain"]}
    oidc.CACHE = oidc.Cache()
    assert refused(unified.get(None, "/sign-in/unified"))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_wrong_description_of_the_provider_is_refused(
    unified: Visitor, provider: Provider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    assert refused(unified.get(None, "/sign-in/unified"))


def test_a_provider_that_is_away_is_said_so(app: Flask, town: Town) -> None:
    settings = {"OIDC_ISSUER": "http://127.0.0.1:9", "OIDC_CLIENT_ID": CLIENT}
    away = Visitor(create_app({**app.config, **settings}), town)
    page = away.get(None, "/sign-in/unified")
    assert (page.status, "暂时没有响应" in page.words) == (502, True)


def test_who_cancels_there_is_told_so(unified: Visitor, provider: Provider) -> None:
    start = unified.get(None, "/sign-in/unified")
    [state] = parse_qs(urlsplit(start.location).query)["state"]
    page = unified.get(None, f"/sign-in/unified/back?error=access_denied&state={state}")
    assert refused(page) and "没有在统一身份认证完成登录" in page.words


def test_without_the_setting_there_is_no_way(visit: Visitor) -> None:
    assert visit.get(None, "/sign-in/unified").status == 404
    assert visit.get(None, "/sign-in/unified/back?code=1&state=2").status == 404
    assert visit.get(None, "/sign-in").soup.select_one('a[href^="/sign-in/unified"]') is None
