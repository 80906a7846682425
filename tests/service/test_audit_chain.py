"""The chained log: every change is in it once, nobody can alter it unseen, and verify says where.

Each attack is made as the owner of the database, with every trigger off.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, func, insert, select, text
from sqlalchemy.exc import ProgrammingError

from portal.audit import chain, checkpoints, job, sealing, verifying
from portal.audit.models import AuditCheckpoint, AuditEntry, AuditQueue
from portal.audit.sources import SOURCES
from portal.auth import granting
from portal.auth import service as accounts
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.extensions import db
from portal.tickets.models import TicketEvent
from tests.factories import MONDAY, Town
from tests.plays import Play

KEY = b"a key for tests only"
# Counted or made from what is watched; work to be done; and what changes with a ticket's events.
UNWATCHED = {
    *("audit_queue", "audit_shape", "audit_entry", "audit_checkpoint"),
    *("kpi_cell", "kpi_fact", "kpi_hour", "kpi_state", "kpi_time", "kpi_touched"),
    *("gram_count", "gram_sample", "ticket_fingerprint", "ticket_text", "search_run"),
    *("sign_on_attempt", "retention_run"),
    *("message", "notice", "ticket_number", "timer", "clock", "clock_move", "pause", "recompute"),
    *("alert", "bulletin", "export_run", "sheet_import", "sheet_line", "suggest_model"),
    *("bulk", "bulk_item", "draft", "saved_view"),
    *("ticket", "attachment", "ticket_link", "petition", "supervision_order", "vouch_link"),
    *("handover", "handover_item", "visit", "visit_item"),
    *("problem", "problem_member", "problem_delivery", "problem_suggestion", "published_case"),
    "calendar_day",  # in the digest of its calendar
}
SEEDS = ("category", "policy", "calendar")


@pytest.fixture
def log(town: Town, broom: Connection, tmp_path: Path) -> Path:
    """A ticket handled to its end, all of it sealed, with a checkpoint; the checkpoints' folder."""
    for name in SEEDS:  # the migrations' own rows, whose entries were emptied with the tables
        broom.execute(
            SQL(
                "INSERT INTO audit_queue (source, source_id, op, new)"
                " SELECT {}, id, 'insert', to_jsonb(t) FROM {} t"
            ).format(name, Identifier(name))
        )
    Play(town).done()
    seal()
    with transaction():
        made = checkpoints.make(MONDAY, "day", KEY)
    assert made is not None
    checkpoints.keep(made, tmp_path)
    return tmp_path


def seal() -> int:
    return job.bring_up(utcnow, batch=20)


def found(folder: Path, **span: int) -> list[tuple[int | None, str, str]]:
    """Where and what verify finds."""
    db.session.rollback()
    report = verifying.verify(KEY, folder, **span)
    db.session.rollback()
    return [(one.seq, one.source, one.what) for one in report.findings]


@pytest.fixture
def attack(owner: Engine) -> Iterator[Callable[..., None]]:
    """Statements as the owner, who puts the triggers of the tables off and on again."""
    tables = ("audit_entry", "audit_checkpoint", "ticket_event", "user")

    def act(*statements: str, **values: object) -> None:
        with owner.begin() as connection:
            for table in tables:
                connection.execute(text(f'ALTER TABLE "{table}" DISABLE TRIGGER USER'))
            for statement in statements:
                connection.execute(text(statement), values)
            for table in tables:
                connection.execute(text(f'ALTER TABLE "{table}" ENABLE TRIGGER USER'))

    yield act


def entry_of(action: str) -> int:
    """The number of the entry of an event of the ticket."""
    query = select(AuditEntry.id).where(AuditEntry.source == "ticket_event")
    return db.session.scalars(query.where(AuditEntry.content["action"].astext == action)).one()


