"""Every route × role × own and other object: 200, 303 or 422, else 403 or 404, where it should be.

What a role reaches is said by the gate; whose object an address names by tests/web/objects.py.
"""

from collections.abc import Collection, Iterator
from contextvars import Context
from typing import Any

import pytest
from flask import Flask, g
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection
from werkzeug.routing import Rule

from portal.auth import join_views
from portal.auth.gate import PUBLIC, roles_for
from portal.auth.models import User
from portal.auth.roles import ACCOUNT_ROLES, Role
from portal.errors import NotAllowed
from portal.extensions import db
from portal.tickets.policy import ROLE_ACTIONS
from tests.factories import Town
from tests.pages import Visitor, form_values
from tests.web.objects import WHO, World
from tests.web.objects_access import asked_of

# An own object is answered; a form without its words is refused in words, a state by a conflict.
ANSWERED = {200, 204, 303, 400, 409, 422}
# They end the session that walks; test_accounts has them.
ENDS = {"auth.sign_out"}
# Who finds nothing at an own object, since there is nothing to be had: no provider of identities is
# configured (test_unified.py has one), and nothing is masked for whoever handles the ticket.
EMPTY: dict[str, Collection[Role]] = {
    **dict.fromkeys(("unified.back", "unified.link", "admin.identity"), ACCOUNT_ROLES),
    "tickets.contact": (Role.CADRE,),
}
# A second click on “remove” is no error: it leads back, and what is not there stays so.
TAKEN_AWAY = {"tickets.remove_file", "rules.remove", "sla_admin.remove_rule"}


class Walk:
    """Sends requests of which nothing stays, so that each meets the same rows."""

    def __init__(self, visit: Visitor, connection: Connection, role: Role) -> None:
        self.visit, self.connection, self.role, self.who = visit, connection, role, WHO[role]
        self.user = db.session.get_one(User, visit.town.people[self.who].id)
        self.token = form_values(visit.get(self.who, "/query").form("/query"))["csrf_token"]

    def status(self, method: str, address: str, **fields: Any) -> int:
        """The answer's status; whatever the request has written is taken back."""
        client = self.visit.client(self.who)
        kept = self.connection.begin_nested()
        try:
            if method == "GET":
                return self._sent(client.get, address)
            return self._sent(client.post, address, data={"csrf_token": self.token, **fields})
        finally:
            db.session.remove()
            kept.rollback()

    def refused(self, address: str) -> bool:
        """Whether the gate refuses; it looks at the address and the role, whatever the method."""
        with self.visit.app.test_request_context(address, method="OPTIONS"):
            g._login_user = self.user
            try:
                self.visit.app.preprocess_request()
            except NotAllowed:
                return True
        return False

    def _sent(self, send: Any, address: str, **more: Any) -> int:
        return Context().run(send, address, buffered=True, **more).status_code


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch, town: Town) -> Iterator[Connection]:
    """One connection for all requests: what is committed inside is a savepoint of it."""
    with db.engine.connect() as one, one.begin() as outer:
        monkeypatch.setattr(Session, "get_bind", lambda *_args, **_kw: one)
        yield one
        db.session.remove()
        monkeypatch.undo()
        outer.rollback()


def test_each_role_reaches_its_own_and_nothing_of_others(
    app: Flask, visit: Visitor, town: Town, request: pytest.FixtureRequest
) -> None:
    world, wrong = World(town), list[tuple[str, str, str, int]]()
    roles = [role for role in ACCOUNT_ROLES if role is not Role.LEADER]
    for role in roles:
        visit.client(WHO[role])
    with visit.client(WHO[roles[0]]).session_transaction() as session:
        session[join_views.KEY] = world.things["members:request_id"].own
    connection = request.getfixturevalue("connection")
    for role in roles:
        walk = Walk(visit, connection, role)
        with app.test_request_context():
            routes = [(rule, *world.addresses(rule, role)) for rule in app.url_map.iter_rules()]
        assert walk.status("GET", "/admin/users" if role is not Role.ADMIN else "/desk") == 403
        for rule, own, others in routes:
            # What is for everybody is the same for each of them.
            seen = rule.endpoint in PUBLIC and role is not roles[0]
            if rule.endpoint not in ENDS and not seen:
                own += asked_of(rule.endpoint, role)
                fields = world.fields.get(rule.endpoint, {})
                wrong += [(str(role), *one) for one in _wrong(walk, rule, own, others, fields)]
    assert not wrong, "\n".join(" ".join(map(str, one)) for one in wrong)


def _wrong(
    walk: Walk, rule: Rule, own: str, others: list[str], fields: dict[str, Any]
) -> Iterator[tuple[str, str, int]]:
    """What a route answers that it should not: what was sent, where to, and the status."""
    if rule.endpoint not in PUBLIC and walk.role not in roles_for(rule.endpoint):
        if not walk.refused(own):
            yield "not for the role", own, 0
        return
    for method in sorted((rule.methods or set()) & {"GET", "POST"}):
        status = walk.status(method, own, **fields)
        empty = status == 404 and walk.role in EMPTY.get(rule.endpoint, ())
        right = status in ANSWERED or own == "/health" or empty
        if not right:
            yield f"{method} own", own, status
        for other in others:
            status = walk.status(method, other)
            if status != 404 and rule.endpoint not in TAKEN_AWAY:
                yield f"{method} other", other, status


def test_a_leader_reaches_what_a_supervisor_reaches(app: Flask) -> None:
    """So the walk as a supervisor stands for both; each action is asked of each in test_policy."""
    for endpoint in app.view_functions:
        both = {Role.SUPERVISOR, Role.LEADER}
        assert len(both & roles_for(endpoint)) in (0, 2), endpoint
    assert ROLE_ACTIONS[Role.SUPERVISOR] == ROLE_ACTIONS[Role.LEADER]
