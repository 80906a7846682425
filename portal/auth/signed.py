"""The browser's end of a session: what the cookie holds, and who this request comes from."""

from datetime import datetime, timedelta
from typing import cast

from flask import current_app, flash, g, request, session
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user

from portal.auth import guard, password_service, sessions
from portal.auth.access_models import UserSession
from portal.auth.guard import Rules
from portal.auth.models import User
from portal.auth.sessions import End, Limits
from portal.db import transaction, utcnow

TOKEN = "sid"  # noqa: S105 – the cookie's name for the session's secret
ENDED = "ended"  # why the session before was over; the sign-in page says it once


def limits() -> Limits:
    """The settings on how long sessions last."""
    config = current_app.config
    return Limits(
        timedelta(minutes=config["IDLE_MINUTES_STAFF"]),
        timedelta(minutes=config["IDLE_MINUTES_FIRMS"]),
        timedelta(hours=config["SESSION_HOURS"]),
    )


def guard_rules() -> Rules:
    """The settings on how many failures lock, and for how long."""
    config = current_app.config
    window = timedelta(minutes=config["LOCK_MINUTES"])
    return Rules(config["LOCK_TRIES"], config["LOCK_TRIES_ADDRESS"], window)


def me() -> User:
    """The person who asks; somebody is signed in."""
    return cast(User, current_user._get_current_object())


def password_until(user: User) -> datetime | None:
    """When this person's password has to be changed; None: never.

    A demonstration's passwords last, outside production.
    """
    config = current_app.config
    if user.demonstration and config["ENVIRONMENT"] != "production":
        return None
    days = config["PASSWORD_DAYS_STAFF"], config["PASSWORD_DAYS_FIRMS"]
    return password_service.expires_at(user, *days)


def must_change(user: User) -> str | None:
    """Why the password has to be changed before anything else: `given`, `expired`, or None."""
    if user.must_change_password:
        return "given"
    until = password_until(user)
    return "expired" if until is not None and until <= utcnow() else None


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or ""


def begin_session(user: User) -> None:
    """Signs a person on with a session of their own: nothing of the one before stays."""
    now, before = utcnow(), current()
    user_id = user.id
    with transaction():
        if before is not None:
            sessions.end(before.id, End.SIGNED_OUT, now)
        token = sessions.begin(user_id, now, address(), request.user_agent.string)
        failures = guard.tell(user_id, now)
    session.clear()
    g.pop("user_session", None)
    session[TOKEN] = token
    login_user(user)
    if failures:
        said = _(
            "上次登录以来，有 %(n)d 次失败尝试，账号曾被锁定。如果不是您本人，请马上修改密码。",
            n=failures,
        )
        flash(said, "warning")


def end_session() -> None:
    """Signs out: a copy of the cookie is worth nothing from now on."""
    before = current()
    if before is not None:
        with transaction():
            sessions.end(before.id, End.SIGNED_OUT, utcnow())
    logout_user()
    session.clear()


def current() -> UserSession | None:
    """The session of this request, while it lives; `load` has found it."""
    return g.get("user_session")


def load(key: str) -> User | None:
    """The person whose id is `key` and whose living session the cookie names; one statement."""
    token = session.get(TOKEN)
    found = sessions.find(token) if isinstance(token, str) else None
    if found is None:
        return None
    row, user = found
    if str(user.id) != key or not user.active:
        return None
    g.session_over = sessions.over(row, user.role, utcnow(), limits())
    if g.session_over is not None:
        return None
    g.user_session, g.seen_at = row, row.seen_at
    return user


def forget() -> None:
    """Clears a cookie whose session is over, and keeps why for the sign-in page."""
    why = g.get("session_over") or "gone"
    logout_user()
    session.clear()
    session[ENDED] = str(why)


def note_use() -> None:
    """Writes that the session is in use, at most once a minute."""
    row, now = current(), utcnow()
    if row is not None and sessions.due(row, now):
        with transaction():
            sessions.note(row.id, now)
        g.seen_at = now


def idle_seconds(user: User) -> tuple[int, int] | None:
    """How long the session lasts without a request, and how much of it is left; None without one.

    What is left is less than the whole by up to a minute: a use is noted once a minute.
    """
    if "seen_at" not in g:
        return None
    whole = limits().idle(user.role)
    return int(whole.total_seconds()), int((g.seen_at + whole - utcnow()).total_seconds())
