"""What every answer tells a browser to refuse, whatever kind of answer it is."""

import re
from contextvars import Context

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.pages import Visitor
from tests.security.conftest import AppOf
from tests.web.test_gate import token

ANSWERS = [
    (None, "GET", "/", 200),
    (None, "GET", "/no-such-page", 404),
    (None, "POST", "/desk", 405),
    (None, "POST", "/sign-in", 400),
    (None, "GET", "/tickets", 303),
    (None, "GET", "/open", 200),
    (None, "GET", "/health", 503),
    (None, "GET", "/static/app.css", 200),
    ("admin", "GET", "/desk", 403),
    ("firm", "GET", "/tickets", 200),
    ("supervisor", "GET", "/figures/board", 200),
]


def _send(visit: Visitor, who: str | None, method: str, address: str) -> TestResponse:
    return Context().run(visit.client(who).open, address, method=method)


@pytest.mark.parametrize(("who", "method", "address", "status"), ANSWERS)
def test_every_answer_carries_the_headers(
    visit: Visitor, who: str | None, method: str, address: str, status: int
) -> None:
    answer = _send(visit, who, method, address)
    assert answer.status_code == status
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    assert "Access-Control-Allow-Origin" not in headers
    assert "Strict-Transport-Security" not in headers  # not without TLS
    if answer.mimetype == "text/html":
        assert "object-src 'none'" in policy and "form-action 'self'" in policy
    elif not address.startswith("/static"):
        assert policy.endswith("sandbox")


def test_what_is_read_signed_in_is_kept_nowhere(visit: Visitor) -> None:
    for who, address in (("firm", "/tickets"), ("cadre", "/desk"), ("firm", "/inbox")):
        assert _send(visit, who, "GET", address).headers["Cache-Control"] == "no-store"


def test_a_download_is_an_attachment_that_nobody_keeps(visit: Visitor) -> None:
    form = {"csrf_token": token(visit, "supervisor"), "format": "csv"}
    answer = visit.post("supervisor", "/exports/search", form).response
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")


def test_the_nonce_is_the_page_s_own_and_new_each_time(visit: Visitor) -> None:
    seen = set()
    for address in ("/figures/board", "/figures/board", "/nothing"):
        page = visit.get("supervisor", address)
        policy = page.response.headers["Content-Security-Policy"]
        nonces = set(re.findall(r"'nonce-([\w-]+)'", policy))
        assert len(nonces) == 1
        tags = page.soup.select("script[src], link[rel=stylesheet], style")
        assert tags and {str(tag.get("nonce")) for tag in tags} == nonces
        seen |= nonces
    assert len(seen) == 3


def test_with_https_cookies_are_bound_to_this_host_and_tls(app_of: AppOf) -> None:
    client = app_of(PORTAL_HTTPS="1").test_client()
    answer = client.get("/sign-in", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    token = re.search(r'name="csrf_token" value="([^"]+)"', answer.text)
    assert token is not None
    form = {"csrf_token": token[1], "care": "1"}
    kept = client.post(
        "/care", data=form, base_url="https://localhost", headers={"Referer": "https://localhost/"}
    )
    assert kept.status_code == 303
    cookies = [*answer.headers.getlist("Set-Cookie"), *kept.headers.getlist("Set-Cookie")]
    assert {cookie.split("=")[0] for cookie in cookies} == {"__Host-suqiutong", "__Host-care"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    again = client.get("/", base_url="https://localhost")
    assert 'class="care"' in again.text


def test_a_form_may_lead_to_the_city_s_sign_on_and_nowhere_else(app_of: AppOf) -> None:
    """The proof before linking an identity is a form that ends there, by two redirects."""
    told = {"OIDC_ISSUER": "https://id.example.gov.cn/realm", "OIDC_CLIENT_ID": "suqiutong"}
    answer = app_of(OIDC_CLIENT_SECRET="s", **told).test_client().get("/sign-in")
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https://id.example.gov.cn;" in policy


def test_only_our_own_names_are_answered(app_of: AppOf) -> None:
    client = app_of(TRUSTED_HOSTS="suqiutong.gov.cn, .example.gov.cn").test_client()
    for host in ("suqiutong.gov.cn", "suqiutong.gov.cn:8443", "a.example.gov.cn", "127.0.0.1:80"):
        assert client.get("/", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "suqiutong.gov.cn.evil.example", "suqiutong.gov.cn@evil.example"):
        answer = client.get("/sign-in", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "evil" not in answer.text and answer.mimetype == "text/plain"


def test_errors_say_nothing_of_the_inside_to_people_and_programs(app: Flask) -> None:
    client = app.test_client()
    for method, address, status in (
        ("GET", "/nothing", 404),
        ("POST", "/desk", 405),
        ("POST", "/query", 400),
        ("GET", "/open?year=1999", 404),
    ):
        page = client.open(address, method=method, headers={"Accept": "text/html"})
        told = client.open(address, method=method, headers={"Accept": "application/json"})
        assert page.status_code == told.status_code == status
        assert page.mimetype == "text/html" and told.mimetype == "application/json"
        assert set(told.get_json()) == {"status", "error", "message"}
        for answer in (page, told):
            for inside in ("Traceback", "werkzeug", "sqlalchemy", "psycopg", "portal."):
                assert inside not in answer.text
    assert "GET" in client.post("/desk").headers["Allow"]
    assert "Server" not in client.get("/").headers


def test_what_fails_inside_is_a_page_and_nothing_more(app_of: AppOf) -> None:
    """An error of the program itself, at an address of its own: no trace of it goes out."""
    failing = app_of(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    failing.add_url_rule("/static/broken", "static.broken", _broken)
    failing.view_functions["home.index"] = _broken
    client = failing.test_client()
    for accept in ("text/html", "application/json"):
        answer = client.get("/", headers={"Accept": accept})
        assert answer.status_code == 500
        assert "geheim" not in answer.text and "Traceback" not in answer.text


def _broken() -> str:
    raise RuntimeError("geheim: the inside of the program")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_without_files_is_not_read_beyond_a_megabyte(visit: Visitor, kind: str) -> None:
    """Werkzeug 3.1.9 bounds plain forms no more; a stranger sends no files at all."""
    big = {"username": "a" * 1_100_000}
    answer = Context().run(visit.client(None).post, "/sign-in", data=big, content_type=kind)
    assert answer.status_code == 413
    assert "文件太大" in answer.text