def test_every_change_is_in_the_chain_once_and_without_a_word_of_the_firm(
    log: Path, town: Town
) -> None:
    events = db.session.scalar(select(func.count()).select_from(TicketEvent))
    query = select(func.count()).where(AuditEntry.source == "ticket_event")
    assert db.session.scalar(query) == events
    assert db.session.scalar(select(func.count()).select_from(AuditQueue)) == 0
    assert found(log) == []
    unit = town.departments["finance"]
    with transaction():
        by = Editor(town.admin.id, MONDAY)
        accounts.update_user(by, town.cadre.id or 0, "李明", "13811112222", unit)
    assert seal() == 2
    editor = Editor(town.security.id, MONDAY)
    with transaction():
        granting.give(editor, town.cadre.id or 0, Role.REVIEWER, unit)
    assert seal() == 2
    two = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)).all()
    row, change = sorted(two, key=lambda one: one.source, reverse=True)
    assert (row.source, row.content["old"], row.content["new"]) == (
        *("user", {"role": "cadre"}, {"role": "reviewer"}),
    )
    assert (change.actor, change.subject) == ("安全", f"user:{town.cadre.id}")
    said = str([one.content for one in db.session.scalars(select(AuditEntry))])
    assert not [word for word in ("过桥资金", "1380000", "13811112222", "argon2") if word in said]
    assert found(log) == []


def test_what_waits_is_reported_and_not_blamed(log: Path, town: Town) -> None:
    Play(town).file()
    db.session.rollback()
    report = verifying.verify(KEY, log)
    assert report.unsealed > 0 and report.since is not None and report.findings == []
    db.session.rollback()


def test_an_altered_entry_is_found(log: Path, attack: Callable[..., None]) -> None:
    seq = entry_of("resolve")
    attack("UPDATE audit_entry SET actor = '别人' WHERE id = :seq", seq=seq)
    assert found(log) == [(seq, "ticket_event", "altered: the entry does not have its hash")]


def test_an_altered_source_row_is_found(log: Path, attack: Callable[..., None], town: Town) -> None:
    seq = entry_of("resolve")
    attack("UPDATE ticket_event SET payload = '{}' WHERE action = 'resolve'")
    assert found(log) == [(seq, "ticket_event", "source row altered")]
    attack("UPDATE \"user\" SET role = 'leader' WHERE username = 'supervisor'")
    assert [one[1:] for one in found(log)] == [
        ("user", "source row altered"),
        ("ticket_event", "source row altered"),
    ]
    # Tests before this one may have left calendars of their own: one of them is altered.
    of = "WHERE calendar_id = (SELECT id FROM calendar WHERE current)"
    attack(f"UPDATE calendar_day SET name = name || '。' {of}")
    days = [one for one in found(log) if one[1:] == ("calendar", "source row altered")]
    attack(f"UPDATE calendar_day SET name = rtrim(name, '。') {of}")
    assert len(days) == 1


def test_a_deleted_entry_and_a_deleted_row_are_found(
    log: Path, attack: Callable[..., None]
) -> None:
    seq = entry_of("sign")
    attack("DELETE FROM audit_entry WHERE id = :seq", seq=seq)
    assert found(log) == [
        (seq + 1, "", f"missing: entries {seq} to {seq}"),
        (None, "ticket_event", "source row without an entry"),
    ]
    gone = entry_of("confirm")
    attack("DELETE FROM ticket_event WHERE action = 'confirm'")
    assert (gone, "ticket_event", "source row deleted") in found(log)


def test_an_inserted_row_is_found(log: Path, attack: Callable[..., None]) -> None:
    names = ", ".join(column.name for column in AuditEntry.__table__.columns if column.name != "id")
    attack(
        f"INSERT INTO audit_entry (id, {names}) SELECT max(id) OVER () + 1, {names}"
        " FROM audit_entry ORDER BY id LIMIT 1",
        "INSERT INTO ticket_event (ticket_id, seq, version, action, actor_role, actor_name, at,"
        " to_status, round, public, payload) SELECT ticket_id, 99, 99, 'note', 'cadre', 'x', at,"
        " to_status, 1, false, '{}' FROM ticket_event LIMIT 1",
    )
    problems = [what for _seq, _source, what in found(log)]
    assert "does not follow the entry before it" in problems
    assert "source row without an entry" in problems


def test_a_swapped_pair_is_found(log: Path, attack: Callable[..., None]) -> None:
    seq = entry_of("sign")
    swap = "UPDATE audit_entry SET id = :to WHERE id = :off"
    for off, to in ((seq, -1), (seq + 1, seq), (-1, seq + 1)):
        attack(swap, off=off, to=to)
    places = {place for place, _source, _what in found(log)}
    assert {seq, seq + 1} <= places


