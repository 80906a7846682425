"""The pages of accounts: sign in, register, sign out, change the password."""

from typing import cast
from urllib.parse import urlsplit

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

from portal.audit import noting
from portal.auth import guard, joining, password_service, proof, service
from portal.auth.access_models import JoinRequest
from portal.auth.adopting import adopt
from portal.auth.forms import PasswordForm, RegisterForm, SignInForm
from portal.auth.join_views import show_later
from portal.auth.models import User
from portal.auth.roles import Role
from portal.auth.service import Firm
from portal.auth.sign_in import finish
from portal.auth.signed import (
    ENDED,
    address,
    begin_session,
    end_session,
    guard_rules,
    limits,
    must_change,
)
from portal.challenge.asking import Challenge
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.extensions import csrf, db, limiter
from portal.fields import blame, code
from portal.private import consents
from portal.web import PLACES

blueprint = Blueprint("auth", __name__)
TRIES = "10/minute"
Answer = Response | str | tuple[str, int]


def first_place(role: str) -> str:
    """The address a person's work begins at; the landing page for a role without places."""
    places = PLACES[Role(role)]
    return url_for(places[0][1] if places else "home.index")


def local_path(text: str | None) -> str | None:
    """`text` when it is a path of this site, else None: no open redirect."""
    if not text or not text.startswith("/") or text.startswith("//"):
        return None
    parts = urlsplit(text)
    plain = text.isprintable() and "\\" not in text
    return text if plain and not parts.scheme and not parts.netloc else None


def admit(user: User, wanted: str | None) -> Response:
    """Signs on who has proved who they are; who has a second factor is asked for it first."""
    if user.factor_at is not None:
        proof.half_signed(user, wanted)
        return redirect(url_for("factor.code"), 303)
    role, asks = user.role, consents.asks(user)
    begin_session(user)
    proof.mark()
    if asks:
        flash(_("《个人信息处理说明》已更新，请在“账号安全”的“我的资料”中查看并确认。"))
    return redirect(wanted or first_place(role), 303)


def _failed(response: Response) -> bool:
    """Only wrong answers count: a whole office may sign in from one address in the morning."""
    return response.status_code == 422


def _by_account() -> str:
    return f"account:{code(request.form.get('username')).lower()[:64]}"


def _by_person() -> str:
    return f"person:{current_user.get_id()}"


@blueprint.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], key_func=get_remote_address, deduct_when=_failed)
@limiter.limit(TRIES, methods=["POST"], key_func=_by_account, deduct_when=_failed)
@csrf.exempt
def sign_in() -> Answer:
    """Name and password; the same answer whichever of them is wrong."""
    if current_user.is_authenticated:
        return redirect(first_place(current_user.role), 303)
    csrf.protect()
    form = SignInForm(next=request.args.get("next"))
    if form.validate_on_submit():
        user = _proved(form.username.data or "", form.password.data or "")
        if isinstance(user, JoinRequest):
            return show_later(user)
        if user is not None:
            wanted = local_path(form.next.data)
            return admit(user, wanted)
        noting.note("sign_in", username=form.username.data)
        blame(form, Invalid("用户名或密码不正确，请重新输入。"))
    status = 422 if form.errors else 200
    ended = session.pop(ENDED, None)
    context = {"limits": limits(), "rules": guard_rules(), "ended": ended}
    context["service_phone"] = current_app.config["SERVICE_PHONE"]
    return render_template("auth/sign_in.html", form=form, **context), status


def _proved(username: str, password: str) -> User | JoinRequest | None:
    """Who has the right name and password and is not locked out; the attempt is counted first."""
    now, rules = utcnow(), guard_rules()
    with transaction():
        attempt = guard.begin(username, address(), now, rules)
    with transaction():
        return finish(attempt, username, password, now, rules)


@blueprint.route("/register", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], key_func=get_remote_address)
@csrf.exempt
def register() -> Answer:
    """A firm and its first applicant, signed in at once; for a known firm a request to join."""
    if current_user.is_authenticated:
        return redirect(first_place(current_user.role), 303)
    csrf.protect()
    form, challenge = RegisterForm(), Challenge("register")
    if form.validate_on_submit() and challenge.met(form):
        try:
            user = _registered(form)
        except Invalid as error:
            blame(form, error)
        else:
            if isinstance(user, JoinRequest):
                return show_later(user)
            begin_session(user)
            flash(_("注册成功，现在就可以提交诉求。"), "success")
            return redirect(url_for("tickets.new"), 303)
    phone = current_app.config["SERVICE_PHONE"]
    status = 422 if form.errors else 200
    shown = {"form": form, "challenge": challenge, "service_phone": phone}
    return render_template("auth/register.html", **shown), status


@blueprint.post("/sign-out")
def sign_out() -> Answer:
    """Ends this session."""
    end_session()
    flash(_("您已退出登录。"), "success")
    return redirect(url_for("home.index"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
@limiter.limit(TRIES, methods=["POST"], key_func=_by_person, deduct_when=_failed)
def change_password() -> Answer:
    """A new password; every other session of the person ends, this one goes on."""
    form = PasswordForm()
    user = cast(User, current_user._get_current_object())
    if form.validate_on_submit():
        try:
            with transaction():
                password_service.change_password(
                    user, form.old.data or "", form.new.data or "", utcnow()
                )
        except Invalid as error:
            if error.field == "old":
                noting.note("proof")
            blame(form, error, {"password": "new"})
        else:
            begin_session(user)
            flash(_("密码已修改，其他设备上的登录已退出。"), "success")
            return redirect(first_place(user.role), 303)
    page = render_template("auth/change_password.html", form=form, why=must_change(user))
    return page, 422 if form.errors else 200


def _registered(form: RegisterForm) -> User | JoinRequest:
    """The first applicant of a new firm, or a request to join a known one. Raises Invalid."""
    username, password, now = form.username.data or "", form.password.data or "", utcnow()
    firm = _firm(form)
    with transaction():
        known = service.firm_by(firm.uscc)
        if known is None:
            user = service.register(firm, username, password, now)
            adopt(user)
            db.session.flush()
            consents.agree(user.id, now)
            return user
        person = firm.contact_name, firm.contact_phone
        return joining.ask(known, username, *person, password, now)


def _firm(form: RegisterForm) -> Firm:
    return Firm(
        uscc=form.uscc.data or "",
        name=form.name.data or "",
        region_id=form.region_id.data,
        chain_id=form.chain_id.data,
        size=form.size.data,
        contact_name=form.contact_name.data or "",
        contact_phone=form.contact_phone.data or "",
    )
