"""Accounts: register a firm, sign in, change a password, create and change staff accounts."""

from dataclasses import dataclass
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select

from portal.auth import sessions
from portal.auth.models import User
from portal.auth.roles import DEPARTMENT_ROLES, Role
from portal.auth.sessions import End
from portal.directory.changes import Editor, added, noted, record
from portal.directory.models import Enterprise
from portal.directory.uscc import checked_uscc
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.uniqueness import unique

MIN_PASSWORD = 10
KNOWN_FIRM = N_("这家企业已经注册，请用已有账号登录，或请本企业经办人协助。")
TAKEN_NAME = N_("这个用户名已被使用，请换一个。")
HASHER = PasswordHasher()
# Verified when no account matches, so that an unknown name takes as long as a wrong password.
_NOBODY = HASHER.hash("nobody at all")


@dataclass(frozen=True)
class Firm:
    """What a firm says of itself when it registers."""

    uscc: str
    name: str
    region_id: int
    chain_id: int | None
    size: str
    contact_name: str
    contact_phone: str


def register(firm: Firm, username: str, password: str, now: datetime) -> User:
    """Creates the enterprise and its first applicant at `now` (UTC).

    Raises Invalid with the form's field for a wrong or known uscc, a taken username, or a password
    that is too weak.
    """
    uscc = checked_uscc(firm.uscc)
    if db.session.scalar(select(Enterprise.id).where(Enterprise.uscc == uscc)) is not None:
        raise Invalid(KNOWN_FIRM, "uscc")
    check_password(password, firm.name, uscc, username)
    enterprise = Enterprise(
        uscc=uscc,
        name=firm.name,
        region_id=firm.region_id,
        chain_id=firm.chain_id,
        size=firm.size,
        contact_name=firm.contact_name,
        contact_phone=firm.contact_phone,
        created_at=now,
    )
    with unique({"uq_enterprise_uscc": (KNOWN_FIRM, "uscc")}):
        db.session.add(enterprise)
    return create_user(
        username,
        firm.contact_name,
        Role.APPLICANT,
        password,
        now,
        phone=firm.contact_phone,
        enterprise_id=enterprise.id,
    )


def create_user(
    username: str,
    name: str,
    role: Role,
    password: str,
    now: datetime,
    *,
    phone: str | None = None,
    enterprise_id: int | None = None,
    department_id: int | None = None,
    must_change_password: bool = False,
) -> User:
    """A new account. Raises Invalid for a taken username, a weak password, a missing department."""
    username = username.strip().lower()
    if db.session.scalar(select(User.id).where(User.username == username)) is not None:
        raise Invalid(TAKEN_NAME, "username")
    check_password(password, name, username)
    if role in DEPARTMENT_ROLES and department_id is None:
        raise Invalid("请选择所在单位。", "department_id")
    if role is Role.APPLICANT and enterprise_id is None:
        raise Invalid("请填写所属企业。", "enterprise_id")
    user = User(
        username=username,
        name=name,
        phone=phone,
        role=role,
        password_hash=HASHER.hash(password),
        enterprise_id=enterprise_id if role is Role.APPLICANT else None,
        department_id=department_id if role in DEPARTMENT_ROLES else None,
        must_change_password=must_change_password,
        created_at=now,
        password_changed_at=now,
    )
    with unique({"uq_user_username": (TAKEN_NAME, "username")}):
        db.session.add(user)
    return user


def create_for_somebody(
    editor: Editor,
    username: str,
    name: str,
    role: Role,
    password: str,
    *,
    phone: str | None = None,
    enterprise_id: int | None = None,
    department_id: int | None = None,
) -> User:
    """An account that an administrator makes, with a one-time password; see create_user."""
    user = create_user(
        *(username, name, role, password, editor.at),
        phone=phone,
        enterprise_id=enterprise_id,
        department_id=department_id,
        must_change_password=True,
    )
    added(editor, user)
    return user


