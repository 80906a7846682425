"""Whose account an identity opens: linked by its owner or an administrator, or registered."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.auth import identities
from portal.auth.factor_models import ExternalIdentity
from portal.auth.models import User
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.errors import Invalid, NotAllowed
from portal.extensions import db
from portal.factory import create_app
from tests.factories import Town
from tests.pages import Visitor
from tests.provider import CLIENT, SECRET, Provider
from tests.web.signing_on import answer_of, provider, refused, server, sign_on, unified
from tests.web.test_accounts import registration
from tests.web.test_factor import tired

__all__ = ["provider", "server", "unified"]


def test_an_owner_links_and_unlinks(unified: Visitor, town: Town, provider: Provider) -> None:
    assert "关联统一身份" in unified.get("cadre", "/account").words
    done = sign_on(unified, "cadre", "/account/unified/link")
    assert (done.status, done.location) == (303, "/account")
    row = db.session.scalars(select(ExternalIdentity)).one()
    assert (row.user_id, row.subject) == (town.cadre.id, "citizen-1")
    taken = sign_on(unified, "labour", "/account/unified/link")
    assert refused(taken) and "已经关联了别的账号" in taken.words
    page = unified.get("cadre", "/account")
    assert page.submit("/account/unified/unlink").status == 303
    db.session.expire_all()
    assert db.session.scalar(select(ExternalIdentity.id)) is None


def test_linking_needs_a_fresh_proof(unified: Visitor) -> None:
    unified.get("cadre", "/account")
    tired(unified, "cadre")
    assert unified.get("cadre", "/account/unified/link").location.startswith("/account/proof")


def test_a_link_that_somebody_else_began_is_refused(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    back = answer_of(unified.get("cadre", "/account/unified/link"))
    with unified.client("cadre").session_transaction() as session:
        state = session["sign_on"]
    unified.get("labour", "/account")
    with unified.client("labour").session_transaction() as session:
        session["sign_on"] = state
    assert refused(unified.get("labour", back))
    assert db.session.scalar(select(ExternalIdentity.id)) is None


def test_an_administrator_links_staff_but_no_administrator(town: Town) -> None:
    by = Editor(town.admin.id, utcnow())
    with transaction():
        identities.link(by, town.cadre.id or 0, "https://id.example", "7")
    for who in ("security", "auditor"):
        with pytest.raises(NotAllowed):
            identities.link(by, town.people[who].id or 0, "https://id.example", "8")
    for who in ("security", "auditor", "leader"):
        with pytest.raises(NotAllowed):
            identities.link(Editor(town.people[who].id, utcnow()), town.labour.id or 0, "i", "9")
    with pytest.raises(Invalid):
        identities.link(by, town.labour.id or 0, "https://id.example", "7")


def test_an_administrator_links_by_the_page(
    unified: Visitor, town: Town, provider: Provider
) -> None:
    address = f"/admin/users/{town.cadre.id}/identity"
    assert unified.get("admin", address).submit(subject="citizen-1").status == 303
    assert sign_on(unified).location == "/desk"
    assert unified.get("admin", address).submit("/unlink").status == 303
    auditor = unified.get("admin", f"/admin/users/{town.auditor.id}/identity")
    assert auditor.submit(subject="citizen-2").status == 403


def test_an_unknown_identity_may_register_where_that_is_set(
    app: Flask, town: Town, provider: Provider
) -> None:
    settings = {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT,
        "OIDC_CLIENT_SECRET": SECRET,
        "OIDC_REGISTER": "applicant",
    }
    open_to_all = Visitor(create_app({**app.config, **settings}), town)
    assert sign_on(open_to_all).location == "/register"
    assert db.session.scalar(select(ExternalIdentity.id)) is None
    form = open_to_all.get(None, "/register")
    assert form.submit(**registration(town)).status == 303
    row = db.session.scalars(select(ExternalIdentity)).one()
    registered = db.session.get_one(User, row.user_id)
    assert (registered.username, registered.role) == ("linqing", "applicant")
    later = Visitor(open_to_all.app, town)
    assert sign_on(later).location == "/tickets"
