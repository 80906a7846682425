"""The description of the addresses holds: schemathesis finds no status that it does not name."""

import json
from contextvars import Context
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case
from schemathesis.core.result import Ok
from werkzeug.test import TestResponse

from portal.auth.gate import PUBLIC, roles_for
from portal.auth.roles import ACCOUNT_ROLES
from portal.openapi.document import document
from tests.factories import Town
from tests.pages import Visitor
from tests.service.versions import restored
from tests.web.conftest import seeded_categories
from tests.web.objects import WHO
from tests.web.test_gate import token

__all__ = ["restored", "seeded_categories"]
EXAMPLES = 1  # of each address and method: some 300 of these
SELDOM = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_description_is_the_same_each_time_and_names_every_route(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["openapi"])
    told = json.loads(result.output)
    assert told == json.loads(app.test_cli_runner().invoke(args=["openapi"]).output)
    named = {
        one["operationId"].rsplit(".", 1)[0]
        for path in told["paths"].values()
        for one in path.values()
    }
    assert named == {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"}
    text = told["paths"]["/tickets/{number}/comment"]["post"]["requestBody"]["content"]
    assert text["multipart/form-data"]["schema"]["properties"]["text"]["maxLength"] == 4000


@pytest.mark.usefixtures("seeded_categories")
def test_no_address_answers_what_its_description_does_not_name(
    app: Flask, visit: Visitor, restored: Town
) -> None:
    described = document(app)
    schema = schemathesis.openapi.from_dict(described)
    wrong: list[tuple[str, int, Any]] = []
    tokens = {who: token(visit, who) for who in (None, *WHO.values())}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        endpoint = operation.definition.raw["operationId"].rsplit(".", 1)[0]
        if endpoint in ("auth.sign_out", "auth.change_password", "account.end_others"):
            continue
        roles = [role for role in ACCOUNT_ROLES if role in roles_for(endpoint)]
        who = None if endpoint in PUBLIC else WHO[roles[0]]
        named = set(operation.definition.raw["responses"])

        _check(operation.as_strategy(), visit, who, named, tokens[who], wrong)
    assert wrong == []


def _check(
    cases: SearchStrategy[Case],
    visit: Visitor,
    who: str | None,
    named: set[str],
    mine: str,
    wrong: list[tuple[str, int, Any]],
) -> None:
    @SELDOM
    @given(case=cases)
    def check(case: Case) -> None:
        answer = _send(visit, who, case, mine)
        if str(answer.status_code) not in named:
            wrong.append((f"{case.method} {case.formatted_path}", answer.status_code, case.body))

    check()


def _send(visit: Visitor, who: str | None, case: Case, mine: str) -> TestResponse:
    """Sends a case as its description says, with a token that is right."""
    data = {**case.body, "csrf_token": mine} if isinstance(case.body, dict) else None
    if data is not None:
        data = {name: value for name, value in data.items() if isinstance(value, str)}
        data = {n: v.encode("utf-8", "surrogatepass") for n, v in data.items()}
    client = visit.client(who)
    return Context().run(
        client.open, case.formatted_path, method=case.method, data=data, buffered=True
    )
