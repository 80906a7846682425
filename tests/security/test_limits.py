"""Limits by account and by address; whose address counts; what is said and kept at 429."""

from contextvars import Context

from flask import Flask, request

from portal.limits import RULES
from tests.pages import Visitor
from tests.security.conftest import AppOf


def test_at_the_limit_the_words_are_kept_and_the_wait_is_said(limited: Visitor) -> None:
    page = limited.get(None, "/register")
    words = {"name": "聊城试航精密机械有限公司", "contact_name": "钱厂长"}
    secret = {"password": "jingmi-jixie-88", "password2": "jingmi-jixie-88"}
    for _turn in range(10):
        assert page.submit("/register", **words, **secret).status == 422
    answer = page.submit("/register", **words, **secret)
    assert answer.status == 429
    assert 1 <= int(answer.response.headers["Retry-After"]) <= 61
    assert "再试一次" in answer.text and "钱厂长" in answer.text
    assert "聊城试航精密机械有限公司" in answer.text
    assert "jingmi-jixie-88" not in answer.text
    field = answer.form("/register?").select_one("[name=csrf_token]")
    assert field is not None
    told = Context().run(
        limited.client(None).post,
        "/register",
        data={"csrf_token": field["value"]},
        headers={"Accept": "application/json"},
    )
    assert told.status_code == 429 and told.get_json()["error"] == "Too Many Requests"


def test_a_query_code_is_not_guessed_from_many_addresses(limited: Visitor) -> None:
    page = limited.get(None, "/query")
    statuses = []
    for turn in range(32):
        client = limited.client(None)
        form = page.form("/query").select_one("[name=csrf_token]")
        assert form is not None
        data = {"csrf_token": form["value"], "number": "sq20260302-000001", "query_code": "A"}
        answer = Context().run(
            client.post, "/query", data=data, environ_overrides={"REMOTE_ADDR": f"10.0.0.{turn}"}
        )
        statuses.append(answer.status_code)
    assert statuses == [422] * 30 + [429] * 2


def test_searching_without_end_is_stopped_for_that_person_only(limited: Visitor) -> None:
    statuses = [limited.get("cadre", "/search?q=贷款").status for _ in range(61)]
    assert statuses == [200] * 60 + [429]
    assert limited.get("supervisor", "/search?q=贷款").status == 200


def test_every_rule_names_pages_that_exist(app: Flask) -> None:
    named = {endpoint for rule in RULES for endpoint in rule.endpoints}
    assert named <= set(app.view_functions)


def _seen(app: Flask, **headers: str) -> str | None:
    seen: list[str | None] = []
    app.before_request_funcs.setdefault(None, []).insert(
        0, lambda: seen.append(f"{request.remote_addr} {request.scheme} {request.host}")
    )
    app.test_client().get("/static/app.css", headers=headers)
    return seen[0]


def test_without_a_trusted_proxy_nobody_names_an_address(app_of: AppOf) -> None:
    told = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Real-IP": "1.2.3.4"}
    told |= {"X-Forwarded-Host": "evil.example", "Forwarded": "for=1.2.3.4"}
    assert _seen(app_of(), **told) == "127.0.0.1 http localhost"


def test_only_as_many_hops_are_believed_as_are_trusted(app_of: AppOf) -> None:
    told = {"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.9", "X-Forwarded-Proto": "https"}
    assert _seen(app_of(TRUSTED_PROXIES="1"), **told) == "10.0.0.9 https localhost"
    assert _seen(app_of(TRUSTED_PROXIES="2"), **told) == "1.2.3.4 http localhost"


def test_a_made_up_address_does_not_escape_the_limit(app_of: AppOf, town: object) -> None:
    """One proxy is trusted: what a client writes in front of what the proxy adds is not read."""
    site = app_of(TRUSTED_PROXIES="1", RATELIMIT_ENABLED=True)
    visit = Visitor(site, town)  # pyright: ignore[reportArgumentType]
    page = visit.get(None, "/query")
    field = page.form("/query").select_one("[name=csrf_token]")
    assert field is not None
    statuses = []
    for turn in range(11):
        answer = Context().run(
            visit.client(None).post,
            "/query",
            data={"csrf_token": field["value"], "number": f"SQ{turn}", "query_code": "A"},
            headers={"X-Forwarded-For": f"6.6.6.{turn}, 203.0.113.7"},
        )
        statuses.append(answer.status_code)
    assert statuses == [422] * 10 + [429]
