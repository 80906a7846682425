"""A crawl as each role: every link followed, every form sent with what an attacker would write."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from portal.auth.models import User
from portal.extensions import db
from portal.tickets.models import Ticket
from tests.pages import Visitor
from tests.security.attacking import ROLES, Form, Survey, ends, send, stage, survey
from tests.web.test_gate import token

Surveys = dict[str | None, Survey]
# All in one, so that each field is asked twice only: script, template, SQL; path, header, scheme.
TYPED = "zq\"'><script>alert(1)</script>{{7*7}}${7*7}' OR '1'='1'; SELECT pg_sleep(9)--"
PAYLOADS = (TYPED, "../../../../etc/passwd\x00\r\nX-Evil: 1\r\n\r\njavascript:alert(1)//zq")
ALLOWED = {200, 303, 400, 403, 404, 409, 413, 422}
INSIDE = ("Traceback", "sqlalchemy.", "psycopg.", "jinja2.", "root:x:0", "werkzeug.")
MORE = (
    *(("role", "admin"), ("enterprise_id", "2"), ("department_id", "2"), ("status", "closed")),
    *(("sealed", "y"), ("active", ""), ("must_change_password", ""), ("user_id", "1")),
    *(("assignee_id", "1"), ("outcome", "solved"), ("password_hash", "x"), ("accepted_at", "")),
)


@pytest.fixture(scope="module")
def visit(app: Flask, broom: psycopg.Connection, owner: Engine) -> Iterator[Visitor]:
    """The pages of a played town."""
    with stage(app, broom, owner) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def surveys(visit: Visitor) -> Surveys:
    """What each role comes by."""
    found = {who: survey(visit, who) for who in ROLES}
    assert sum(len(one.pages) for one in found.values()) > 90
    assert sum(len(one.forms) for one in found.values()) > 80
    return found


def _faults(answer: str, where: tuple[object, ...]) -> list[tuple[object, ...]]:
    """What a page should not hold: a script that was typed, a sum that was done, our inside."""
    seen = [one for one in ("<script>alert(1)", *INSIDE) if one in answer]
    if re.search(r"script&gt;.{0,9}\b49\b", answer):
        seen.append("49")
    return [(*where, one) for one in seen]


def _lines(found: list[tuple[object, ...]]) -> str:
    return "\n".join(str(one) for one in found[:60])


def _asked(found: Survey) -> dict[str, list[str]]:
    """The arguments that each address is asked with, in forms and in links."""
    asked: dict[str, list[str]] = {}
    for form in found.forms.values():
        if form.method == "GET":
            asked.setdefault(form.action.split("?")[0], []).extend(n for n, _ in form.values)
    for link in found.links:
        path, _, query = link.partition("?")
        names = [part.split("=")[0] for part in query.split("&") if part]
        asked.setdefault(path, []).extend(names)
    return {path: list(dict.fromkeys(names)) for path, names in asked.items() if names}


def test_what_is_asked_for_comes_back_as_text_or_not_at_all(
    visit: Visitor, surveys: Surveys
) -> None:
    faults: list[tuple[object, ...]] = []
    for who, found in surveys.items():
        client = visit.client(who)
        for place, (path, names) in enumerate(sorted(_asked(found).items())):
            for payload in PAYLOADS[place % 2 :][:1]:
                answer = send(client, "GET", path, [(name, payload) for name in names])
                where = (who, path, payload[:3])
                if answer.status_code not in ALLOWED:
                    faults.append((*where, answer.status_code))
                if "X-Evil" in answer.headers or "evil" in answer.headers.get("Location", ""):
                    faults.append((*where, "header"))
                if answer.mimetype == "text/html":
                    faults += _faults(answer.text, where)
    assert not faults, _lines(faults)


def test_fields_that_a_form_does_not_have_change_nobody_s_rights(
    visit: Visitor, surveys: Surveys, app: Flask
) -> None:
    """Mass assignment: each form of each role as it stands, and a dozen fields more."""
    before, firms = _rights(app), _firms(app)
    wrong: list[tuple[object, ...]] = []
    for who, found in surveys.items():
        if who == "admin":
            continue  # may change accounts by right
        mine = token(visit, who)
        for form in found.forms.values():
            if form.method != "POST" or ends(form):
                continue
            own = {name for name, _ in form.values}
            more = [(name, value) for name, value in MORE if name not in own]
            pairs = [(n, mine if n == "csrf_token" else v) for n, v in form.values]
            answer = send(visit.client(who), "POST", form.action, [*pairs, *more])
            if answer.status_code not in ALLOWED:
                wrong.append((who, form.action, answer.status_code))
    assert not wrong, _lines(wrong)
    assert _rights(app) == before
    assert firms <= _firms(app)


def _rights(app: Flask) -> list[tuple[object, ...]]:
    query = select(
        *(User.id, User.role, User.enterprise_id, User.department_id, User.active),
        *(User.password_hash, User.must_change_password),
    )
    with app.app_context():
        return [tuple(row) for row in db.session.execute(query.order_by(User.id))]


def _firms(app: Flask) -> set[tuple[object, ...]]:
    with app.app_context():
        return {tuple(row) for row in db.session.execute(select(Ticket.id, Ticket.enterprise_id))}


def test_what_is_typed_is_refused_or_kept_and_shown_as_text(
    visit: Visitor, surveys: Surveys
) -> None:
    """Each form with the payload in every field: no 500, nothing run, the words kept at 422."""
    faults: list[tuple[object, ...]] = []
    for who, found in surveys.items():
        mine = token(visit, who)
        for form in found.forms.values():
            if form.method != "POST" or ends(form):
                continue
            answer = send(visit.client(who), "POST", form.action, _filled(form, TYPED, mine))
            where = (who, form.action)
            if answer.status_code not in ALLOWED:
                faults.append((*where, answer.status_code))
            if answer.mimetype == "text/html":
                faults += _faults(answer.text, where)
            if answer.status_code == 422:
                there = [name for name in form.typed if f'name="{name}"' in answer.text]
                missing = len(there) - answer.text.lower().count("pg_sleep")
                faults += [(*where, f"{missing} not kept")] if missing > 0 else []
    for who, found in surveys.items():  # what was kept is shown to each
        for address in list(found.pages)[:12]:
            answer = visit.get(who, address)
            faults += _faults(answer.text, (who, address, "later"))
    assert not faults, _lines(faults)


def _filled(form: Form, payload: str, mine: str) -> list[tuple[str, str]]:
    kept = {"csrf_token": mine, "version": "", "key": "k"}
    return [(name, kept.get(name, payload)) for name, _ in form.values]


TEXTS = st.one_of(
    st.text(st.characters(), max_size=40),
    st.sampled_from(
        ("\x00", "\ud800", "\udfff\ud800", "\u202e文\u2066", "9" * 30, "-1", "１２", "²", "1e400")
    ),
    st.sampled_from(("0000-00-00", "9999-12-31", "10000-01-01", "2026-02-30", "-1-1-1", "NaN")),
    st.just("字" * 20_000),
)


def test_any_text_in_any_field_is_never_a_fault_of_ours(visit: Visitor, surveys: Surveys) -> None:
    tokens = {who: token(visit, who) for who in surveys}
    forms = [one for found in surveys.values() for one in found.forms.values() if not ends(one)]
    wrong: list[tuple[object, ...]] = []

    @settings(
        max_examples=2,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(st.lists(TEXTS, min_size=7, max_size=7))
    def check(texts: list[str]) -> None:
        for form in forms:
            pairs = [
                (name, tokens[form.who] if name == "csrf_token" else texts[(place + len(name)) % 7])
                for place, (name, _value) in enumerate(form.values)
            ]
            answer = send(visit.client(form.who), form.method, form.action, pairs)
            if answer.status_code not in ALLOWED:
                wrong.append((form.who, form.action, answer.status_code, [p[1][:9] for p in pairs]))

    check()
    assert not wrong, _lines(wrong)


def test_a_million_characters_are_too_many(visit: Visitor, surveys: Surveys) -> None:
    forms = (one for found in surveys.values() for one in found.forms.values())
    one = next(form for form in forms if "text" in form.typed or "description" in form.typed)
    mine = token(visit, one.who)
    for huge in ("字" * 340_000, "a" * 1_100_000):
        pairs = [("csrf_token", mine), *((name, huge) for name in one.typed)]
        assert send(visit.client(one.who), "POST", one.action, pairs).status_code == 413
