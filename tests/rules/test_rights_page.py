"""docs/rights.md is what the tables that decide make of it."""

from pathlib import Path

from flask import Flask

from portal.auth import rights_page
from portal.auth.gate import roles_for
from portal.auth.roles import ACCOUNT_ROLES
from portal.tickets.doors import ENDPOINTS
from portal.tickets.policy import ROLE_ACTIONS

WRITTEN = Path(__file__).parents[2] / "docs" / "rights.md"


def test_the_page_is_made_of_the_tables(app: Flask) -> None:
    answer = app.test_cli_runner().invoke(args=["rights", "show"])
    again = "flask --app wsgi rights show --write docs/rights.md"
    assert answer.output == WRITTEN.read_text(encoding="utf-8"), again


def test_every_route_and_every_action_stands_in_it(app: Flask) -> None:
    text = rights_page.page(app)
    doors = set(ENDPOINTS.values())
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in doors:
            assert f"| `{rule.rule}` |".replace("|", "\\|")[2:-2] in text, rule.rule
    for action, endpoint in ENDPOINTS.items():
        assert f"\n| {action} | " in text
        assert roles_for(endpoint) == {one for one in ACCOUNT_ROLES if action in ROLE_ACTIONS[one]}
