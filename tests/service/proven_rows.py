"""Rows of the second factor, of single sign-on and of the granting of roles."""

from portal.auth.factor_models import (
    ExternalIdentity,
    RecoveryCode,
    RoleRequest,
    SecondFactor,
    SignOnAttempt,
)
from portal.auth.models import User
from portal.auth.roles import Role
from portal.extensions import Base
from tests.factories import MONDAY, Town


def proven(town: Town) -> list[Base]:
    """One row of each table, and an account that waits for its role."""
    user, at = town.cadre.id or 0, MONDAY
    return [
        SecondFactor(user_id=user, secret="sealed", created_at=at, confirmed_at=at),
        RecoveryCode(user_id=user, digest="0", made_at=at),
        ExternalIdentity(user_id=user, issuer="https://id.example", subject="1", linked_at=at),
        SignOnAttempt(state="0", nonce="n", verifier="v", began_at=at),
        RoleRequest(user_id=user, role="dispatcher", asked_by_id=town.admin.id, asked_at=at),
        User(username="waits", name="待授权", role=Role.NONE, password_hash="!"),
    ]
