"""The migration to versions of the dispatch rules keeps every rule, both ways."""

from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, text

from portal.extensions import db
from tests.test_migrations import fresh, owner_engine

__all__ = ["fresh", "owner_engine"]
PLACES = (
    "INSERT INTO department (name, position, active) VALUES ('甲', 1, true), ('乙', 2, true)",
    "INSERT INTO region (name, position, active) VALUES ('东区', 1, true)",
)
RULE = (
    "INSERT INTO dispatch_rule (region_id, urgency, department_id, active)"
    " SELECT region.id, :urgency, department.id, :active FROM region, department"
    " WHERE department.name = :unit"
)
# Two of them are in force; the others were taken out, the same conditions twice.
RULES = ((None, "甲", True), ("urgent", "乙", True), (None, "乙", False), (None, "乙", False))


def test_the_rules_in_force_become_the_first_version_and_go_back(
    fresh: Flask,
    owner_engine: Engine,
) -> None:
    upgrade(revision="0007")
    with owner_engine.begin() as connection:
        for statement in PLACES:
            connection.execute(text(statement))
        for urgency, unit, active in RULES:
            values = {"urgency": urgency, "unit": unit, "active": active}
            connection.execute(text(RULE), values)
    before = rules(owner_engine, "active")
    upgrade()
    assert rules(owner_engine, "rulebook_id IS NOT NULL") == before
    with owner_engine.begin() as connection:
        books = connection.execute(text("SELECT version, state, made_by_id FROM rulebook")).all()
        assert [tuple(book) for book in books] == [(1, "in_force", None)]
        numbers = connection.execute(text("SELECT id, number FROM dispatch_rule")).all()
        assert all(row.id == row.number for row in numbers)
    db.session.remove()
    downgrade(revision="0007")
    assert rules(owner_engine, "active") == before
    db.session.remove()
    upgrade()
    assert rules(owner_engine, "rulebook_id IS NOT NULL") == before


def rules(engine: Engine, decides: str) -> list[tuple]:
    """Every rule, and whether it is in force."""
    query = f"SELECT id, region_id, urgency, department_id, {decides} FROM dispatch_rule"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(f"{query} ORDER BY id"))]
