"""Data in every table, for the tests of migrations; each noun adds its own rows."""

import secrets
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit import checkpoints, refusals, sealing
from portal.audit.refusals import Refused
from portal.audit.service import Look, looked
from portal.auth.access_models import (
    JoinRequest,
    OneTimeLink,
    SignInLock,
    SignInTry,
    UserSession,
)
from portal.db import transaction
from portal.directory import place_service
from portal.directory.changes import Editor
from portal.directory.models import EnterpriseClass, EnterpriseContact, Leave, Pairing, Skill
from portal.kpi import rollup
from portal.private import consents, retention
from portal.private.models import Erasure
from portal.routing import rulebook
from portal.search.models import Bulk, BulkItem, SavedView, SearchRun
from portal.sheets.models import ExportLog, SheetImport, SheetLine
from portal.sla import recompute_runs
from portal.sla.calendars import current_calendar_id
from portal.suggest.models import SuggestModel
from portal.tickets.file_models import Attachment
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.service import confirmation, drafts, exclusion, extension, handle, hold, triage
from portal.visits.models import Visit
from portal.visits.service import visit
from tests.factories import MONDAY, Town, make_town
from tests.service.problem_rows import make_problem
from tests.service.proven_rows import proven
from tests.service.published_rows import make_published
from tests.service.stages import assigned, signed
from tests.supervising import watched
from tests.visiting import filed, pair


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
        private(session, town)
        looked(town.supervisor, [asked.ticket_id], Look("print"), MONDAY)
        sealing.seal(MONDAY, 5)
        checkpoints.make(MONDAY, "day", b"key")
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
        come_in(session, town)
        session.add_all(proven(town))
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


def private(session: Session, town: Town) -> None:
    """A consent, a wish to be forgotten, a night's retention."""
    consents.agree(town.firm.id or 0, MONDAY)
    who = {"user_id": town.other.id, "asked_by_id": town.other.id}
    session.add(Erasure(**who, asked_at=MONDAY, due_at=MONDAY))
    retention.noted(MONDAY.date(), {"drafts": 1}, MONDAY)
    refusals.counted(Refused("missing", "10.0.0.1", town.cadre.id), MONDAY)


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


def come_in(session: Session, town: Town) -> None:
    """A session, a wrong password and its lock, a link, and somebody who wants to join a firm."""
    at, until = MONDAY, MONDAY + timedelta(minutes=15)
    user, by = {"user_id": town.cadre.id}, {"made_by_id": town.admin.id}
    person = {"username": "newcomer", "name": "钱会计", "phone": "13800003333"}
    session.add_all(
        [
            UserSession(
                token_hash="a", created_at=at, seen_at=at, address="192.0.2.1", agent="", **user
            ),
            SignInTry(account_key="a", address="192.0.2.1", at=at, counted=True),
            SignInLock(kind="account", key="a", tries=5, at=at, until=until, **user),
            OneTimeLink(
                kind="reset", token_hash="b", created_at=at, expires_at=until, **by, **user
            ),
            JoinRequest(enterprise_id=town.enterprise_id, state="asked", created_at=at, **person),
        ]
    )
