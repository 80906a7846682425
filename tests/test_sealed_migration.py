"""The migrations that seal and mask keep every value and the chain, both ways."""

from pathlib import Path

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, select, text

from portal.audit import sealing, verifying
from portal.audit.models import AuditEntry
from portal.auth.models import User
from portal.db import transaction
from portal.directory.models import EnterpriseContact
from portal.extensions import db
from portal.sheets.models import SheetLine
from tests.factories import MONDAY
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
    "sheet_line": "cells, changes, problems",
}
PLAIN = {
    "SELECT phone FROM \"user\" WHERE username = 'cadre'": "13900002222",
    "SELECT contact_phone FROM ticket LIMIT 1": "13800001111",
    "SELECT name FROM enterprise_contact": "钱会计",
    "SELECT fields ->> 'title' FROM draft": "再来一件",
    "SELECT cells ->> 'phone' FROM sheet_line": "13800004444",
}
# As releases before 0022 wrote them: a change of a firm's account, of a firm, an act of the firm.
OLD_ROWS = (
    "INSERT INTO directory_change (noun, row_id, at, old, new) SELECT 'user', id, now(), '{}',"
    " jsonb_build_object('name', name, 'phone', '13800005555') FROM \"user\""
    " WHERE username = 'firm'",
    "INSERT INTO directory_change (noun, row_id, at, old, new) SELECT 'enterprise', id, now(),"
    ' \'{"name": "鲁西轴承", "contact_phone": "13800005555"}\','
    ' \'{"contact": {"name": "钱会计", "phone": "13800005555", "post": "财务"}}\''
    " FROM enterprise ORDER BY id LIMIT 1",
    "INSERT INTO ticket_event (ticket_id, seq, version, action, actor_id, actor_role, actor_name,"
    " at, to_status, round, public, payload) SELECT ticket_id, seq + 90 + :n, version, action,"
    " actor_id, actor_role, '赵经理', at, to_status, round, public, payload FROM ticket_event"
    " WHERE actor_role = 'applicant' ORDER BY id LIMIT 1",
)


def before(owner_engine: Engine, n: int) -> None:
    """Rows that hold persons' names, as the owner writes them."""
    with owner_engine.begin() as connection:
        for statement in OLD_ROWS:
            connection.execute(text(statement), {"n": n} if ":n" in statement else {})


def sealed() -> None:
    while sealing.seal(MONDAY):
        db.session.commit()
    db.session.remove()


def test_contacts_are_sealed_on_the_way_up_and_plain_again_on_the_way_down(
    fresh: Flask, owner_engine: Engine, tmp_path: Path
) -> None:
    upgrade()
    fill()
    with transaction() as session:
        session.scalars(select(SheetLine)).one().cells = {"phone": "13800004444"}
    db.session.remove()
    downgrade(revision="0021")
    with owner_engine.connect() as connection:
        assert {query: connection.scalar(text(query)) for query in PLAIN} == PLAIN
    before(owner_engine, 0)
    sealed()
    before(owner_engine, 1)  # these wait for the chain
    upgrade()
    with owner_engine.connect() as connection:
        for table, columns in SEALED.items():
            rows = connection.execute(text(f'SELECT {columns} FROM "{table}"')).all()
            assert rows and all(one.startswith("v2:") for row in rows for one in row if one)
    assert db.session.scalars(select(EnterpriseContact)).one().phone == "13800003333"
    found = select(User.username).where(User.phone_index == "13900002222")
    assert "cadre" in db.session.scalars(found).all()
    masked_without_a_break(tmp_path)


def masked_without_a_break(folder: Path) -> None:
    """What never changes tells no person, the chain verifies, and says what was masked and why."""
    sealed()
    for table in ("ticket_event", "directory_change"):
        kept = db.session.scalar(text(f"SELECT string_agg(t::text, ' ') FROM {table} t")) or ""
        found = [word for word in ("赵经理", "钱会计", "13800005555") if word in kept]
        assert not found and ("赵**" if table == "ticket_event" else "138****5555") in kept
        assert "鲁西轴承" in kept or table == "ticket_event"  # a firm's name is nobody's
    db.session.remove()
    report = verifying.verify(b"key", folder)
    # Tables that the way down took away are missing, and are found; these are whole.
    wrong = [one for one in report.findings if one.source in ("ticket_event", "directory_change")]
    assert wrong == [] and report.erased == len(OLD_ROWS)
    why = select(AuditEntry.source, AuditEntry.reason).where(AuditEntry.reason.is_not(None))
    told = db.session.execute(why.order_by(AuditEntry.id)).all()
    assert [one.source for one in told] == ["ticket_event", "directory_change", "directory_change"]
    assert {one.reason for one in told} == {"0027: names of persons masked"}
