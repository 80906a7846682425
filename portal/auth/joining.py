"""Who acts for a firm: requests to join, the firm's administrators, members who leave.

The first applicant of a firm is its administrator; there may be more, and the last one stays. No
account exists before a request is approved. Where a firm has no administrator who is in use, the
system administrator rules.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from portal.auth import passwords
from portal.auth.access_models import JoinRequest
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import Role
from portal.auth.service import TAKEN_NAME, get_user, name_taken, switch
from portal.directory.changes import Editor, added, noted
from portal.directory.models import Enterprise
from portal.errors import Invalid, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.uniqueness import unique

KEPT = timedelta(days=30)
ASKED, APPROVED, REFUSED, WITHDRAWN = "asked", "approved", "refused", "withdrawn"
EXPIRED = "expired"


def ask(
    firm: Enterprise, username: str, name: str, phone: str, password: str, now: datetime
) -> JoinRequest:
    """Somebody asks to act for a registered firm; who may rule is told.

    Raises Invalid, with the form's field, for a taken user name or a weak password.
    """
    username = username.strip().lower()
    if name_taken(username):
        raise Invalid(TAKEN_NAME, "username")
    known = (firm.name, firm.short_name, firm.uscc, firm.contact_phone)
    passwords.check(password, (name, username, phone, *known))
    row = JoinRequest(
        enterprise_id=firm.id,
        username=username,
        name=name,
        phone=phone,
        password_hash=HASHER.hash(password),
        state=ASKED,
        created_at=now,
    )
    with unique({"uq_join_request_username": (TAKEN_NAME, "username")}):
        db.session.add(row)
    _forget(now)
    admins = [one.id for one in administrators(firm.id)]
    role = None if admins else str(Role.ADMIN)
    _tell("join_asked", admins, role, {"name": name}, now)
    return row


def approve(editor: Editor, request_id: int, enterprise_id: int | None) -> User:
    """Makes the account; the person is told. `enterprise_id`: of the firm whose administrator
    rules, None for the system administrator. Raises NotFound, Invalid for a name taken meanwhile.
    """
    row = _asked(request_id, enterprise_id)
    user = User(
        username=row.username,
        name=row.name,
        phone=row.phone,
        role=Role.APPLICANT,
        password_hash=row.password_hash or "",
        enterprise_id=row.enterprise_id,
        firm_admin=not administrators(row.enterprise_id),
        created_at=editor.at,
        password_changed_at=row.created_at,
    )
    with unique({"uq_user_username": (TAKEN_NAME, None)}):
        db.session.add(user)
    added(editor, user)
    _rule(row, APPROVED, editor)
    row.user_id, row.password_hash = user.id, None
    _tell("joined", [user.id], None, {}, editor.at)
    return user


def refuse(editor: Editor, request_id: int, enterprise_id: int | None, reason: str) -> None:
    """Refuses a request with a reason, which the person reads at the next try to sign in."""
    row = _asked(request_id, enterprise_id)
    _rule(row, REFUSED, editor)
    row.reason = reason


def withdraw(request_id: int, now: datetime) -> None:
    """The person takes the request back; its password is forgotten, its user name free."""
    row = _asked(request_id, get(request_id).enterprise_id)
    _rule(row, WITHDRAWN, Editor(None, now))
    row.password_hash = None


def expire(ids: list[int], now: datetime) -> None:
    """Ends requests that nobody ruled on: the user name is free, the person may ask again.

    Who asked reads it at the next try to sign in; there is no account yet to send a notice to.
    """
    still = JoinRequest.id.in_(ids), JoinRequest.state == ASKED
    db.session.execute(update(JoinRequest).where(*still).values(state=EXPIRED, ruled_at=now))
    _forget(now)


def latest(username: str) -> JoinRequest | None:
    """The last request under a user name that led to no account and was not withdrawn."""
    name = JoinRequest.username == username.strip().lower()
    query = select(JoinRequest).where(name, JoinRequest.state.in_((ASKED, REFUSED, EXPIRED)))
    return db.session.scalar(query.order_by(JoinRequest.id.desc()).limit(1))


def get(request_id: int) -> JoinRequest:
    """A request. Raises NotFound."""
    row = db.session.get(JoinRequest, request_id)
    if row is None:
        raise NotFound("没有找到这个申请。")
    return row


def requests_of(enterprise_id: int) -> list[JoinRequest]:
    """The requests of a firm that wait, the oldest first."""
    waiting = JoinRequest.enterprise_id == enterprise_id, JoinRequest.state == ASKED
    query = select(JoinRequest).where(*waiting).order_by(JoinRequest.id)
    return list(db.session.scalars(query.limit(100)))


def waiting_in(enterprise_id: int, request_id: int) -> JoinRequest:
    """A waiting request of a firm. Raises NotFound."""
    row = db.session.get(JoinRequest, request_id)
    if row is None or row.state != ASKED or row.enterprise_id != enterprise_id:
        raise NotFound("没有找到这个申请，可能已经处理。")
    return row


def orphaned() -> list[tuple[JoinRequest, Enterprise]]:
    """The waiting requests of firms without an administrator in use, the oldest first."""
    admin = select(User.id).where(
        User.enterprise_id == JoinRequest.enterprise_id, User.firm_admin, User.active
    )
    query = (
        select(JoinRequest, Enterprise)
        .join(Enterprise, Enterprise.id == JoinRequest.enterprise_id)
        .where(JoinRequest.state == ASKED, ~admin.exists())
        .order_by(JoinRequest.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query.limit(100))]


def members(enterprise_id: int) -> list[User]:
    """Who acts for a firm now, its administrators first."""
    mine = User.enterprise_id == enterprise_id, User.active
    query = select(User).where(*mine).order_by(User.firm_admin.desc(), User.id)
    return list(db.session.scalars(query))


def administrators(enterprise_id: int) -> list[User]:
    """The firm's administrators in use."""
    return [one for one in members(enterprise_id) if one.firm_admin]