def test_a_truncated_tail_is_found_by_the_checkpoint(
    log: Path, attack: Callable[..., None], broom: Connection
) -> None:
    seq = db.session.scalar(select(func.max(AuditEntry.id))) or 0
    queue = "INSERT INTO audit_queue (source, source_id, op) SELECT source, source_id, op"
    attack(
        f"{queue} FROM audit_entry WHERE id > :kept",  # as if its rows still waited
        "DELETE FROM audit_entry WHERE id > :kept",
        "DELETE FROM audit_checkpoint",
        kept=seq - 3,
    )
    assert found(log) == [(seq, "", "truncated: the entry of a checkpoint is gone")]


def test_a_chain_that_was_written_anew_is_found_by_the_checkpoint(
    log: Path, attack: Callable[..., None]
) -> None:
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    row = {column.name: getattr(last, column.name) for column in AuditEntry.__table__.columns}
    columns = sealing._shape(last.source)[1]
    forged = chain.hash_of({**row, "actor": "别人"}, columns)
    attack(
        "UPDATE audit_entry SET actor = '别人', hash = :hash WHERE id = :seq",
        hash=forged,
        seq=last.id,
    )
    whats = [what for _seq, _source, what in found(log)]
    assert whats == ["rewritten: the entry of a checkpoint has another hash"]
    assert found(log, first=1, last=last.id - 1) == []


def test_a_checkpoint_with_another_key_is_found(log: Path) -> None:
    with transaction():
        made = checkpoints.make(MONDAY, "asked", b"another key")
    assert made is not None
    checkpoints.keep(made, log)
    assert [what for _seq, _source, what in found(log)] == ["a checkpoint has a wrong signature"]


def test_the_application_adds_what_the_triggers_saw_and_nothing_else(log: Path) -> None:
    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    row = {column.name: getattr(last, column.name) for column in AuditEntry.__table__.columns}
    follows = {**row, "id": last.id + 1, "previous": last.hash}
    row_of = insert(AuditEntry)
    for values, problem in (
        ({**follows, "id": last.id + 2}, "does not follow"),
        ({**follows, "previous": "0"}, "does not follow"),
        (follows, "is of nothing in the queue"),
    ):
        with pytest.raises(ProgrammingError, match=problem):
            db.session.execute(row_of, values)
        db.session.rollback()


def test_the_application_cannot_change_or_empty_the_log(ctx: None) -> None:
    acts = ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}")
    for table in ("audit_entry", "audit_checkpoint", "audit_shape", "audit_queue"):
        for act in acts:
            with pytest.raises(ProgrammingError, match="permission denied"):
                db.session.execute(text(act.format(table)))
            db.session.rollback()


def test_one_sealer_at_a_time_and_one_checkpoint_a_day(log: Path, town: Town) -> None:
    Play(town).file()
    with db.engine.begin() as other:
        other.execute(select(func.pg_advisory_xact_lock(sealing.LOCK)))
        assert seal() == 0
    job.run()
    job.run()
    made = db.session.scalars(select(AuditCheckpoint.why).order_by(AuditCheckpoint.id)).all()
    assert made == ["day", "day"]  # the fixture's on that Monday, and today's
    assert job.waiting(utcnow()) is False


def test_a_new_algorithm_goes_on_with_the_same_chain(log: Path, town: Town) -> None:
    Play(town).file()
    with transaction():
        sealing.seal(utcnow(), algorithm="sm3")
    names = db.session.scalars(select(AuditEntry.algorithm).distinct()).all()
    assert set(names) == {"sha256", "sm3"}
    assert found(log) == []


def test_every_watched_table_has_its_triggers_and_every_table_is_watched_or_known(
    ctx: None,
) -> None:
    query = text(
        "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgname IN ('audit_changed', 'audit_added')"
    )
    assert set(db.session.scalars(query)) == set(SOURCES)
    every = {table.name for table in db.metadata.sorted_tables}
    assert every == set(SOURCES) | UNWATCHED, "watch a new table (0020), or say why not, here"
