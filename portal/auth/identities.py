"""External identities: attempts to sign on, each used once, and whose account an identity opens."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from portal.auth import administrators
from portal.auth.factor_models import ExternalIdentity, SignOnAttempt
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, Role
from portal.directory.changes import Editor, record
from portal.errors import N_, Invalid, NotAllowed, NotFound
from portal.extensions import db
from portal.uniqueness import unique

LASTS = timedelta(minutes=10)
KEPT = timedelta(days=1)
REGISTERS = timedelta(minutes=30)  # how long an unknown identity may take to register
TAKEN = N_("这个统一身份已经关联了别的账号。")
HAS_ONE = N_("这个账号已经关联了一个统一身份，请先解除。")


def begin(
    state: str, nonce: str, verifier: str, user_id: int | None, wanted: str | None, now: datetime
) -> None:
    """Notes what the provider's answer has to fit; old attempts are forgotten.

    `user_id`: who wants to link; None for a sign-in. `wanted`: a local path to go on to.
    """
    db.session.execute(delete(SignOnAttempt).where(SignOnAttempt.began_at < now - KEPT))
    db.session.add(
        SignOnAttempt(
            state=_digest(state),
            nonce=nonce,
            verifier=verifier,
            user_id=user_id,
            wanted=wanted,
            began_at=now,
        )
    )


def take(state: str, now: datetime) -> SignOnAttempt | None:
    """The attempt of a state, used up by this; None for an unknown, an old or a used one."""
    fits = (
        SignOnAttempt.state == _digest(state),
        SignOnAttempt.used_at.is_(None),
        SignOnAttempt.began_at > now - LASTS,
    )
    used = update(SignOnAttempt).where(*fits).values(used_at=now).returning(SignOnAttempt)
    return db.session.scalar(used)


def account_of(issuer: str, subject: str, now: datetime) -> User | None:
    """The active account that an identity opens; notes the use."""
    row = _row(issuer, subject)
    user = db.session.get(User, row.user_id) if row is not None else None
    if row is None or user is None or not user.active:
        return None
    row.used_at = now
    user.signed_in(now)
    return user


def known(issuer: str, subject: str) -> bool:
    """Whether an identity is linked, be it to an account that was stopped."""
    return _row(issuer, subject) is not None


def may_register(attempt_id: int, subject: str) -> None:
    """Keeps an unknown identity for the registration that this browser goes on to."""
    fits = SignOnAttempt.id == attempt_id
    db.session.execute(update(SignOnAttempt).where(fits).values(subject=subject))


def adopt(attempt_id: int, issuer: str, user: User, now: datetime) -> None:
    """Links the identity that an attempt brought to the account it has just registered.

    Nothing when the attempt is too old. Raises Invalid when the identity was linked meanwhile.
    """
    fresh = SignOnAttempt.used_at > now - REGISTERS
    fits = SignOnAttempt.id == attempt_id, SignOnAttempt.subject.is_not(None), fresh
    subject = db.session.scalar(select(SignOnAttempt.subject).where(*fits))
    if subject is not None:
        link(Editor(user.id, now), user.id, issuer, subject)


def identity_of(user_id: int) -> ExternalIdentity | None:
    """The identity that opens an account."""
    query = select(ExternalIdentity).where(ExternalIdentity.user_id == user_id)
    return db.session.scalar(query.order_by(ExternalIdentity.id).limit(1))


def link(editor: Editor, user_id: int, issuer: str, subject: str) -> ExternalIdentity:
    """Lets an identity open an account: by its owner, or by a system administrator.

    Raises Invalid (field `subject`) when either has one already, NotAllowed, NotFound.
    """
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    _ensure_may(editor, user)
    row = ExternalIdentity(user_id=user_id, issuer=issuer, subject=subject, linked_at=editor.at)
    taken = {
        "uq_external_identity_issuer_subject": (TAKEN, "subject"),
        "uq_external_identity_user_id_issuer": (HAS_ONE, "subject"),
    }
    with unique(taken):
        db.session.add(row)
    record(editor, "user", user_id, {}, {"identity": issuer})
    return row


def unlink(editor: Editor, user_id: int) -> None:
    """Takes the identity away from an account. Raises NotAllowed, NotFound, Invalid."""
    user, row = db.session.get(User, user_id), identity_of(user_id)
    if user is None:
        raise NotFound("没有找到这个账号。")
    _ensure_may(editor, user)
    if row is None:
        raise Invalid("这个账号没有关联统一身份。")
    record(editor, "user", user_id, {"identity": row.issuer}, {})
    db.session.delete(row)


def _ensure_may(editor: Editor, user: User) -> None:
    """Whoever links an identity to an administrator's account could use its rights."""
    if editor.id == user.id:
        return
    administrators.ensure(editor, Role.ADMIN)
    if user.role in ADMINISTRATORS:
        raise NotAllowed("管理员账号的统一身份只能由本人关联。")


def _row(issuer: str, subject: str) -> ExternalIdentity | None:
    fits = ExternalIdentity.issuer == issuer, ExternalIdentity.subject == subject
    return db.session.scalar(select(ExternalIdentity).where(*fits))


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
