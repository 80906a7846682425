"""The notice on personal data has versions; who agreed to which, and when."""

from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.models import User
from portal.auth.roles import Role
from portal.extensions import db
from portal.private.models import Consent

# Of the text of templates/private/notice.html: a new text that asks for more is a new version.
VERSION = "2026-11"


def agree(user_id: int, now: datetime) -> None:
    """Notes that the person agrees to the present version; twice is once."""
    row = insert(Consent).values(user_id=user_id, version=VERSION, at=now)
    db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id", "version"]))


def agree_all(now: datetime) -> None:
    """Notes it for every person of a firm: the demonstration asks nobody."""
    firms = select(User.id, literal(VERSION), literal(now)).where(User.role == Role.APPLICANT)
    row = insert(Consent).from_select(["user_id", "version", "at"], firms)
    db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id", "version"]))


def agreed(user_id: int) -> list[Consent]:
    """What a person agreed to, the latest first."""
    query = select(Consent).where(Consent.user_id == user_id).order_by(Consent.id.desc())
    return list(db.session.scalars(query))


def asks(user: User) -> bool:
    """Whether the person, one of a firm, has not agreed to the present version; officers act in
    office and are not asked."""
    if user.role != Role.APPLICANT:
        return False
    query = select(Consent.id).where(Consent.user_id == user.id, Consent.version == VERSION)
    return db.session.scalar(query) is None
