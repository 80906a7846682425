"""Contact fields lie sealed, are found by digest, and are sealed anew while others write."""

import base64
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import StatementError

from portal.auth.models import User
from portal.config import ConfigError
from portal.db import transaction
from portal.directory.models import Enterprise, EnterpriseContact
from portal.extensions import db
from portal.keys import rotation
from portal.keys.columns import hold, ring_of
from portal.keys.ring import MissingKey, Ring, Unreadable, new_entry
from portal.keys.source import ring_from
from portal.tickets.models import Ticket
from portal.tickets.service import drafts
from tests.factories import MONDAY, Town
from tests.pages import Visitor
from tests.service.stages import file

SEALED = {
    "user": ["phone"],
    "enterprise": ["contact_name", "contact_phone"],
    "enterprise_contact": ["name", "phone"],
    "ticket": ["contact_name", "contact_phone"],
    "draft": ["fields"],
    "visit": ["companions", "met"],
    "join_request": ["phone"],
    "second_factor": ["secret"],
    "sheet_line": ["cells", "changes", "problems"],
}
OLD, NEW, INDEX = new_entry("old"), new_entry("new", "sm4-gcm"), new_entry("index")


@pytest.fixture
def rings(app: Flask, town: Town) -> Iterator[None]:
    """The rows lie under `old`; the application's ring is put back."""
    kept = ring_of(db.engine.dialect)
    hold(
        db.engine,
        Ring.of(
            f"{OLD},{kept.current.id}:{base64.b64encode(kept.current.secret).decode()},{INDEX}"
        ),
    )
    file(town)
    with transaction() as session:
        session.add(
            EnterpriseContact(enterprise_id=town.enterprise_id, name="钱会计", phone="13800003333")
        )
        drafts.save(town.firm, {"contact_phone": "13800001111"}, MONDAY)
    rotate()
    yield
    db.session.rollback()
    hold(db.engine, kept)


def rotate(*, every: bool = False) -> int:
    total = 0
    for table in rotation.tables():
        after: rotation.Place | None = rotation.START
        while after is not None:
            with transaction():
                after, written = rotation.step(table, after, every=every)
            total += written
    return total


def by_key() -> set[str | None]:
    return {one.key_id for one in rotation.held()}


def test_the_database_holds_no_contact_that_can_be_read(rings: None, owner: Engine) -> None:
    assert {
        table.name: sorted(columns)
        for table, columns in rotation.sealed_tables(db.metadata).items()
    } == SEALED
    with owner.connect() as connection:
        for table, columns in SEALED.items():
            for column in columns:
                query = text(f'SELECT {column} FROM "{table}"')
                stored = [one for one in connection.scalars(query) if one]
                assert all(one.startswith("v2:old:") for one in stored)
                assert table in ("visit", "join_request", "second_factor", "sheet_line") or stored


def test_models_stay_plain_and_a_number_is_found_by_its_digest(rings: None, town: Town) -> None:
    db.session.expire_all()
    ticket = db.session.scalars(select(Ticket)).one()
    assert (ticket.contact_name, ticket.contact_phone) == ("王经理", "13800001111")
    found = db.session.scalars(select(User.id).where(User.phone_index == "13900002222")).all()
    assert town.cadre.id in found
    none = select(User.id).where(User.phone_index == "13900002223")
    assert db.session.scalars(none).all() == []


def test_rotation_goes_on_where_it_was_stopped_and_loses_nothing(rings: None, town: Town) -> None:
    hold(db.engine, Ring.of(f"{NEW},{OLD},{INDEX}"))
    users = next(one for one in rotation.tables() if one.name == "user")
    with pytest.raises(KeyboardInterrupt), transaction():
        rotation.step(users, rotation.START)
        raise KeyboardInterrupt
    assert by_key() == {"old"}
    with transaction() as session:  # what is written meanwhile is under the new key
        session.get_one(User, town.cadre.id).phone = "13700009999"
    assert by_key() == {"old", "new"}
    written = rotate()
    assert written > 0 and by_key() == {"new"}
    assert rotate() == 0
    hold(db.engine, Ring.of(f"{NEW},{INDEX}"))  # the old key may go now
    db.session.expire_all()
    assert db.session.get_one(User, town.cadre.id).phone == "13700009999"
    assert db.session.scalars(select(Ticket)).one().contact_phone == "13800001111"
    assert db.session.scalars(select(EnterpriseContact)).one().name == "钱会计"


def test_a_new_index_key_is_written_by_a_rotation_of_every_row(rings: None, town: Town) -> None:
    hold(db.engine, Ring.of(f"{OLD},{new_entry('index')}"))
    query = select(User.id).where(User.phone_index == "13900002222")
    assert db.session.scalars(query).all() == []
    rotate(every=True)
    assert town.cadre.id in db.session.scalars(query).all()


