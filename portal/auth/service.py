"""Accounts: register a firm, create and change accounts, stop them, end their sessions."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.auth import administrators, passwords, role_requests, sessions
from portal.auth.access_models import JoinRequest
from portal.auth.hashing import HASHER
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

KNOWN_FIRM = N_("这家企业刚刚由别人注册，请再提交一次，申请加入。")
TAKEN_NAME = N_("这个用户名已被使用，请换一个。")


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
    passwords.check(password, (firm.name, uscc, username, firm.contact_name, firm.contact_phone))
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


def firm_by(uscc: str) -> Enterprise | None:
    """The firm of a credit code. Raises Invalid for a code that is none."""
    return db.session.scalar(select(Enterprise).where(Enterprise.uscc == checked_uscc(uscc)))


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
    if name_taken(username):
        raise Invalid(TAKEN_NAME, "username")
    passwords.check(password, (name, username, phone))
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
        firm_admin=role is Role.APPLICANT and not _has_admin(enterprise_id),
        must_change_password=must_change_password,
        created_at=now,
        password_changed_at=now,
    )
    with unique({"uq_user_username": (TAKEN_NAME, "username")}):
        db.session.add(user)
    return user


def name_taken(username: str) -> bool:
    """Whether an account has this user name, in small letters, or a waiting request has asked."""
    asked = JoinRequest.username == username, JoinRequest.state == "asked"
    queries = select(User.id).where(User.username == username), select(JoinRequest.id).where(*asked)
    return any(db.session.scalar(query) is not None for query in queries)


def _has_admin(enterprise_id: int | None) -> bool:
    mine = User.enterprise_id == enterprise_id, User.firm_admin, User.active
    return db.session.scalar(select(User.id).where(*mine).limit(1)) is not None


def create_for_somebody(
    editor: Editor,
    username: str,
    name: str,
    role: Role,
    password: str | None,
    *,
    phone: str | None = None,
    enterprise_id: int | None = None,
    department_id: int | None = None,
) -> User:
    """An account that an administrator makes; see create_user.

    With a one-time password, or without any: then the person sets one by a link (auth.links). One
    of staff has no role until the security administrator grants it (auth.granting). Raises
    NotAllowed for anybody but a system administrator.
    """
    administrators.ensure(editor, Role.ADMIN)
    firms = role is Role.APPLICANT
    known = password or secrets.token_urlsafe(32)
    user = create_user(
        *(username, name, role if firms else Role.NONE, known, editor.at),
        phone=phone,
        enterprise_id=enterprise_id,
        must_change_password=True,
    )
    added(editor, user)
    if not firms:
        role_requests.put(editor, user, role, department_id)
    return user


def update_user(
    editor: Editor,
    user_id: int,
    name: str,
    phone: str | None,
    department_id: int | None,
) -> User:
    """Changes a person's name, telephone and, where the role has one, department.

    Roles are the security administrator's (auth.granting). Raises NotAllowed, Invalid, NotFound.
    """
    administrators.ensure(editor, Role.ADMIN)
    user = get_user(user_id)
    belongs = user.role in DEPARTMENT_ROLES
    if belongs and department_id is None:
        raise Invalid("请选择所在单位。", "department_id")
    unit = department_id if belongs else None
    moved = user.department_id != unit
    with noted(editor, user):
        user.name, user.phone, user.department_id = name, phone, unit
    if moved:
        outbox.put(outbox.RECUSE, {}, editor.at)  # what is sealed against the new unit
    return user


def set_active(editor: Editor, user_id: int, active: bool) -> User:
    """Lets a person sign in, or no longer: then every session of theirs ends. Raises Invalid."""
    user = get_user(user_id)
    if user.id == editor.id and not active:
        raise Invalid("不能停用本人的账号，请由另一名系统管理员操作。")
    administrators.ensure(editor, Role.ADMIN)
    return switch(editor, user, active)


def switch(editor: Editor, user: User, active: bool) -> User:
    """The same for an editor who may do it by other rules: a firm's administrator its members."""
    if user.active and not active:
        administrators.ensure_another(user)
        sessions.end_all(user.id, End.STOPPED, editor.at)
    with noted(editor, user):
        user.active = active
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
