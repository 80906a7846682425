"""Guards the sign-in: counts attempts in rows, locks by account and by address, tells of locks.

GB/T 22239-2019 8.1.4.1 b), ASVS 5.0 6.3.1. An attempt is a row before the password is looked at,
so a hundred guesses sent at once are not more than the limit, on however many machines.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, or_, select, text, update

from portal.auth.access_models import SignInLock, SignInTry
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS
from portal.auth.sessions import digest
from portal.directory.changes import Editor, record
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.outbox import service as outbox

ACCOUNT, ADDRESS = "account", "address"
KEPT = timedelta(days=1)
# One attempt for an address and one for an account at a time, while it is counted: always in this
# order, so that two never wait for each other.
_TURN = text(
    "SELECT pg_advisory_xact_lock(7101, hashtext(:address)),"
    " pg_advisory_xact_lock(7102, hashtext(:account))"
)


@dataclass(frozen=True)
class Rules:
    """How many failures within `window` lock an account, or an address, for as long."""

    account: int
    address: int
    window: timedelta


@dataclass(frozen=True)
class Attempt:
    """One attempt; when it is not `open`, a right password is refused like a wrong one."""

    id: int
    account_key: str
    address: str
    open: bool


def account_key(username: str) -> str:
    """What is stored of the name typed: people type passwords into that field, too."""
    return digest(username.strip().lower()[:64])


def network(address: str) -> str:
    """The address that is counted: of IPv6 the /64, which one customer has for themself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))


def begin(username: str, address: str, now: datetime, rules: Rules) -> Attempt:
    """Notes an attempt at `now`, before the password is looked at; commit it at once.

    The same statements run for every name, known or not, locked or not.
    """
    key, place = account_key(username), network(address)
    db.session.execute(_TURN, {"address": place, "account": key})
    locked = db.session.scalar(select(_living(key, place, now).exists()))
    by_account, by_address = _counts(key, place, now, rules)
    free = not locked and by_account < rules.account and by_address < rules.address
    row = SignInTry(account_key=key, address=place, at=now, counted=free)
    db.session.add(row)
    db.session.flush()
    return Attempt(row.id, key, place, free)


def failed(
    attempt: Attempt, user: User | None, now: datetime, rules: Rules, *, code: bool = False
) -> None:
    """Notes that the password was wrong; the last allowed failure locks.

    `code`: a second factor was, which has a lock of its own (auth.factors); the address counts.
    """
    by_account, by_address = _counts(attempt.account_key, attempt.address, now, rules)
    if not attempt.open:
        return
    until = now + rules.window
    for kind, key, tries, most, whose in (
        (ACCOUNT, attempt.account_key, by_account, rules.account, user and user.id),
        (ADDRESS, attempt.address, by_address, rules.address, None),
    ):
        if tries >= most and not (code and kind == ACCOUNT):
            lock = SignInLock(kind=kind, key=key, tries=tries, at=now, until=until, user_id=whose)
            db.session.add(lock)


def passed(attempt: Attempt, now: datetime) -> None:
    """Forgets the account's failures, and what is too old to count for anybody."""
    old = or_(SignInTry.account_key == attempt.account_key, SignInTry.at < now - KEPT)
    db.session.execute(delete(SignInTry).where(old))


def tell(user_id: int, now: datetime) -> int:
    """How many failures led to locks of the account that its owner has not heard of: now they do.

    There is a notice of it in the inbox, too.
    """
    untold = SignInLock.user_id == user_id, SignInLock.told_at.is_(None)
    told = update(SignInLock).where(*untold).values(told_at=now).returning(SignInLock.tries)
    tries = sum(db.session.scalars(told))
    if tries:
        payload = {"kind": "sign_in_locked", "users": [user_id], "role": None, "ticket_id": None}
        outbox.put(outbox.NOTIFY, {**payload, "params": {"n": tries}}, now)
    return tries


def locks(now: datetime) -> list[SignInLock]:
    """The locks that hold at `now`, the newest first."""
    holds = SignInLock.until > now, SignInLock.lifted_at.is_(None)
    query = select(SignInLock).where(*holds).order_by(SignInLock.id.desc())
    return list(db.session.scalars(query.limit(200)))


def lock_of(user_id: int, now: datetime) -> SignInLock | None:
    """The lock of a person's account that holds at `now`, the longest one."""
    holds = SignInLock.until > now, SignInLock.lifted_at.is_(None)
    query = select(SignInLock).where(SignInLock.user_id == user_id, *holds)
    return db.session.scalar(query.order_by(SignInLock.until.desc()).limit(1))


def get_lock(lock_id: int, now: datetime) -> SignInLock:
    """A lock that holds at `now`. Raises NotFound."""
    lock = db.session.get(SignInLock, lock_id)
    if lock is None or lock.until <= now or lock.lifted_at is not None:
        raise NotFound("没有找到这个锁定，可能已经解除。")
    return lock


def lift(editor: Editor, lock: SignInLock) -> None:
    """Ends a lock before its time, with all that was counted for it.

    Raises NotAllowed for an account of one of the three administrators: who lifts it again and
    again could guess its password, and it ends by itself.
    """
    if lock.user is not None and lock.user.role in ADMINISTRATORS:
        raise NotAllowed("系统管理员、安全管理员和审计员的锁定不能提前解除，到时自动解除。")
    same = SignInLock.kind == lock.kind, SignInLock.key == lock.key, SignInLock.lifted_at.is_(None)
    lifted = update(SignInLock).where(*same, SignInLock.until > editor.at)
    db.session.execute(lifted.values(lifted_at=editor.at, lifted_by_id=editor.id))
    counted = SignInTry.account_key if lock.kind == ACCOUNT else SignInTry.address
    db.session.execute(delete(SignInTry).where(counted == lock.key))
    if lock.user_id is not None:
        record(editor, "user", lock.user_id, {}, {"lock": True})


def _living(key: str, place: str, now: datetime) -> Select[Any]:
    meant = or_(
        and_(SignInLock.kind == ACCOUNT, SignInLock.key == key),
        and_(SignInLock.kind == ADDRESS, SignInLock.key == place),
    )
    return select(SignInLock.id).where(
        meant, SignInLock.until > now, SignInLock.lifted_at.is_(None)
    )


def _counts(key: str, place: str, now: datetime, rules: Rules) -> tuple[int, int]:
    """Attempts within the window that count, of the account and from the address."""
    query = select(
        func.count(case((SignInTry.account_key == key, 1))),
        func.count(case((SignInTry.address == place, 1))),
    ).where(
        or_(SignInTry.account_key == key, SignInTry.address == place),
        SignInTry.counted,
        SignInTry.at > now - rules.window,
    )
    by_account, by_address = db.session.execute(query).one()
    return by_account, by_address
