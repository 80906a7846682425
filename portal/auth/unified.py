"""Sign-in by the city's unified identity: there, back, and linking it to one's own account."""

import hmac
from typing import cast

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth import adopting, identities, oidc
from portal.auth.factor_models import SignOnAttempt
from portal.auth.models import User
from portal.auth.oidc import Provider, SignOnError
from portal.auth.views import admit, first_place, local_path
from portal.db import transaction, utcnow
from portal.directory.changes import Editor
from portal.errors import N_, Invalid, NotFound
from portal.extensions import limiter
from portal.language import said

blueprint = Blueprint("unified", __name__)
Answer = Response | str | tuple[str, int]
STATE = "sign_on"  # this browser's own attempt: the state of another one is worth nothing here
TRIES = "30/minute"
OVER = N_("这次登录已经失效，请重新开始。")
CANCELLED = N_("您没有在统一身份认证完成登录，请重新开始，或用用户名和密码登录。")


@blueprint.get("/sign-in/unified")
@limiter.limit(TRIES, key_func=get_remote_address)
def start() -> Answer:
    """Sends the browser to the provider."""
    if current_user.is_authenticated:
        return redirect(first_place(current_user.role), 303)
    return _there(None, local_path(request.args.get("next")))


@blueprint.get("/sign-in/unified/back")
@limiter.limit(TRIES, key_func=get_remote_address)
def back() -> Answer:
    """What the provider answers: a sign-in, a link, or a sentence why not."""
    provider = _provider()
    try:
        attempt, subject = _answered(provider)
        if attempt.user_id is not None:
            return _linked(provider, attempt.user_id, subject)
        return _signed_in(provider, attempt, subject)
    except (SignOnError, Invalid) as error:
        current_app.logger.warning("sign-on refused: %s", getattr(error, "reason", "attempt"))
        return render_template("auth/unified_failed.html", message=said(error)), error.status


@blueprint.get("/account/unified/link")
def link() -> Answer:
    """Goes to the provider to link the identity that answers to one's own account."""
    return _there(current_user.id, None)


@blueprint.post("/account/unified/unlink")
def unlink() -> Answer:
    """One's own identity opens this account no longer."""
    try:
        with transaction():
            identities.unlink(Editor(current_user.id, utcnow()), current_user.id)
        flash(_("已解除与统一身份的关联。"), "success")
    except Invalid as error:
        flash(said(error), "danger")
    return redirect(url_for("account.index"), 303)


def _provider() -> Provider:
    config = current_app.config
    if not config["OIDC_ISSUER"]:
        raise NotFound("没有启用统一身份认证。")
    return Provider(
        config["OIDC_ISSUER"], config["OIDC_CLIENT_ID"], config["OIDC_CLIENT_SECRET"] or None
    )


def _there(user_id: int | None, wanted: str | None) -> Answer:
    provider, fit, now = _provider(), oidc.fresh(), utcnow()
    try:
        where = oidc.metadata(provider, now)
    except SignOnError as error:
        current_app.logger.warning("sign-on impossible: %s", error.reason)
        return render_template("auth/unified_failed.html", message=said(error)), error.status
    with transaction():
        identities.begin(fit.state, fit.nonce, fit.verifier, user_id, wanted, now)
    session[STATE] = fit.state
    return redirect(oidc.way(provider, where, _here(), fit), 302)


def _answered(provider: Provider) -> tuple[SignOnAttempt, str]:
    """The attempt that was answered, used up by this, and the identity. Raises SignOnError,
    Invalid for an answer that belongs to no attempt of this browser."""
    given, own, now = request.args.get("state", ""), session.pop(STATE, None), utcnow()
    if not isinstance(own, str) or not hmac.compare_digest(own.encode(), given.encode()):
        raise Invalid(OVER)
    with transaction():
        attempt = identities.take(given, now)
    if attempt is None:
        raise Invalid(OVER)
    code = request.args.get("code")
    if not code or request.args.get("iss", provider.issuer) != provider.issuer:
        raise Invalid(CANCELLED)
    where = oidc.metadata(provider, now)
    token = oidc.token_for(provider, where, _here(), code, attempt.verifier)
    return attempt, oidc.subject_of(token, provider, where, attempt.nonce, now)


def _linked(provider: Provider, user_id: int, subject: str) -> Answer:
    if not current_user.is_authenticated or current_user.id != user_id:
        raise Invalid(OVER)
    with transaction():
        identities.link(Editor(user_id, utcnow()), user_id, provider.issuer, subject)
    flash(_("已关联统一身份，以后可以用它登录。"), "success")
    return redirect(url_for("account.index"), 303)


def _signed_in(provider: Provider, attempt: SignOnAttempt, subject: str) -> Answer:
    wanted, attempt_id = local_path(attempt.wanted), attempt.id
    with transaction():
        user = identities.account_of(provider.issuer, subject, utcnow())
        new = user is None and not identities.known(provider.issuer, subject)
        if new and current_app.config["OIDC_REGISTER"] == "applicant":
            identities.may_register(attempt_id, subject)
    if user is not None:
        return admit(cast(User, user), wanted)
    if new and current_app.config["OIDC_REGISTER"] == "applicant":
        adopting.keep(attempt_id)
        flash(_("请填写企业信息；注册后，统一身份会关联到这个账号。"), "success")
        return redirect(url_for("auth.register"), 303)
    return render_template("auth/unified_unknown.html"), 403


def _here() -> str:
    """Where the provider sends the browser back to."""
    return url_for("unified.back", _external=True)
