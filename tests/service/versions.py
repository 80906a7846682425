"""Puts calendars and policies back as the migrations made them, after tests that add versions."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from portal.extensions import db
from tests.factories import Town

RESTORE = (
    "TRUNCATE ticket, recompute CASCADE",
    "DELETE FROM calendar_day WHERE calendar_id > (SELECT min(id) FROM calendar)",
    "DELETE FROM calendar WHERE id > (SELECT min(id) FROM calendar)",
    "UPDATE calendar SET current = true",
    "DELETE FROM policy WHERE version > 1",
    "UPDATE policy SET current = false WHERE profile <> 'default'",
    "UPDATE policy SET current = true WHERE profile = 'default'",
)


@pytest.fixture
def restored(town: Town, owner: Engine) -> Iterator[Town]:
    """The town, and the seeded versions again when the test is over."""
    yield town
    db.session.rollback()
    with owner.begin() as connection:
        for statement in RESTORE:
            connection.execute(text(statement))


def table(year: int = 2027, confirmed: int = 1) -> str:
    """A made-up year: its holidays are not those that the law alone would give."""
    rows = [
        *((f"{year}-01-0{day}", "holiday", "元旦") for day in (1, 2, 3, 4, 5)),
        (f"{year}-01-09", "makeup", "元旦"),
        *((f"{year}-02-{day:02}", "holiday", "春节") for day in range(5, 13)),
        *((f"{year}-10-0{day}", "holiday", "国庆节") for day in range(1, 8)),
    ]
    lines = [f"{day},{kind},{name},{confirmed}" for day, kind, name in rows]
    return "\n".join(["day,kind,name,confirmed", *lines]) + "\n"