def test_without_its_key_a_row_is_an_error_and_never_garbage(rings: None, town: Town) -> None:
    hold(db.engine, Ring.of(f"{NEW},{INDEX}"))
    db.session.expire_all()
    with pytest.raises(MissingKey, match="old"):
        db.session.get_one(Enterprise, town.enterprise_id)
    with pytest.raises(MissingKey):
        rotate()
    db.session.rollback()
    hold(db.engine, Ring.of(f"{OLD},{INDEX}"))
    db.session.execute(text("UPDATE enterprise SET contact_phone = contact_name"))
    with pytest.raises(Unreadable, match=r"enterprise\.contact_phone"):
        db.session.scalars(select(Enterprise)).all()


def test_a_value_copied_into_another_row_does_not_open_and_is_named(
    app: Flask, rings: None, visit: Visitor, town: Town
) -> None:
    copied = select(Enterprise.id).where(Enterprise.id != town.enterprise_id)
    other = db.session.scalars(copied).one()
    with transaction() as session:
        session.execute(
            text(
                "UPDATE enterprise SET contact_phone = (SELECT contact_phone FROM enterprise"
                " WHERE id = :other) WHERE id = :id"
            ),
            {"id": town.enterprise_id, "other": other},
        )
    with pytest.raises(Unreadable, match=rf"enterprise\.contact_phone\.{town.enterprise_id} "):
        db.session.get_one(Enterprise, town.enterprise_id)
    page = visit.get("admin", f"/admin/enterprises/{town.enterprise_id}")
    assert page.status == 503 and "无法读取" in page.title
    assert visit.get("admin", f"/admin/enterprises/{other}").status == 200
    said = app.test_cli_runner().invoke(args=["keys", "verify"])
    assert said.exit_code == 1 and f"enterprise.contact_phone {town.enterprise_id}:" in said.output
    assert said.output.count("enterprise.") == 2  # the line, and the reason in it


def test_a_value_of_before_opens_and_a_rotation_binds_it_to_its_row(
    app: Flask, rings: None, town: Town
) -> None:
    before = ring_of(db.engine.dialect).seal("13800001111", "user.phone")
    with transaction() as session:
        row = {"id": town.cadre.id, "phone": before}
        session.execute(text('UPDATE "user" SET phone = :phone WHERE id = :id'), row)
    runner = app.test_cli_runner()
    assert "user.phone  old  1  旧格式" in runner.invoke(args=["keys", "status"]).output
    assert db.session.get_one(User, town.cadre.id).phone == "13800001111"
    assert rotate() == 1 and not any(one.rowless for one in rotation.held())
    assert runner.invoke(args=["keys", "verify"]).exit_code == 0
    db.session.expire_all()
    assert db.session.get_one(User, town.cadre.id).phone == "13800001111"


def test_past_the_session_a_value_has_to_say_its_row(town: Town) -> None:
    change = update(Ticket).values(contact_phone="13800001111")
    with pytest.raises(StatementError, match=r"ticket\.contact_phone has to say its row"):
        db.session.execute(change)


def test_the_commands_say_what_lies_where(app: Flask, rings: None) -> None:
    runner = app.test_cli_runner()
    said = runner.invoke(args=["keys", "status"])
    assert said.exit_code == 0 and "ticket.contact_phone  old  1" in said.output
    hold(db.engine, Ring.of(f"{NEW},{INDEX}"))
    said = runner.invoke(args=["keys", "status"])
    assert said.exit_code == 1 and "密钥环中没有" in said.output
    assert "缺少密钥“old”" in runner.invoke(args=["keys", "rotate"]).output
    hold(db.engine, Ring.of(f"{NEW},{OLD},{INDEX}"))
    assert "重新加密" in runner.invoke(args=["keys", "rotate"]).output
    assert by_key() == {"new"}
    entry = runner.invoke(args=["keys", "new", "next", "--cipher", "sm4-gcm"]).output.strip()
    assert Ring.of(f"{entry},{INDEX}").current.cipher == "sm4-gcm"
    assert runner.invoke(args=["keys", "new", "no good"]).exit_code == 2


def test_production_needs_keys_and_elsewhere_they_are_made_once(tmp_path) -> None:
    config = {"FIELD_KEYS": "", "FIELD_KEYS_FILE": "", "INSTANCE_DIR": str(tmp_path)}
    with pytest.raises(ConfigError, match="FIELD_KEYS"):
        ring_from({**config, "ENVIRONMENT": "production"})
    first = ring_from({**config, "ENVIRONMENT": "development"})
    assert (tmp_path / "field_keys").stat().st_mode & 0o777 == 0o600
    again = ring_from({**config, "ENVIRONMENT": "development"})
    assert again.open(first.seal("13800001111", "user.phone"), "user.phone") == "13800001111"
    named = {"ENVIRONMENT": "production", "FIELD_KEYS_FILE": str(tmp_path / "field_keys")}
    assert ring_from({**config, **named}).current == first.current
    with pytest.raises(ConfigError):
        ring_from({**config, **named, "FIELD_KEYS": "nonsense"})
