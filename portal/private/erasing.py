"""A person is forgotten: asked for, taken back, done. Figures, events and the chain stay whole.

Rows keep the account's id; nothing in it or beside it tells any more who it was. Events hold a
firm's people masked (tickets.service.move), so they need no change. What officers did in office
stays under the name they did it in; their account is made anonymous all the same.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from portal.auth.access_models import JoinRequest, OneTimeLink, SignInLock, UserSession
from portal.auth.factor_models import ExternalIdentity, RecoveryCode, SecondFactor
from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.changes import Editor, record
from portal.directory.models import Enterprise, EnterpriseContact
from portal.errors import N_, Conflict, NotAllowed, NotFound
from portal.exports import service as exports
from portal.extensions import db
from portal.notify.models import Notice
from portal.private.models import Erasure
from portal.search.models import SavedView
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

GONE = N_("已注销用户")
OPEN_TICKETS = N_("您还有 %(n)d 件诉求没有办结。请先等它们办结、撤回，或转给本企业的其他经办人。")


# Rows that are nothing but this person's.
_THEIRS: tuple[Any, ...] = (
    *(UserSession, OneTimeLink, SecondFactor, RecoveryCode, ExternalIdentity),
    *(Notice, SavedView),
)


def asked(user_id: int) -> Erasure | None:
    """The wish that is not done yet."""
    query = select(Erasure).where(Erasure.user_id == user_id, Erasure.ended_at.is_(None))
    return db.session.scalar(query)


def open_tickets(user_id: int) -> int:
    """How many open tickets wait for this person: those filed, and those in hand."""
    query = select(func.count()).where(_theirs(user_id), Ticket.status != Status.CLOSED)
    return db.session.scalar(query) or 0


def ask(actor: Actor, user_id: int, wait: timedelta, now: datetime) -> Erasure:
    """Notes the wish; it is done after `wait`, and not while a ticket can still be reopened.

    Of oneself as somebody of a firm; an administrator asks for former staff. Raises NotAllowed,
    NotFound, and Conflict with open tickets.
    """
    user = db.session.get(User, user_id, with_for_update=True)
    if user is None or user.erased_at is not None:
        raise NotFound("没有找到这个账号。")
    _may(actor, user)
    if count := open_tickets(user_id):
        raise Conflict(OPEN_TICKETS, n=count)
    if (before := asked(user_id)) is not None:
        return before
    latest = select(func.max(Ticket.reopen_until)).where(Ticket.applicant_id == user_id)
    reopened = db.session.scalar(latest)
    due = max(now + wait, reopened or now)
    wish = Erasure(user_id=user_id, asked_by_id=actor.id or 0, asked_at=now, due_at=due)
    db.session.add(wish)
    db.session.flush()
    return wish


def take_back(user_id: int, now: datetime) -> None:
    """The person stays. Raises NotFound where nothing was asked."""
    wish = asked(user_id)
    if wish is None:
        raise NotFound("没有待执行的注销申请。")
    wish.ended_at = now


def due(now: datetime) -> list[int]:
    """The ids of the wishes to be done."""
    query = select(Erasure.id).where(Erasure.ended_at.is_(None), Erasure.due_at <= now)
    return list(db.session.scalars(query.order_by(Erasure.id)))


def carry_out(erasure_id: int, now: datetime) -> list[str]:
    """Does one wish; the stored names of files to remove. Nothing the second time.

    With a ticket open again it waits until that is closed.
    """
    wish = db.session.get(Erasure, erasure_id, with_for_update=True)
    if wish is None or wish.ended_at is not None or open_tickets(wish.user_id):
        return []
    wish.ended_at, wish.done = now, True
    return forget(db.session.get_one(User, wish.user_id, with_for_update=True), now)


def forget(user: User, now: datetime) -> list[str]:
    """Makes the account anonymous, and its traces; the stored names of files to remove."""
    phone = user.phone
    for model in _THEIRS:
        db.session.execute(delete(model).where(model.user_id == user.id))
    db.session.execute(delete(SignInLock).where(SignInLock.user_id == user.id))
    asked_in = update(JoinRequest).where(JoinRequest.user_id == user.id)
    blank = {"name": GONE, "username": f"erased-{user.id}", "phone": ""}
    db.session.execute(asked_in.values(**blank))
    files = _drop_draft(user.id)
    exports.forget(user.id, now)
    own = update(Ticket).where(Ticket.applicant_id == user.id)
    db.session.execute(own.values(contact_name="", contact_phone=""))
    _leave_firm(user, phone)
    user.name, user.username, user.phone = GONE, f"erased-{user.id}", None
    user.password_hash = f"!{secrets.token_hex(8)}"
    user.active, user.last_sign_in_at, user.erased_at = False, None, now
    db.session.flush()
    record(Editor(None, now), "user", user.id, {"active": True}, {"active": False})
    return files


def _may(actor: Actor, user: User) -> None:
    own = actor.id == user.id and user.role == Role.APPLICANT
    former = actor.role is Role.ADMIN and not user.active and actor.id != user.id
    if not own and not former:
        raise NotAllowed("只能注销本人的账号；离职人员的账号由管理员先停用、再注销。")


def _theirs(user_id: int) -> ColumnElement[bool]:
    return or_(Ticket.applicant_id == user_id, Ticket.assignee_id == user_id)


def _drop_draft(user_id: int) -> list[str]:
    drafts = select(Draft.id).where(Draft.user_id == user_id)
    gone = delete(Attachment).where(Attachment.draft_id.in_(drafts))
    names = list(db.session.scalars(gone.returning(Attachment.stored_name)))
    db.session.execute(delete(Draft).where(Draft.user_id == user_id))
    return names


def _leave_firm(user: User, phone: str | None) -> None:
    """Takes the person off the firm's contacts: the same number, or the same name."""
    if user.enterprise_id is None:
        return
    firm = db.session.get_one(Enterprise, user.enterprise_id, with_for_update=True)
    if _same(user, phone, firm.contact_name, firm.contact_phone):
        firm.contact_name = firm.contact_phone = "–"
    query = select(EnterpriseContact).where(EnterpriseContact.enterprise_id == firm.id)
    rows: Iterable[EnterpriseContact] = db.session.scalars(query).all()
    for row in rows:
        if _same(user, phone, row.name, row.phone):
            db.session.delete(row)


def _same(user: User, phone: str | None, name: str, number: str) -> bool:
    return name == user.name or (phone is not None and number == phone)
