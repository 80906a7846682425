"""A person's second factor: enrol, prove, new recovery codes, take away, reset.

Doors open the transaction. The secret lies sealed under the ring of keys (portal.keys).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.auth import administrators, sessions, totp
from portal.auth.factor_models import RecoveryCode, SecondFactor
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, STAFF_ROLES, Role
from portal.auth.sessions import End
from portal.directory.changes import Editor, record
from portal.errors import Invalid, NotAllowed, NotFound
from portal.extensions import db
from portal.keys.columns import placed
from portal.outbox import service as outbox

TRIES = 5
MOST = 20
LOCKED = timedelta(minutes=15)
# Compared when a person has no factor, so that this takes as long as a wrong code.
_NOBODY = totp.new_secret()


class Proof(StrEnum):
    """What became of a code."""

    GOOD = "good"
    RECOVERY = "recovery"  # good, and one recovery code fewer
    WRONG = "wrong"
    LOCKED = "locked"  # too many wrong ones: no code is looked at


def begin(user: User, now: datetime) -> str:
    """The secret to put into an authenticator; the same until it is confirmed.

    Raises Invalid when a factor is in force.
    """
    secret = placed(SecondFactor.secret, totp.new_secret(), user.id)
    fresh = {"user_id": user.id, "secret": secret, "created_at": now}
    fresh |= {"last_step": 0, "failures": 0}
    db.session.execute(insert(SecondFactor).values(**fresh).on_conflict_do_nothing())
    row = db.session.get_one(SecondFactor, user.id)
    if row.confirmed_at is not None:
        raise Invalid("您已经启用了动态验证码。")
    return row.secret


def confirm(user: User, code: str, now: datetime) -> list[str]:
    """Puts the factor into force; ten recovery codes, which are shown this once.

    Raises Invalid (field `code`) for a wrong code or when enrolment was not begun.
    """
    row = db.session.get(SecondFactor, user.id, with_for_update=True)
    if row is None or row.confirmed_at is not None:
        raise Invalid("请重新打开启用页面。", "code")
    step = totp.step_of(code, row.secret, now, row.last_step)
    if step is None:
        raise Invalid("验证码不正确，请核对手机时间后输入最新的 6 位数字。", "code")
    row.confirmed_at, row.last_step = now, step
    user.factor_at = now
    record(Editor(user.id, now), "user", user.id, {}, {"factor": True})
    return _new_codes(user.id, now)


def prove(user: User, code: str, now: datetime) -> Proof:
    """Judges a code of the authenticator or a recovery code, and uses it up.

    The caller commits whatever comes out: wrong codes are counted, five lock for 15 minutes.
    """
    row = db.session.get(SecondFactor, user.id, with_for_update=True, populate_existing=True)
    known = row is not None and row.confirmed_at is not None
    secret = row.secret if row is not None else _NOBODY
    step = totp.step_of(code, secret, now, row.last_step if row is not None else 0)
    spare = _spare(user.id, code)
    if row is None or not known:
        return Proof.WRONG
    if row.locked_until is not None and now < row.locked_until:
        return Proof.LOCKED
    if step is None and spare is None:
        _failed(row, now)
        return Proof.WRONG
    row.failures, row.locked_until = 0, None
    if step is not None:
        row.last_step = step
        return Proof.GOOD
    if spare is not None:
        spare.used_at = now
    return Proof.RECOVERY


def renew_codes(user: User, now: datetime) -> list[str]:
    """Ten new recovery codes; the old ones are worth nothing from now on. Raises Invalid."""
    if user.factor_at is None:
        raise Invalid("您还没有启用动态验证码。")
    record(Editor(user.id, now), "user", user.id, {}, {"recovery_codes": True})
    return _new_codes(user.id, now)


def codes_left(user_id: int) -> int:
    """How many recovery codes are not used yet."""
    unused = RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def remove(user: User, now: datetime) -> None:
    """Takes one's own factor away; the door has asked for a code of it."""
    _take_away(Editor(user.id, now), user)


def reset(editor: Editor, user_id: int) -> User:
    """The security administrator takes away the factor of somebody who has lost it.

    All sessions of that person end, and they are told. Raises NotAllowed for anybody else and for
    one's own, NotFound.
    """
    administrators.ensure(editor, Role.SECURITY_ADMIN)
    if user_id == editor.id:
        raise NotAllowed("不能重置本人的动态验证码，请由另一名安全管理员操作。")
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    _take_away(editor, user)
    sessions.end_all(user_id, End.ADMIN, editor.at)
    tell(user_id, "factor_reset", editor.at)
    return user


def without() -> tuple[int, Sequence[User]]:
    """How many active members of staff and administrators have no second factor; the first ones."""
    wanted = User.role.in_((*STAFF_ROLES, *ADMINISTRATORS)), User.active, User.factor_at.is_(None)
    count = db.session.scalar(select(func.count()).select_from(User).where(*wanted)) or 0
    return count, db.session.scalars(
        select(User).where(*wanted).order_by(User.id).limit(MOST)
    ).all()


def unlock(editor: Editor, user_id: int) -> None:
    """Lets a person whose codes were wrong too often try again. Raises NotAllowed."""
    administrators.ensure(editor, Role.SECURITY_ADMIN)
    record(editor, "user", user_id, {}, {"factor_lock": True})
    db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.user_id == user_id)
        .values(failures=0, locked_until=None)
    )


def tell(user_id: int, kind: str, now: datetime) -> None:
    """One notice to one person, about no ticket."""
    readers = {"users": [user_id], "role": None, "department_id": None}
    payload = {"ticket_id": None, "kind": kind, "params": {}, **readers}
    outbox.put(outbox.NOTIFY, payload, now)


def _failed(row: SecondFactor, now: datetime) -> None:
    row.failures += 1
    if row.failures >= TRIES:
        row.failures, row.locked_until = 0, now + LOCKED


def _spare(user_id: int, code: str) -> RecoveryCode | None:
    query = select(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.digest == totp.digest(code, user_id),
        RecoveryCode.used_at.is_(None),
    )
    return db.session.scalar(query)


def _new_codes(user_id: int, now: datetime) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = totp.new_recovery_codes()
    db.session.add_all(
        RecoveryCode(user_id=user_id, digest=totp.digest(code, user_id), made_at=now)
        for code in codes
    )
    return codes


def _take_away(editor: Editor, user: User) -> None:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.execute(delete(SecondFactor).where(SecondFactor.user_id == user.id))
    if user.factor_at is not None:
        record(editor, "user", user.id, {"factor": True}, {})
    user.factor_at = None
