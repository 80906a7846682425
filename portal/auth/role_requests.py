"""Requests for a role: what a system administrator asks for an account and nobody has granted."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.auth.factor_models import RoleRequest
from portal.auth.models import User
from portal.auth.roles import ACCOUNT_ROLES, DEPARTMENT_ROLES, Role
from portal.directory.changes import Editor, record
from portal.directory.models import Department
from portal.errors import Invalid
from portal.extensions import db

MOST = 200


def put(editor: Editor, user: User, role: Role, department_id: int | None) -> RoleRequest:
    """Asks for a role of staff; the account stays as it is. Raises Invalid."""
    row = RoleRequest(
        user_id=user.id,
        role=role,
        department_id=unit_of(role, department_id),
        asked_by_id=editor.id,
        asked_at=editor.at,
    )
    db.session.add(row)
    record(editor, "user", user.id, {}, {"asked_role": str(role)})
    return row


def unit_of(role: Role, department_id: int | None) -> int | None:
    """The unit that goes with a role of staff. Raises Invalid."""
    if role not in ACCOUNT_ROLES or role is Role.APPLICANT:
        raise Invalid("请选择角色。", "role")
    if role not in DEPARTMENT_ROLES:
        return None
    if department_id is None or db.session.get(Department, department_id) is None:
        raise Invalid("请选择所在单位。", "department_id")
    return department_id


def open_of(user_id: int) -> RoleRequest | None:
    """What is asked for an account and not ruled on yet."""
    query = select(RoleRequest).where(RoleRequest.user_id == user_id, RoleRequest.state == "asked")
    return db.session.scalar(query)


def all_open() -> Sequence[RoleRequest]:
    """All that waits for the security administrator, the oldest first."""
    query = select(RoleRequest).where(RoleRequest.state == "asked").order_by(RoleRequest.id)
    people = joinedload(RoleRequest.user), joinedload(RoleRequest.asked_by)
    unit = joinedload(RoleRequest.department)
    return db.session.scalars(query.options(*people, unit).limit(MOST)).all()
