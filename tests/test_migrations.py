"""Migrations go up and down with data in every table, and the models are the schema."""

import secrets
from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from psycopg import sql
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.db import transaction
from portal.directory import place_service
from portal.directory.changes import Editor
from portal.directory.models import EnterpriseClass, EnterpriseContact, Leave, Pairing, Skill
from portal.extensions import db
from portal.factory import create_app
from portal.kpi import rollup
from portal.routing import rulebook
from portal.search.models import Bulk, BulkItem, SavedView, SearchRun
from portal.sheets.models import ExportLog, SheetImport, SheetLine
from portal.sla import recompute_runs
from portal.sla.calendars import current_calendar_id
from portal.suggest.models import SuggestModel
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.models import Attachment
from portal.tickets.service import confirmation, drafts, exclusion, extension, handle, hold, triage
from portal.visits.models import Visit
from portal.visits.service import visit
from tests.factories import MONDAY, Town, make_town
from tests.service.problem_rows import make_problem
from tests.service.published_rows import make_published
from tests.service.stages import assigned, signed
from tests.services import Services
from tests.supervising import watched
from tests.visiting import filed, pair


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


def fill() -> None:
    """Data in every table: people, a finished ticket, a paused one, orders, returns, a draft."""
    town = make_town()
    assigned(town).to_confirmation().confirm()
    asked = signed(town)
    asked.do(triage.supervise, town.supervisor, "请说明进展")
    asked.do(handle.ask_return, asked.who, "not_ours", "不归我们管")
    asked.do(handle.ask_info, asked.who, "请补充贷款合同").relay()
    held = signed(town)
    days = date(2026, 3, 20), date(2026, 3, 10)
    held.do(hold.ask_hold, held.who, "funds", "资金未到位", *days, held.who.id)
    held.do(hold.hold, town.supervisor, "同意")
    held.do(extension.ask_extension, held.who, 5, "approval", "等待批复")
    held.do(extension.grant_extension, town.supervisor, "同意")
    held.do(exclusion.ask_exclusion, town.supervisor, "in_court", "已立案")
    disputed = assigned(town).to_confirmation().do(confirmation.dispute, town.firm, 1, "没有续贷")
    with transaction() as session:
        rollup.step(MONDAY)  # what is played later waits for the next
        draft = drafts.save(town.firm, {"title": "再来一件"}, MONDAY)
        session.add_all([file_of(town, draft.id), *absences_and_pairings(town), *known(town)])
        session.add_all([*sought(town, asked.ticket_id), *handed_over(town)])
        session.add(SuggestModel(state="asked", asked_by="吴管", asked_at=MONDAY))
        recompute_runs.start_calendar(current_calendar_id(), "吴管")
        rules = rulebook.new_draft(town.admin, MONDAY)
        region = (None, town.region_id, None, None)
        rulebook.put_rule(town.admin, rules.id, 0, region, town.departments["labour"], MONDAY)
        sheets(session)
        watched(session, town)
        editor = Editor(town.admin.id, MONDAY)
        place_service.set_place_active(editor, "regions", town.region_id, active=False)
    make_problem(town, held, disputed)
    visited(town)
    make_published(town)


def visited(town: Town) -> None:
    """A visit with a correction, one problem of which is filed and waits for the firm's word."""
    pair(town)
    filed(town)
    with transaction() as session:
        one = session.scalars(select(Visit)).one()
        visit.correct(town.cadre, one.id, "还见到了赵厂长。", "c", MONDAY)


def file_of(town: Town, draft_id: int) -> Attachment:
    return Attachment(
        draft_id=draft_id,
        stored_name=secrets.token_hex(8),
        name="合同.pdf",
        media_type="application/pdf",
        size=5,
        sha256="0" * 64,
        uploaded_by_id=town.firm.id,
    )


def absences_and_pairings(town: Town) -> list[Leave | Pairing]:
    day = date(2026, 3, 2)
    return [
        Leave(cadre_id=town.cadre2.id, starts_on=day, ends_on=day),
        Pairing(enterprise_id=town.other_enterprise_id, owner_id=town.labour.id, starts_on=day),
    ]


def handed_over(town: Town) -> list[Handover | HandoverItem]:
    day = date(2026, 3, 2)
    list_ = Handover(
        cadre_id=town.cadre.id,
        deputy_id=town.cadre2.id,
        starts_on=day,
        ends_on=day,
        give_back=True,
        offered_at=MONDAY,
    )
    return [list_, HandoverItem(handover=list_, ticket=signed(town).ticket)]


def known(town: Town) -> list[EnterpriseClass | EnterpriseContact | Skill]:
    firm, day = town.enterprise_id, date(2025, 1, 1)
    return [
        EnterpriseClass(enterprise_id=firm, name="gazelle", valid_from=day),
        EnterpriseContact(enterprise_id=firm, name="钱会计", phone="13800003333"),
        Skill(cadre_id=town.cadre.id, category_id=town.categories["融资"]),
    ]


def sought(town: Town, ticket_id: int) -> list[SearchRun | SavedView | Bulk]:
    user, at = town.dispatcher.id, MONDAY
    act = Bulk(key="k", user_id=user, action="dispatch", fields={}, created_at=at)
    act.items.append(BulkItem(ticket_id=ticket_id, seen=1))
    return [
        SearchRun(state="done", total=1, started_at=at, finished_at=at),
        SavedView(user_id=user, name="待派", query="status=triage", created_at=at),
        act,
    ]


def sheets(session: Session) -> None:
    session.add(row := SheetImport(kind="k", file_name="f", sha256="0", size=1, by_name="吴管"))
    session.flush()
    line = {"import_id": row.id, "cells": {}, "changes": {}, "problems": []}
    session.add(SheetLine(seq=1, number=2, action="new", **line))
    session.add(ExportLog(kind="regions", format="csv", rows=1, at=MONDAY, by_name="吴管"))


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
    query = "SELECT has_table_privilege('ticket_event', :right)"
    rights = {
        right: db.session.execute(text(query), {"right": right}).scalar_one()
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
    }
    assert rights == {
        "SELECT": True,
        "INSERT": True,
        "UPDATE": False,
        "DELETE": False,
        "TRUNCATE": False,
    }


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
