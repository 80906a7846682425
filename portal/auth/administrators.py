"""三员分立: what the three administrators may not do to each other, asked by every service.

domain.md §7: none takes another's right, none grants to themself, and of each kind one remains.
An editor without an id is the operator at the command line, who made the first three.
"""

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, Role
from portal.directory.changes import Editor
from portal.errors import N_, Invalid, NotAllowed
from portal.extensions import db

GRANTS = N_("角色和动态验证码由安全管理员管理。")
MANAGES = N_("账号由系统管理员创建和管理。")
_WHO: dict[Role, str] = {Role.SECURITY_ADMIN: GRANTS, Role.ADMIN: MANAGES}


def ensure(editor: Editor, role: Role) -> None:
    """Raises NotAllowed unless the editor is an active administrator of this kind."""
    if editor.id is None:
        return
    actor = db.session.get(User, editor.id)
    if actor is None or not actor.active or actor.role != role:
        raise NotAllowed(_WHO[role])


def ensure_not_self(editor: Editor, user: User) -> None:
    """Raises NotAllowed where somebody would grant to themself."""
    if user.id == editor.id:
        raise NotAllowed("不能变更本人的角色，请由另一名安全管理员操作。")


def ensure_password_may_be_given(editor: Editor, user: User) -> None:
    """Raises NotAllowed for an administrator's account: whoever sets its password could use it."""
    if editor.id is not None and user.role in ADMINISTRATORS:
        raise NotAllowed("系统管理员、安全管理员和审计员的密码只能由运维人员用命令行重设。")


def ensure_another(user: User) -> None:
    """Raises Invalid when this is the last active administrator of its kind.

    Holds the rows of that kind: two who remove each other at once do not both succeed.
    """
    if user.role not in ADMINISTRATORS or not user.active:
        return
    others = select(User.id).where(User.role == user.role, User.active).order_by(User.id)
    if set(db.session.scalars(others.with_for_update())) <= {user.id}:
        raise Invalid("这是最后一名在用的同类管理员，请先为另一人授权。")
