"""No form is taken without the token of the sender's own session, on any route."""

from contextvars import Context

from flask import Flask

from portal.auth.gate import PUBLIC, roles_for
from portal.auth.roles import ACCOUNT_ROLES
from tests.pages import Visitor
from tests.web.objects import WHO
from tests.web.test_gate import routes, token


def test_no_route_takes_a_form_without_a_token_or_with_a_stranger_s(
    app: Flask, visit: Visitor
) -> None:
    taken = []
    foreign = token(visit, "leader")
    for endpoint, address, method in routes(app):
        if method != "POST":
            continue
        roles = [role for role in ACCOUNT_ROLES if role in roles_for(endpoint)]
        who = None if endpoint in PUBLIC else WHO[roles[0]]
        client = visit.client(who)
        for data in ({}, {"csrf_token": foreign}, {"csrf_token": "x"}):
            status = Context().run(client.post, address, data=data).status_code
            if status != 400:
                taken.append((endpoint, data, status))
    assert taken == []


def test_the_token_may_come_as_a_header_but_not_in_the_address(visit: Visitor) -> None:
    own = token(visit, "firm")
    client = visit.client("firm")
    send = Context().run
    assert send(client.post, "/inbox/read", headers={"X-CSRFToken": own}).status_code == 303
    assert send(client.post, f"/inbox/read?csrf_token={own}").status_code == 400


def test_nothing_is_changed_by_opening_an_address(app: Flask, visit: Visitor) -> None:
    """HEAD and GET are the same page; OPTIONS names methods and does nothing more; no TRACE."""
    client = visit.client("firm")
    for address in ("/inbox/read", "/sign-out", "/tickets/new/discard", "/care"):
        for method in ("GET", "HEAD", "PUT", "DELETE", "TRACE"):
            assert Context().run(client.open, address, method=method).status_code == 405, address
    assert visit.get("firm", "/tickets").status == 200
