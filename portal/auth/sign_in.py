"""Sign-in by name and password: one answer for unknown, locked, inactive and wrong."""

from datetime import datetime

from sqlalchemy import select

from portal.auth import guard, joining
from portal.auth.access_models import JoinRequest
from portal.auth.breached import BREACHED
from portal.auth.guard import Attempt, Rules
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.extensions import db


def finish(
    attempt: Attempt, username: str, password: str, now: datetime, rules: Rules
) -> User | JoinRequest | None:
    """The account when all is right, else None; the same work and the same time either way.

    Somebody who waits for a firm's yes, or was refused, gets that request. `attempt` is what
    guard.begin has noted, committed before. A password that was stolen meanwhile has to be changed.
    """
    user = db.session.scalar(select(User).where(User.username == username.strip().lower()))
    asked = joining.latest(username)
    holder = user if user is not None else asked
    right = HASHER.matches(holder.password_hash if holder is not None else None, password)
    if not right or holder is None or not attempt.open or (user is not None and not user.active):
        guard.failed(attempt, user, now, rules)
        return None
    guard.passed(attempt, now)
    if user is None:
        return asked
    if HASHER.outdated(user.password_hash):
        user.password_hash = HASHER.hash(password)
    if BREACHED.holds(password) and not user.demonstration:
        user.must_change_password = True
    user.signed_in(now)
    return user