def sign_in(username: str, password: str, now: datetime) -> User | None:
    """The account when name and password are right, else None; takes the same time either way."""
    user = db.session.scalar(select(User).where(User.username == username.strip().lower()))
    try:
        HASHER.verify(user.password_hash if user is not None else _NOBODY, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    if user is None or not user.active:
        return None
    if HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = HASHER.hash(password)
    user.signed_in(now)
    return user


def change_password(user: User, old: str, new: str, now: datetime) -> None:
    """Sets a new password and ends every other session. Raises Invalid."""
    try:
        HASHER.verify(user.password_hash, old)
    except (VerifyMismatchError, InvalidHashError):
        raise Invalid("原密码不正确。", "old") from None
    if old == new:
        raise Invalid("新密码不能与原密码相同。", "new")
    check_password(new, user.name, user.username)
    set_password(user, new, now, must_change=False)


def set_password(user: User, password: str, now: datetime, *, must_change: bool) -> None:
    """Writes the hash; every session of the person ends."""
    user.password_hash = HASHER.hash(password)
    user.password_changed_at = now
    user.must_change_password = must_change
    sessions.end_all(user.id, End.PASSWORD, now)


def check_password(password: str, *personal: str) -> None:
    """Raises Invalid for a password that is short, of one character kind, or made of the names."""
    if len(password) < MIN_PASSWORD:
        raise Invalid("密码至少 %(n)d 个字符。", "password", n=MIN_PASSWORD)
    if len(set(password)) < 4 or password.isdigit():
        raise Invalid("密码太简单，请混用字母、数字或符号。", "password")
    lowered = password.lower()
    if any(len(word) >= 4 and word.lower() in lowered for word in personal):
        raise Invalid("密码不能包含用户名、姓名、企业名称或信用代码。", "password")


def update_user(
    editor: Editor,
    user_id: int,
    name: str,
    phone: str | None,
    role: Role,
    department_id: int | None,
) -> User:
    """Changes a person's name, telephone, role and department.

    Raises Invalid when administrators change their own role, when an applicant would become staff
    or the other way round, and when the role needs a department; NotFound.
    """
    user = get_user(user_id)
    if role != user.role:
        if user.id == editor.id:
            raise Invalid("不能更改本人的角色，请由另一名系统管理员操作。", "role")
        if Role.APPLICANT in (role, user.role):
            raise Invalid("企业经办人账号不能改为工作人员，反过来也不行；请另建账号。", "role")
    if role in DEPARTMENT_ROLES and department_id is None:
        raise Invalid("请选择所在单位。", "department_id")
    if role != user.role:
        sessions.end_all(user.id, End.ROLE, editor.at)
    moved = user.department_id != department_id
    with noted(editor, user):
        user.name, user.phone = name, phone
        user.role = role
        user.department_id = department_id if role in DEPARTMENT_ROLES else None
    if moved:
        outbox.put(outbox.RECUSE, {}, editor.at)  # what is sealed against the new unit
    return user


def set_active(editor: Editor, user_id: int, active: bool) -> User:
    """Lets a person sign in, or no longer: then every session of theirs ends. Raises Invalid."""
    user = get_user(user_id)
    if user.id == editor.id and not active:
        raise Invalid("不能停用本人的账号，请由另一名系统管理员操作。")
    if user.active and not active:
        sessions.end_all(user.id, End.STOPPED, editor.at)
    with noted(editor, user):
        user.active = active
    return user


def reset_password(editor: Editor, user_id: int, password: str) -> User:
    """Gives a one-time password that must be changed at the next sign-in. Raises Invalid."""
    user = get_user(user_id)
    check_password(password, user.name, user.username)
    set_password(user, password, editor.at, must_change=True)
    record(editor, "user", user_id, {}, {"password": True})
    return user


def end_sessions(editor: Editor, user_id: int) -> int:
    """Signs somebody out everywhere; how many sessions were ended."""
    count = sessions.end_all(user_id, End.ADMIN, editor.at)
    if count:
        record(editor, "user", user_id, {}, {"sessions": count})
    return count


def get_user(user_id: int) -> User:
    """The account. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    return user
