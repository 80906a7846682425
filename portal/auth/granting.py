"""Roles: a system administrator asks, the security administrator grants (三员分立)."""

import secrets

from portal.auth import administrators, password_service, role_requests, sessions
from portal.auth.factor_models import RoleRequest
from portal.auth.factors import tell
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, Role
from portal.auth.service import get_user
from portal.auth.sessions import End
from portal.directory.changes import Editor, noted, record
from portal.errors import Conflict, Invalid, NotAllowed, NotFound
from portal.extensions import db
from portal.outbox import service as outbox


def ask(editor: Editor, user_id: int, role: Role, department_id: int | None) -> RoleRequest:
    """Asks that an account gets another role; an open request is replaced.

    Raises NotAllowed, Invalid, NotFound.
    """
    administrators.ensure(editor, Role.ADMIN)
    user = get_user(user_id)
    unit = role_requests.unit_of(role, department_id)
    _ensure_staff(user, role)
    if (user.role, user.department_id) == (role, unit):
        raise Invalid("此人已经是这个角色。", "role")
    open_one = role_requests.open_of(user_id)
    if open_one is not None:
        _rule(open_one, "refused", editor)
        db.session.flush()
    return role_requests.put(editor, user, role, unit)


def grant(editor: Editor, request_id: int) -> User:
    """Puts an asked role into force. Raises NotAllowed, Invalid, Conflict, NotFound."""
    row = _asked(editor, request_id)
    if row.asked_by_id is not None and row.asked_by_id == editor.id:
        raise NotAllowed("申请人不能批准自己的申请。")
    user = get_user(row.user_id)
    _set_role(editor, user, Role(row.role), row.department_id)
    _rule(row, "granted", editor)
    return user


def refuse(editor: Editor, request_id: int) -> RoleRequest:
    """Ends a request; the account stays as it was. Raises NotAllowed, Conflict, NotFound."""
    row = _asked(editor, request_id)
    _rule(row, "refused", editor)
    record(editor, "user", row.user_id, {"asked_role": row.role}, {})
    return row


def give(editor: Editor, user_id: int, role: Role, department_id: int | None) -> User:
    """Gives a role without a request; an open one is over. Raises NotAllowed, Invalid, NotFound."""
    administrators.ensure(editor, Role.SECURITY_ADMIN)
    user = get_user(user_id)
    unit = role_requests.unit_of(role, department_id)
    _ensure_staff(user, role)
    _set_role(editor, user, role, unit)
    open_one = role_requests.open_of(user_id)
    if open_one is not None:
        _rule(open_one, "refused", editor)
    return user


def _asked(editor: Editor, request_id: int) -> RoleRequest:
    administrators.ensure(editor, Role.SECURITY_ADMIN)
    row = db.session.get(RoleRequest, request_id, with_for_update=True)
    if row is None:
        raise NotFound("没有找到这个授权申请。")
    if row.state != "asked":
        raise Conflict("这个申请已经处理过。")
    return row


def _ensure_staff(user: User, role: Role) -> None:
    if Role.APPLICANT in (role, user.role):
        raise Invalid("企业经办人账号不能改为工作人员，反过来也不行；请另建账号。", "role")


def _rule(row: RoleRequest, state: str, editor: Editor) -> None:
    row.state, row.ruled_by_id, row.ruled_at = state, editor.id, editor.at


def _set_role(editor: Editor, user: User, role: Role, unit: int | None) -> None:
    """One role an account: the new one replaces the old; every session of the person ends."""
    administrators.ensure_not_self(editor, user)
    if user.role in ADMINISTRATORS and role != user.role:
        administrators.ensure_another(user)
    sessions.end_all(user.id, End.ROLE, editor.at)
    if role in ADMINISTRATORS and user.role not in ADMINISTRATORS:
        # Whoever made the account may know its password: the operator gives another one.
        unknown = secrets.token_urlsafe(32)
        password_service.set_password(user, unknown, editor.at, must_change=True)
    if user.department_id != unit:
        outbox.put(outbox.RECUSE, {}, editor.at)  # what is sealed against the new unit
    with noted(editor, user):
        user.role, user.department_id = role, unit
    tell(user.id, "role_granted", editor.at)
    if role is Role.CADRE and unit is not None:
        outbox.put(outbox.VACANCY, {"department_id": unit}, editor.at)
