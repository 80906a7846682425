"""One-time links: by one the invited, or who forgot their password, sets a password, once.

The secret is shown once and only its hash is kept (ASVS 5.0 6.4.1, 6.4.4). A new link makes the
ones before worthless; so does a new password.
"""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select

from portal.auth import administrators, guard, password_service
from portal.auth.access_models import OneTimeLink
from portal.auth.models import User
from portal.auth.sessions import digest
from portal.directory.changes import Editor, record
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db

OVER = N_("这个链接不存在、已用过或已过期。请联系给您链接的人重新生成。")


class Kind(StrEnum):
    """What a link is for."""

    INVITATION = "invitation"
    RESET = "reset"


HOURS = {Kind.INVITATION: 72, Kind.RESET: 24}


def issue(editor: Editor, user_id: int) -> tuple[str, OneTimeLink]:
    """A new link for a person: the secret, to be shown once, and its row.

    An invitation for who has never signed in, else one for a new password. Raises Invalid for a
    stopped account and for one's own, NotFound.
    """
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    if user.id == editor.id:
        raise Invalid("本人的密码请在“账号安全”中修改。")
    administrators.ensure_password_may_be_given(editor, user)
    if not user.active:
        raise Invalid("账号已停用，请先启用，再生成链接。")
    password_service.revoke_links(user_id, editor.at)
    kind = Kind.INVITATION if user.last_sign_in_at is None else Kind.RESET
    token = secrets.token_urlsafe(32)
    row = OneTimeLink(
        kind=kind,
        user_id=user_id,
        token_hash=digest(token),
        made_by_id=editor.id or 0,
        created_at=editor.at,
        expires_at=editor.at + timedelta(hours=HOURS[kind]),
    )
    db.session.add(row)
    record(editor, "user", user_id, {}, {"link": str(kind)})
    return token, row


def revoke(editor: Editor, user_id: int) -> None:
    """Makes the person's links worthless."""
    if password_service.revoke_links(user_id, editor.at):
        record(editor, "user", user_id, {}, {"link": "revoked"})


def living(user_id: int, now: datetime) -> OneTimeLink | None:
    """The link of a person that can still be used."""
    return db.session.scalar(
        select(OneTimeLink)
        .where(OneTimeLink.user_id == user_id, *_usable(now))
        .order_by(OneTimeLink.id.desc())
        .limit(1)
    )


def find(token: str, now: datetime, *, lock: bool = False) -> OneTimeLink:
    """The link of a secret. Raises NotFound, with the same sentence whatever is wrong with it."""
    query = select(OneTimeLink).where(OneTimeLink.token_hash == digest(token), *_usable(now))
    found = db.session.scalar(query.with_for_update() if lock else query)
    if found is None or not found.user.active:
        raise NotFound(OVER)
    return found


def use(token: str, password: str, now: datetime) -> User:
    """Sets the password; the link is worth nothing from now on, and a lock of the account ends.

    Raises NotFound, Invalid for a weak password.
    """
    link = find(token, now, lock=True)
    user = link.user
    password_service.check(user, password)
    link.used_at = now
    db.session.flush()
    password_service.set_password(user, password, now, must_change=False)
    editor = Editor(user.id, now)
    record(editor, "user", user.id, {}, {"link": "used"})
    if lock := guard.lock_of(user.id, now):
        guard.lift(editor, lock)
    return user


def _usable(now: datetime) -> tuple:
    over = OneTimeLink.used_at.is_(None), OneTimeLink.revoked_at.is_(None)
    return *over, OneTimeLink.expires_at > now
