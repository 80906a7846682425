"""Walks every route as a stranger; test_rights walks them as every role."""

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing.converters import AnyConverter, IntegerConverter

from portal.auth.gate import PUBLIC, roles_for
from tests.pages import Visitor, alone

NUMBER = "SQ20260302-000001"


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every endpoint with an address and a method; a route that takes both is walked with both."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                _, address = rule.build(dummies(rule), append_unknown=False) or ("", "")
                found.append((rule.endpoint, address, method))
    return sorted(found)


def dummies(rule: Rule) -> dict[str, object]:
    """A value for each argument of a rule."""
    values: dict[str, object] = dict(rule.defaults or {})
    for name, converter in rule._converters.items():
        if isinstance(converter, AnyConverter):
            values[name] = sorted(converter.items)[0]
        elif isinstance(converter, IntegerConverter):
            values[name] = 1
        else:
            values[name] = NUMBER
    return values


def answer(visit: Visitor, who: str | None, method: str, address: str) -> tuple[int, str]:
    """Status and Location, with a valid token on a POST."""
    client = visit.client(who)
    if method == "GET":
        response = alone(client.get, address)
    else:
        response = alone(client.post, address, data={"csrf_token": token(visit, who)})
    return response.status_code, response.headers.get("Location", "")


def token(visit: Visitor, who: str | None) -> str:
    """The anti-forgery token of the person's session."""
    page = visit.get(who, "/query")
    field = page.soup.select_one("main input[name=csrf_token]")
    assert field is not None
    return str(field["value"])


def test_every_endpoint_is_public_or_named(app: Flask) -> None:
    unknown = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in PUBLIC and not roles_for(rule.endpoint)
    ]
    assert unknown == []


def test_every_public_endpoint_exists(app: Flask) -> None:
    assert set(app.view_functions) >= PUBLIC


def test_a_stranger_reaches_the_public_pages_only(app: Flask, visit: Visitor) -> None:
    wrong = []
    for endpoint, address, method in routes(app):
        status, location = answer(visit, None, method, address)
        sent_away = status == 303 and location.startswith("/sign-in")
        if sent_away == (endpoint in PUBLIC) or status == 500:
            wrong.append((endpoint, method, status))
    assert wrong == []


def test_a_form_without_a_token_is_refused(visit: Visitor) -> None:
    for address in ("/sign-in", "/register", "/query", "/care", "/password", "/admin/regions/new"):
        assert visit.post("admin" if address == "/password" else None, address, {}).status == 400
