"""How long a sign-in takes tells nobody which accounts there are."""

import time
from contextvars import Context
from statistics import median

from tests.factories import Town
from tests.pages import Visitor

ROUNDS = 9


def test_an_unknown_name_takes_as_long_as_a_wrong_password(visit: Visitor, town: Town) -> None:
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
