"""The pages of the second factor: the code at sign-in, enrol, recovery codes, take away."""

from typing import cast
from urllib.parse import quote

from flask import (
    Blueprint,
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
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal import fields
from portal.auth import factors, proof, totp
from portal.auth.models import User
from portal.auth.views import begin_session, first_place, local_path
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.extensions import limiter
from portal.fields import blame
from portal.language import lazy as _l
from portal.language import said
from portal.qr import qr_code

blueprint = Blueprint("factor", __name__)
Answer = Response | str | tuple[str, int]
TRIES = "20/minute"


class CodeForm(FlaskForm):
    """Six digits, or a recovery code."""

    code = fields.line(_l("验证码"), _l("请填写验证码。"), most=40)


@blueprint.route("/sign-in/code", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], key_func=get_remote_address)
def code() -> Answer:
    """The second step of a sign-in; until it is done nobody is signed in."""
    if current_user.is_authenticated:
        return redirect(first_place(current_user.role), 303)
    user = proof.half()
    if user is None:
        session.pop(proof.HALF, None)
        return render_template("auth/code_over.html"), 400
    form = CodeForm()
    if form.validate_on_submit():
        problem = proof.half_problem(user, form.code.data or "")
        if problem is None:
            wanted = local_path(session[proof.HALF]["next"])
            begin_session(user)
            proof.mark()
            _warn_of_few_codes(user)
            return redirect(wanted or first_place(user.role), 303)
        form.code.errors = [problem]
    return render_template("auth/code.html", form=form), 422 if form.errors else 200


@blueprint.get("/account/factor")
def show() -> str:
    """Whether one's second factor is in force, and what can be done with it."""
    left = factors.codes_left(current_user.id)
    needed = proof.needed()
    return render_template("auth/factor.html", left=left, needed=needed)


@blueprint.route("/account/factor/enrol", methods=["GET", "POST"])
def enrol() -> Answer:
    """The secret as a picture and as text; a code confirms that it is in the authenticator."""
    if current_user.factor_at is not None:
        return redirect(url_for("factor.show"), 303)
    form = CodeForm()
    if form.validate_on_submit():
        try:
            with transaction():
                codes = factors.confirm(_me(), form.code.data or "", utcnow())
        except Invalid as error:
            blame(form, error)
        else:
            proof.mark()
            return _codes_page(codes)
    with transaction():
        secret = factors.begin(_me(), utcnow())
    picture = qr_code(totp.address(secret, current_user.username, _("诉求通")))
    grouped = " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
    page = render_template(
        "auth/enrol.html",
        form=form,
        picture=picture,
        secret=grouped,
        needed=proof.needed(),
    )
    return page, 422 if form.errors else 200


@blueprint.post("/account/factor/codes")
def renew() -> Answer:
    """Ten new recovery codes, shown this once."""
    try:
        with transaction():
            codes = factors.renew_codes(_me(), utcnow())
    except Invalid as error:
        flash(said(error), "danger")
        return redirect(url_for("factor.show"), 303)
    return _codes_page(codes)


@blueprint.route("/account/factor/remove", methods=["GET", "POST"])
def remove() -> Answer:
    """Takes one's factor away, after a question on a page of its own."""
    if current_user.factor_at is None:
        return redirect(url_for("factor.show"), 303)
    if request.method == "GET":
        return render_template("auth/factor_remove.html")
    with transaction():
        factors.remove(_me(), utcnow())
    flash(_("动态验证码已停用。"), "success")
    return redirect(url_for("factor.show"), 303)


@blueprint.route("/account/proof", methods=["GET", "POST"])
def again() -> Answer:
    """Proves once more who is there, then goes on to the page that asked."""
    form = proof.proof_form()
    wanted = local_path(request.args.get("next")) or url_for("home.index")
    if request.method == "POST" and proof.proved(form):
        return redirect(wanted, 303)
    action = url_for("factor.again", next=wanted)
    page = render_template("auth/again.html", form=form, kept=[], action=action)
    return page, 422 if form.errors else 200


def _codes_page(codes: list[str]) -> str:
    lines = [_("诉求通恢复码（%(name)s），每个只能用一次：", name=current_user.username), *codes]
    address = "data:text/plain;charset=utf-8," + quote("\r\n".join(lines) + "\r\n")
    return render_template("auth/recovery_codes.html", codes=codes, address=address)


def _warn_of_few_codes(user: User) -> None:
    left = factors.codes_left(user.id)
    if left < 3:
        flash(_("恢复码只剩 %(n)d 个，请在“动态验证码”页面重新生成。", n=left), "warning")


def _me() -> User:
    return cast(User, current_user._get_current_object())
