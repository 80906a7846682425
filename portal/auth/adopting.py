"""The identity that a browser came with and that opens no account yet: linked by registering."""

from flask import current_app, session

from portal.auth import identities
from portal.auth.models import User
from portal.db import utcnow

_KEPT = "sign_on_new"


def keep(attempt_id: int) -> None:
    """Remembers the attempt that brought an unknown identity."""
    session[_KEPT] = attempt_id


def adopt(user: User) -> None:
    """Links it to the account just registered; nothing where none was kept. Raises Invalid."""
    attempt_id = session.pop(_KEPT, None)
    issuer = current_app.config["OIDC_ISSUER"]
    if attempt_id is not None and issuer and current_app.config["OIDC_REGISTER"] == "applicant":
        identities.adopt(attempt_id, issuer, user, utcnow())
