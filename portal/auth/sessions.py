"""Session rows: begin, find, note, end. The cookie carries a secret, the row only its hash."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from portal.auth.access_models import UserSession
from portal.auth.models import User
from portal.auth.roles import Role
from portal.extensions import db

NOTED = timedelta(minutes=1)  # `seen_at` is written at most this often
MOST_AGENT = 300


class End(StrEnum):
    """Why a session ended."""

    IDLE = "idle"
    AGE = "age"
    SIGNED_OUT = "signed_out"
    OWNER = "owner"  # from another session of the same person
    ADMIN = "admin"
    PASSWORD = "password"  # noqa: S105 – the word for a new password
    STOPPED = "stopped"
    ROLE = "role"


@dataclass(frozen=True)
class Limits:
    """How long a session lasts without a request, by kind of user, and in all."""

    staff: timedelta
    firms: timedelta
    whole: timedelta

    def idle(self, role: str) -> timedelta:
        """The idle limit of a role."""
        return self.firms if role == Role.APPLICANT else self.staff


def digest(token: str) -> str:
    """What is stored of a secret of 256 bits; SHA-256 is enough for one that nobody can guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(user_id: int, now: datetime, address: str, agent: str) -> str:
    """A new session at `now` (UTC); returns the secret for the cookie, which is kept nowhere."""
    token = secrets.token_urlsafe(32)
    db.session.add(
        UserSession(
            token_hash=digest(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            address=address,
            agent=agent[:MOST_AGENT],
        )
    )
    return token


def find(token: str) -> tuple[UserSession, User] | None:
    """The session of a secret and whose it is, ended ones too; one statement."""
    query = select(UserSession, User).join(User, User.id == UserSession.user_id)
    row = db.session.execute(query.where(UserSession.token_hash == digest(token))).first()
    return (row[0], row[1]) if row is not None else None


def over(row: UserSession, role: str, now: datetime, limits: Limits) -> End | None:
    """Why the session is over at `now`; None while it lives."""
    if row.ended_why is not None:
        return End(row.ended_why)
    if now - row.created_at > limits.whole:
        return End.AGE
    return End.IDLE if now - row.seen_at > limits.idle(role) else None


def note(session_id: int, now: datetime) -> None:
    """Writes that the session was used at `now`."""
    living = UserSession.id == session_id, UserSession.seen_at < now
    db.session.execute(update(UserSession).where(*living).values(seen_at=now))


def due(row: UserSession, now: datetime) -> bool:
    """Whether the last request is long enough ago to be noted anew."""
    return now - row.seen_at >= NOTED


def end(session_id: int, why: End, now: datetime, user_id: int | None = None) -> bool:
    """Ends one session, of `user_id` where given; False when there is none that lives."""
    wanted = [UserSession.id == session_id, UserSession.ended_at.is_(None)]
    if user_id is not None:
        wanted.append(UserSession.user_id == user_id)
    ended = update(UserSession).where(*wanted).values(ended_at=now, ended_why=why)
    return bool(db.session.execute(ended.returning(UserSession.id)).first())


def end_all(user_id: int, why: End, now: datetime, keep: int | None = None) -> int:
    """Ends every session of a person but the one with the id `keep`; how many were ended."""
    wanted = [UserSession.user_id == user_id, UserSession.ended_at.is_(None)]
    if keep is not None:
        wanted.append(UserSession.id != keep)
    ended = update(UserSession).where(*wanted).values(ended_at=now, ended_why=why)
    return len(db.session.execute(ended.returning(UserSession.id)).all())


def for_user(user: User, now: datetime, limits: Limits) -> Sequence[UserSession]:
    """The sessions of a person that live at `now`, the last used first."""
    query = select(UserSession).where(
        UserSession.user_id == user.id,
        UserSession.ended_at.is_(None),
        UserSession.created_at >= now - limits.whole,
        UserSession.seen_at >= now - limits.idle(user.role),
    )
    return db.session.scalars(query.order_by(UserSession.seen_at.desc(), UserSession.id)).all()
