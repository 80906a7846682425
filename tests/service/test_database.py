"""The database states the rules too: append-only events, CHECK, UNIQUE (architecture.md §4)."""

import pytest
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from portal.db import transaction
from portal.directory import place_service
from portal.directory.changes import Editor
from portal.extensions import db
from tests.factories import MONDAY, Town
from tests.service.stages import assigned, signed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ticket_event SET actor_name = '别人'",
        "DELETE FROM ticket_event",
        "TRUNCATE ticket_event",
    ],
)
def test_the_application_can_not_rewrite_events(town: Town, statement: str) -> None:
    assigned(town)
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.session.execute(text(statement))
    db.session.rollback()


@pytest.mark.parametrize(
    "statement", ["UPDATE ticket_event SET actor_name = '别人'", "DELETE FROM ticket_event"]
)
def test_not_even_the_owner_can_rewrite_events(town: Town, owner: Engine, statement: str) -> None:
    assigned(town)
    with (
        pytest.raises(DBAPIError, match="written once and never changed"),
        owner.begin() as connection,
    ):
        connection.execute(text(statement))


def test_nobody_can_rewrite_who_changed_the_directory(town: Town, owner: Engine) -> None:
    with transaction():
        editor = Editor(town.admin.id, MONDAY)
        place_service.set_place_active(editor, "regions", town.region_id, active=False)
    for statement in ("UPDATE directory_change SET actor_id = 1", "DELETE FROM directory_change"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.session.execute(text(statement))
        db.session.rollback()
        with (
            pytest.raises(DBAPIError, match="written once and never changed"),
            owner.begin() as connection,
        ):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'closed'", "ck_ticket_closed"),
        ("closed_at = now()", "ck_ticket_closed"),
        ("outcome = 'solved'", "ck_ticket_closed"),
        ("status = 'needs_info'", "ck_ticket_paused"),
        ("paused_at = now()", "ck_ticket_paused"),
        ("assignee_id = NULL", "ck_ticket_assignee"),
        ("department_id = NULL", "ck_ticket_assignee"),
        ("status = 'in_review'", "ck_ticket_proposed"),
        ("status = 'awaiting_confirmation'", "ck_ticket_proposed"),
        ("rating = 6", "ck_ticket_rating"),
        ("rating = 0", "ck_ticket_rating"),
        ("round = 0", "ck_ticket_counters"),
        ("status = 'closed', closed_at = now(), outcome = 'merged'", "ck_ticket_merged"),
    ],
)
def test_a_status_without_its_facts_is_refused(town: Town, change: str, constraint: str) -> None:
    refused(town, f"UPDATE ticket SET {change}", constraint)


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE clock SET state = 'stopped' WHERE kind = 'resolve'", "ck_clock_stopped"),
        ("UPDATE clock SET stopped_at = now() WHERE kind = 'resolve'", "ck_clock_stopped"),
        ("UPDATE clock SET state = 'late'", "ck_clock_state"),
        ("UPDATE timer SET state = 'fired' WHERE state = 'armed'", "ck_timer_fired"),
        ("UPDATE timer SET state = 'lost'", "ck_timer_state"),
        (
            "INSERT INTO timer (clock_id, level, generation, fire_at, state)"
            " SELECT clock_id, level, generation, now(), 'armed' FROM timer",
            "uq_timer_clock_id_level_generation",
        ),
        (
            "INSERT INTO pause (ticket_id, started_at, ended_at)"
            " SELECT id, now(), now() - interval '1 minute' FROM ticket",
            "ck_pause_span",
        ),
        (
            "INSERT INTO pause (ticket_id, started_at)"
            " SELECT id, now() FROM ticket, (VALUES (1), (2)) AS x",
            "uq_pause_open",
        ),
        ("UPDATE message SET state = 'lost'", "ck_message_state"),
        ("UPDATE enterprise SET uscc = 'abc'", "ck_enterprise_uscc"),
        (
            "UPDATE \"user\" SET username = 'Cadre' WHERE username = 'cadre'",
            "ck_user_username_lower",
        ),
        (
            "UPDATE \"user\" SET enterprise_id = NULL WHERE role = 'applicant'",
            "ck_user_applicant_enterprise",
        ),
        (
            "UPDATE \"user\" SET department_id = NULL WHERE role = 'cadre'",
            "ck_user_staff_department",
        ),
        (
            "INSERT INTO petition (ticket_id, kind, state, ruler, decide_by, reason_code, reason,"
            " asked_by_id, asked_at, decided_by_id, decided_at) SELECT id, 'return', 'granted',"
            " 'dispatcher', now(), 'not_ours', '…', assignee_id, now(),"
            " assignee_id, now() FROM ticket",
            "ck_petition_second_person",
        ),
        (
            "INSERT INTO ticket_event (ticket_id, seq, version, action, actor_role, actor_name,"
            " at, to_status, round, public, payload) SELECT ticket_id, seq, version, action,"
            " actor_role, actor_name, at, to_status, round, public, payload FROM ticket_event",
            "uq_ticket_event_ticket_id_seq",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(town: Town, statement: str, constraint: str) -> None:
    refused(town, statement, constraint)


def refused(town: Town, statement: str, constraint: str) -> None:
    signed(town)
    with pytest.raises(IntegrityError, match=constraint):
        db.session.execute(text(statement))
    db.session.rollback()


def test_the_application_owns_nothing(app: Flask, town: Town) -> None:
    for statement in (
        "DROP TABLE ticket",
        "ALTER TABLE ticket ADD x int",
        "CREATE TABLE x (i int)",
    ):
        with pytest.raises(ProgrammingError):
            db.session.execute(text(statement))
        db.session.rollback()
