"""Passwords of accounts: verify, set, change, give a one-time one; each ends the sessions."""

from datetime import datetime

from sqlalchemy import update

from portal.auth import administrators, passwords, sessions
from portal.auth.access_models import OneTimeLink
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import Role
from portal.auth.sessions import End
from portal.directory.changes import Editor, record
from portal.errors import Invalid, NotFound
from portal.extensions import db


def check(user: User, password: str) -> None:
    """Raises Invalid, field `password`, for one that is too weak for this person."""
    firm = user.enterprise
    personal = (user.name, user.username, user.phone)
    known = (firm.name, firm.short_name, firm.uscc, firm.contact_phone) if firm is not None else ()
    passwords.check(password, (*personal, *known))


def change_password(user: User, old: str, new: str, now: datetime) -> None:
    """Sets a new password and ends every session. Raises Invalid."""
    if not HASHER.matches(user.password_hash, old):
        raise Invalid("原密码不正确。", "old")
    if old == new:
        raise Invalid("新密码不能与原密码相同。", "new")
    check(user, new)
    set_password(user, new, now, must_change=False)


def set_password(user: User, password: str, now: datetime, *, must_change: bool) -> None:
    """Writes the hash of a password that was checked; sessions end, links are worth nothing."""
    user.password_hash = HASHER.hash(password)
    user.password_changed_at = now
    user.must_change_password = must_change
    sessions.end_all(user.id, End.PASSWORD, now)
    revoke_links(user.id, now)


def revoke_links(user_id: int, now: datetime) -> bool:
    """Makes the person's one-time links worthless; False when there were none."""
    over = OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None)
    mine = update(OneTimeLink).where(OneTimeLink.user_id == user_id, *over)
    revoked = mine.values(revoked_at=now).returning(OneTimeLink.id)
    return bool(db.session.execute(revoked).all())


def reset_password(editor: Editor, user_id: int, password: str) -> User:
    """Gives a one-time password that must be changed at the next sign-in. Raises Invalid."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    administrators.ensure_password_may_be_given(editor, user)
    check(user, password)
    set_password(user, password, editor.at, must_change=True)
    record(editor, "user", user_id, {}, {"password": True})
    return user


def expires_at(user: User, staff_days: int, firm_days: int) -> datetime | None:
    """When the password of this person has to be changed; None: never."""
    days = firm_days if user.role == Role.APPLICANT else staff_days
    return passwords.expires_at(user.password_changed_at or user.created_at, days)
