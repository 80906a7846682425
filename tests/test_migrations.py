"""Migrations go up and down with data in every table, and the models are the schema."""

import secrets
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from psycopg import sql
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from portal.extensions import db
from portal.factory import create_app
from tests.factories import CHEAP
from tests.filled import fill
from tests.services import Services


@pytest.fixture
def fresh(services: Services, tmp_path) -> Iterator[Flask]:
    """An application on an empty database of its own."""
    name = f"migrations_{secrets.token_hex(4)}"
    owner = make_url(services.owner_url)
    with services.postgres.connect() as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(owner.username or "")
            )
        )
    app = create_app(
        {
            **services.settings,
            "DATABASE_URL": renamed(services.app_url, name),
            "MIGRATION_DATABASE_URL": renamed(services.owner_url, name),
            "PORTAL_INSTANCE": str(tmp_path),
            "SECRET_KEY": "a secret for tests only, long enough",
            "TESTING": True,
            **CHEAP,
        }
    )
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    with services.postgres.connect() as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def owner_engine(fresh: Flask) -> Iterator[Engine]:
    """The fresh database as its owner."""
    engine = create_engine(fresh.config["MIGRATION_DATABASE_URL"])
    yield engine
    engine.dispose()


def renamed(address: str, database: str) -> str:
    return make_url(address).set(database=database).render_as_string(hide_password=False)


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f'SELECT count(*) FROM "{name}"')).scalar_one()
            for name in tables(engine)
        }


def test_up_and_down_and_up_with_data_in_every_table(fresh: Flask, owner_engine: Engine) -> None:
    upgrade()
    fill()
    full = counts(owner_engine)
    assert {name for name, count in full.items() if count == 0} == set()
    assert set(full) == {table.name for table in db.metadata.sorted_tables} | {"alembic_version"}
    db.session.remove()
    downgrade(revision="base")
    assert tables(owner_engine) == {"alembic_version"}
    with owner_engine.connect() as connection:
        left = "SELECT count(*) FROM pg_proc WHERE proname = 'refuse_change'"
        assert connection.execute(text(left)).scalar_one() == 0
        left = "SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'"
        assert connection.execute(text(left)).scalar_one() == 0
    upgrade()
    fill()
    assert counts(owner_engine) == full


def test_one_step_down_and_up_again_keeps_what_is_used(fresh: Flask, owner_engine: Engine) -> None:
    upgrade()
    fill()
    before = counts(owner_engine)
    db.session.remove()
    downgrade(revision="0001")
    kept = counts(owner_engine)
    for name in ("ticket", "ticket_event", "clock", "timer", "user"):
        assert kept[name] == before[name]
    assert kept["policy"] == kept["calendar"] == 1
    upgrade()
    after = counts(owner_engine)  # tables that later steps made are empty again
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_the_models_are_the_schema(fresh: Flask) -> None:
    upgrade()
    check()  # exits when `alembic check` finds a difference


def test_the_application_has_its_rights_and_no_more(fresh: Flask) -> None:
    upgrade()
    query = text("SELECT has_table_privilege(:table, :right)")
    every = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    for table in ("ticket_event", "directory_change", "ticket_access"):
        has = [r for r in every if db.session.scalar(query, {"table": table, "right": r})]
        assert has == ["SELECT", "INSERT"], table


def test_a_migration_gives_up_rather_than_wait_behind_a_lock(
    fresh: Flask, owner_engine: Engine
) -> None:
    upgrade()
    with owner_engine.connect() as holder, holder.begin():
        holder.execute(text("LOCK TABLE policy IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            downgrade(revision="base")
    assert counts(owner_engine)["policy"] > 0


def test_the_new_levels_come_as_the_next_version_and_go_with_it(
    fresh: Flask, owner_engine: Engine
) -> None:
    upgrade(revision="0004")
    strip = (
        "UPDATE policy SET rules = (SELECT jsonb_agg(jsonb_set(rule, '{levels}', "
        "coalesce((SELECT jsonb_agg(level) FROM jsonb_array_elements(rule->'levels') AS level"
        " WHERE level->>'name' NOT IN ('order', 'elevate')), '[]')))"
        " FROM jsonb_array_elements(rules) AS rule)"
    )
    with owner_engine.begin() as connection:
        connection.execute(text(strip))
    before = policies(owner_engine)
    upgrade()
    after = policies(owner_engine)
    assert {row: levels for row, levels in after.items() if row[1] == 1}.keys() == {
        (profile, 1, False) for profile, _, _ in before
    }
    assert after["default", 2, True] == before["default", 1, True] | {"order", "elevate"}
    db.session.remove()
    downgrade(revision="0004")
    assert policies(owner_engine) == before


def policies(engine: Engine) -> dict[tuple[str, int, bool], set[str]]:
    """The names of the levels of each policy by profile, version and whether it is in force."""
    query = "SELECT profile, version, current, rules FROM policy"
    with engine.connect() as connection:
        return {
            (profile, version, current): {
                level["name"] for rule in rules for level in rule["levels"]
            }
            for profile, version, current, rules in connection.execute(text(query))
        }
