"""The migration that seals contacts keeps every value, both ways."""

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, select, text

from portal.auth.models import User
from portal.directory.models import EnterpriseContact
from portal.extensions import db
from tests.filled import fill
from tests.test_migrations import fresh, owner_engine

__all__ = ["fresh", "owner_engine"]
SEALED = {
    "user": "phone",
    "enterprise": "contact_name, contact_phone",
    "enterprise_contact": "name, phone",
    "ticket": "contact_name, contact_phone",
    "draft": "fields",
    "visit": "met, companions",
    "join_request": "phone",
    "second_factor": "secret",
}
PLAIN = {
    "SELECT phone FROM \"user\" WHERE username = 'cadre'": "13900002222",
    "SELECT contact_phone FROM ticket LIMIT 1": "13800001111",
    "SELECT name FROM enterprise_contact": "钱会计",
    "SELECT fields ->> 'title' FROM draft": "再来一件",
}


def test_contacts_are_sealed_on_the_way_up_and_plain_again_on_the_way_down(
    fresh: Flask, owner_engine: Engine
) -> None:
    upgrade()
    fill()
    db.session.remove()
    downgrade(revision="0021")
    with owner_engine.connect() as connection:
        assert {query: connection.scalar(text(query)) for query in PLAIN} == PLAIN
    upgrade()
    with owner_engine.connect() as connection:
        for table, columns in SEALED.items():
            rows = connection.execute(text(f'SELECT {columns} FROM "{table}"')).all()
            assert rows and all(one.startswith("v1:") for row in rows for one in row if one)
    assert db.session.scalars(select(EnterpriseContact)).one().phone == "13800003333"
    found = select(User.username).where(User.phone_index == "13900002222")
    assert "cadre" in db.session.scalars(found).all()