def appoint(editor: Editor, enterprise_id: int, user_id: int, *, admin: bool) -> User:
    """Makes a member an administrator of the firm, or no longer. Raises Invalid for the last."""
    user = member(enterprise_id, user_id)
    if not admin:
        _not_the_last(user)
    with noted(editor, user):
        user.firm_admin = admin
    if admin:
        _tell("made_firm_admin", [user.id], None, {}, editor.at)
    return user


def remove(editor: Editor, enterprise_id: int, user_id: int) -> User:
    """Stops a member's account; what they did stays. Raises Invalid for the last administrator."""
    user = member(enterprise_id, user_id)
    _not_the_last(user)
    return switch(editor, user, active=False)


def member(enterprise_id: int, user_id: int) -> User:
    """Somebody in use of the firm. Raises NotFound."""
    user = get_user(user_id)
    if user.enterprise_id != enterprise_id or not user.active:
        raise NotFound("没有找到这个账号。")
    return user


def demand_administrator(user: User) -> int:
    """The id of the firm that `user` is an administrator of.

    Raises NotFound: for others these pages are not there.
    """
    if not user.firm_admin or user.enterprise_id is None:
        raise NotFound("只有本企业管理员可以这样做。")
    return user.enterprise_id


def _not_the_last(user: User) -> None:
    """Under a lock of the firm: two administrators cannot leave at the same instant."""
    if not user.firm_admin:
        return
    locked = select(Enterprise.id).where(Enterprise.id == user.enterprise_id).with_for_update()
    db.session.execute(locked)
    mine = User.enterprise_id == user.enterprise_id, User.active, User.firm_admin
    if (db.session.scalar(select(func.count()).where(*mine)) or 0) < 2:
        raise Invalid("这是本企业唯一的管理员，请先把另一名成员设为管理员。")


def _asked(request_id: int, enterprise_id: int | None) -> JoinRequest:
    """A waiting request of the firm; without one, of a firm that has no administrator in use."""
    query = select(JoinRequest).where(JoinRequest.id == request_id, JoinRequest.state == ASKED)
    row = db.session.scalar(query.with_for_update())
    theirs = row is not None and row.enterprise_id == enterprise_id
    orphan = row is not None and enterprise_id is None and not administrators(row.enterprise_id)
    if row is None or not (theirs or orphan):
        raise NotFound("没有找到这个申请，可能已经处理。")
    return row


def _forget(now: datetime) -> None:
    """A password that was refused, or waited in vain, long ago is of no use to anybody."""
    old = JoinRequest.state.in_((REFUSED, EXPIRED)), JoinRequest.ruled_at < now - KEPT
    db.session.execute(update(JoinRequest).where(*old).values(password_hash=None))


def _rule(row: JoinRequest, state: str, editor: Editor) -> None:
    row.state, row.ruled_at, row.ruled_by_id = state, editor.at, editor.id


def _tell(kind: str, users: list[int], role: str | None, params: dict, now: datetime) -> None:
    payload = {"kind": kind, "users": users, "role": role, "department_id": None}
    outbox.put(outbox.NOTIFY, {**payload, "ticket_id": None, "params": params}, now)
