"""What is one account's alone, and what is asked of those who rule on accounts, for the walk."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app

from portal.audit import job as audit_job
from portal.audit.sealing import LOCAL
from portal.auth import links
from portal.auth.access_models import JoinRequest, SignInLock, UserSession
from portal.auth.factor_models import RoleRequest
from portal.auth.models import User
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.exports.models import OWN, ExportRun
from portal.extensions import db
from portal.notify.models import Notice
from portal.private.models import Erasure
from portal.search import bulk
from portal.search.models import Bulk, BulkItem, SavedView
from portal.tickets.service import seal
from portal.tickets.service.move import Ask
from tests.factories import Town, make_user
from tests.service.stages import sealed

Add = Callable[[Any], int]


def belongings(user_id: int, who: str, ticket_id: int, add: Add) -> dict[str, int]:
    """One of each thing that is one account's alone, by the argument that names it."""
    now, key = utcnow(), f"k{user_id}"
    notice = Notice(user_id=user_id, kind="calendar_end", params={}, key=key, created_at=now)
    act = Bulk(key=key, user_id=user_id, action="dispatch", fields={}, created_at=now)
    act.items.append(BulkItem(ticket_id=ticket_id, seen=1, result="done"))
    kept = {"state": "done", "expires_at": now + timedelta(days=1), "language": "zh_CN", "total": 1}
    kept |= {"asked": {}, "by_id": user_id, "created_at": now, "spool_name": key}
    list_ = ExportRun(source="search", format="csv", stored_name=key, **kept)
    own = ExportRun(source=OWN, format="zip", stored_name=f"own{key}", **kept)
    folder = Path(current_app.config["UPLOAD_DIR"], "exports")
    folder.mkdir(exist_ok=True)
    for run in (list_, own):
        (folder / str(run.stored_name)).write_bytes(b"x")
    here = {"user_id": user_id, "created_at": now, "seen_at": now, "agent": "x"}
    view = SavedView(user_id=user_id, name=who, query="status=open", created_at=now)
    return {
        "notice_id": add(notice),
        "view_id": add(view),
        "bulk_id": add(act),
        "exports:run_id": add(list_),
        "private:run_id": add(own),
        "session_id": add(UserSession(**here, token_hash=key, address="127.0.0.1")),
    }


def asked_of(endpoint: str, role: Role) -> str:
    """The query without which an own page has nothing to show."""
    match endpoint:
        case "bulk.ask" | "bulk.act":
            return f"?action={bulk.actions(role)[0]}" if bulk.actions(role) else ""
        case "supervision.new_orders":
            return "?of=overdue"
    return ""


def opened(town: Town) -> str:
    """The number of a sealed ticket whose identity those who may have opened just now."""
    play = sealed(town, None)
    for who in (town.dispatcher, town.supervisor):
        with transaction():
            seal.reveal(Ask(who, play.ticket_id, utcnow()), "核对检查日期")
    return play.ticket.number


def handed_out(town: Town, add: Add) -> dict[str, tuple[Any, ...]]:
    """What an address carries as a secret, and what only a wish or the log has."""
    now = utcnow()
    with transaction():
        token, _ = links.issue(Editor(town.admin.id, now), town.cadre2.id or 0)
    wish = {"user_id": town.firm.id or 0, "asked_by_id": town.firm.id or 0}
    add(Erasure(**wish, asked_at=now, due_at=now + timedelta(days=9)))
    audit_job.bring_up(utcnow)
    month = f"{now.astimezone(LOCAL):%Y-%m}"
    return {
        "links.welcome:token": (token, None, "no"),
        "audit.part:month": (month, None, "2001-01"),
    }


def ruled_on(town: Town, add: Add) -> dict[str, tuple[Any, ...]]:
    """Members and requests of the firm and of another, a lock, a role that is asked for."""
    now = utcnow()
    db.session.get_one(User, town.firm.id).firm_admin = True
    mate = make_user("mate", Role.APPLICANT, "同事", enterprise_id=town.enterprise_id).id
    waits = make_user("waits", Role.NONE, "待授权").id
    unit = town.departments["finance"]
    former = make_user("former", Role.CADRE, "离职", department_id=unit)
    former.active, left = False, former.id
    db.session.commit()
    asked = [
        add(
            JoinRequest(
                enterprise_id=firm,
                username=f"new{firm}",
                name="新人",
                phone="1",
                password_hash="!",
                state="asked",
                created_at=now,
            )
        )
        for firm in (town.enterprise_id, town.other_enterprise_id)
    ]
    until = now + timedelta(hours=1)
    lock = SignInLock(kind="address", key="10.0.0.1", tries=5, at=now, until=until)
    role = RoleRequest(
        user_id=waits, role="dispatcher", asked_by_id=town.admin.id or 0, asked_at=now
    )
    return {
        "members:user_id": (mate, town.other.id),
        "admin.appoint:user_id": (mate,),
        "members:request_id": tuple(asked),
        "admin:request_id": (asked[1],),
        "security:request_id": (add(role),),
        "security:user_id": (town.cadre2.id,),
        "private:user_id": (left,),
        "admin:lock_id": (add(lock),),
        "audit:seq": (1,),
    }
