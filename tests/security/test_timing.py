"""How long a sign-in takes tells nobody which accounts there are."""

import time
from collections.abc import Iterator
from contextvars import Context
from statistics import median

import pytest
from flask import Flask
from sqlalchemy import update

from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.db import transaction
from portal.whole_settings import WHOLE
from tests.factories import CHEAP, PASSWORD, Town
from tests.pages import Visitor

ROUNDS = 9


@pytest.fixture
def dear(app: Flask, town: Town) -> Iterator[None]:
    """Passwords that cost what they do by default."""
    HASHER.set_cost(*(WHOLE[name][0] for name in CHEAP))
    with transaction() as session:
        session.execute(update(User).values(password_hash=HASHER.hash(PASSWORD)))
    yield
    HASHER.set_cost(*CHEAP.values())


def test_an_unknown_name_takes_as_long_as_a_wrong_password(
    visit: Visitor, town: Town, dear: None
) -> None:
    """Medians, of the processor's time: a busy machine is no matter. Argon2 is most of it."""
    form = visit.get(None, "/sign-in").form("/sign-in")
    field = form.select_one("[name=csrf_token]")
    assert field is not None
    mine = str(field["value"])

    def seconds(name: str) -> float:
        data = {"csrf_token": mine, "username": name, "password": "not the password"}
        begun = time.process_time()
        answer = Context().run(visit.client(None).post, "/sign-in", data=data)
        spent = time.process_time() - begun
        assert answer.status_code == 422
        return spent

    names = list(town.people)[: ROUNDS + 1]
    pairs = [(seconds(name), seconds(f"nobody{place}")) for place, name in enumerate(names)]
    known = median(one for one, _ in pairs[1:])  # the first fills caches
    unknown = median(one for _, one in pairs[1:])
    assert 0.5 < known / unknown < 2, (known, unknown)
