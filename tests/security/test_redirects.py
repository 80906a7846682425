"""Nothing leads elsewhere, no planted session is taken over, nothing else is served."""

from contextvars import Context

import pytest

from tests.factories import PASSWORD
from tests.pages import Visitor
from tests.web.test_gate import token

ELSEWHERE = (
    "//evil.example/a",
    "///evil.example",
    "https://evil.example",
    "https:evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "javascript:alert(1)",
    "http://localhost@evil.example/",
    ".evil.example",
    "/a\r\nX-Evil: 1",
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_nothing_leads_elsewhere(visit: Visitor, address: str) -> None:
    """Where `next` or the page before says where to go on."""
    sign_in = visit.get(None, "/sign-in")
    answer = sign_in.submit("/sign-in", username="cadre2", password=PASSWORD, next=address)
    answers = [answer]
    mine = token(visit, "supervisor")
    for path, data in (("/care", {"care": "0"}), ("/language", {"language": "zh_CN"})):
        form = {"csrf_token": mine, "next": address, **data}
        answers.append(visit.post("supervisor", path, form))
    for one in answers:
        assert one.status == 303
        assert one.location.startswith("/") and not one.location.startswith(("//", "/\\"))
        assert "X-Evil" not in one.response.headers
    client = visit.client("supervisor")
    if address.isprintable():
        form = {"csrf_token": mine, "format": "none"}
        sent = Context().run(
            client.post, "/exports/search", data=form, headers={"Referer": address}
        )
        assert sent.location is not None and "evil" not in sent.location


def test_the_page_before_is_ours_only_as_a_whole(visit: Visitor) -> None:
    form = {"csrf_token": token(visit, "supervisor"), "format": "none"}
    for referrer, wanted in (
        ("http://localhost/search?q=a", "/search?q=a"),
        ("http://localhost.evil.example/", "/exports/"),
        ("http://localhost:80@evil.example/", "/exports/"),
    ):
        answer = Context().run(
            visit.client("supervisor").post,
            "/exports/search",
            data=form,
            headers={"Referer": referrer},
        )
        assert answer.location is not None and answer.location.endswith(wanted)


def test_a_session_that_was_planted_is_not_taken_over(visit: Visitor) -> None:
    """Fixation: what an attacker put into a browser before the sign-in opens nothing after it."""
    planted = visit.client(None)
    before = visit.get(None, "/sign-in")
    cookie = planted.get_cookie("suqiutong")
    assert cookie is not None
    victim = visit.app.test_client()
    victim.set_cookie("suqiutong", cookie.value)
    field = before.form("/sign-in").select_one("[name=csrf_token]")
    assert field is not None
    data = {"csrf_token": field["value"], "username": "cadre", "password": PASSWORD}
    assert Context().run(victim.post, "/sign-in", data=data).status_code == 303
    assert Context().run(victim.get, "/desk").status_code == 200
    assert visit.get(None, "/desk").location.startswith("/sign-in")  # the attacker's copy
    answer = Context().run(victim.post, "/inbox/read", data={"csrf_token": field["value"]})
    assert answer.status_code == 400  # the token of before is worth nothing either


def test_nothing_but_our_own_files_is_served(visit: Visitor) -> None:
    for path in (
        "/static/",
        "/static/icons/",
        "/static/../portal/config.py",
        "/static/..%2f..%2fetc/passwd",
        "/static//etc/passwd",
        "/static/%2e%2e/.git/config",
        "/.git/config",
        "/.env",
        "/instance/secret_key",
        "/templates/base.html",
        "/openapi.json",
        "/metrics",
        "/console",
    ):
        answer = Context().run(visit.client(None).get, path, follow_redirects=True)
        assert answer.status_code == 404, path
