"""Asks again who is there: the second step of a sign-in, and before what an unlocked desk must
not allow (ASVS 5.0 7.5.3). One table says where."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from flask import current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict

from portal import fields
from portal.audit import noting
from portal.auth import factors, guard
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import ADMINISTRATORS, STAFF_ROLES, Role
from portal.auth.signed import address, guard_rules
from portal.db import transaction, utcnow
from portal.extensions import db, limiter
from portal.language import lazy as _l

FRESH = timedelta(minutes=10)
HALF = "half"
HALF_LASTS = timedelta(minutes=5)  # how long a right password waits for its code
FIELD = "proof"  # beside the fields of the form that waits for it
PROVED = "proved_at"
# A password is asked for where there is no factor; a code has its own lock.
GUESSES = "10 per 15 minutes"
PERSONAL_REGISTERS = frozenset({"enterprises", "contacts", "staff"})
_SEES_CONTACTS = frozenset({Role.CADRE, Role.REVIEWER, Role.DISPATCHER})


def _always(_role: Role) -> bool:
    return True


def _with_contacts(role: Role) -> bool:
    return role in _SEES_CONTACTS


def _personal_register(_role: Role) -> bool:
    return (request.view_args or {}).get("kind") in PERSONAL_REGISTERS


def _granting(_role: Role) -> bool:
    return request.values.get("decision") != "refuse"


# Endpoint → whether this request needs a proof of the last ten minutes.
STEP_UP: dict[str, Callable[[Role], bool]] = {
    "factor.enrol": _always,
    "factor.renew": _always,
    "factor.remove": _always,
    "unified.link": _always,
    "unified.unlink": _always,
    "security.grant": _always,
    "security.role": _always,
    "security.reset_factor": _always,
    "exports.take": _with_contacts,
    "exports.download": _with_contacts,
    "sheets.export": _personal_register,
    "sheets.wrong": _always,
    "private.download": _always,
    "private.take": _always,
    "private.ask_erasure": _always,
    "private.erase_user": _always,
    "petitioning.grant_exclusion": _always,
    "petitioning.rule": _granting,
}


class ProofForm(FlaskForm):
    """A code, or the password of whoever has no second factor."""

    proof = fields.line(_l("验证码"), _l("请填写验证码。"), most=fields.MAX_PASSWORD)


class PasswordProofForm(FlaskForm):
    """The password again."""

    proof = fields.password(_l("密码"), _l("请填写密码。"))


def must_enrol() -> bool:
    """Whether the present person needs a second factor and has none."""
    return current_user.factor_at is None and needed()


def needed() -> bool:
    """Whether the present person may not be without one (setting SECOND_FACTOR_STAFF).

    Demonstration accounts may do without, outside production only.
    """
    user, config = current_user, current_app.config
    setting = config["SECOND_FACTOR_STAFF"]
    if setting == "off" or (user.demonstration and config["ENVIRONMENT"] != "production"):
        return False
    wanted = ADMINISTRATORS if setting == "admins" else (*STAFF_ROLES, *ADMINISTRATORS)
    return user.role in wanted


def half_signed(user: User, wanted: str | None) -> None:
    """Notes that the password was right: nobody is signed in until the code is, too."""
    session.clear()
    now = utcnow().timestamp()
    session[HALF] = {"id": user.id, "of": _stamp(user), "at": now, "next": wanted}


def _stamp(user: User) -> str:
    """Another one after a new password or another factor: what was half done is void then."""
    return f"{user.password_changed_at} {user.factor_at}"


def half() -> User | None:
    """Whose password was right within the last minutes, and who is not signed in yet."""
    kept = session.get(HALF)
    if kept is None:
        return None
    since = datetime.fromtimestamp(kept["at"], utcnow().tzinfo)
    user = db.session.get(User, kept["id"])
    if user is None or not user.active or _stamp(user) != kept["of"]:
        return None
    return user if utcnow() - since < HALF_LASTS else None


def mark() -> None:
    """Notes that the person has just proved who they are."""
    session[PROVED] = utcnow().timestamp()


def fresh() -> bool:
    """Whether the last proof is young enough."""
    at = session.get(PROVED)
    if at is None:
        return False
    age = utcnow() - datetime.fromtimestamp(at, utcnow().tzinfo)
    return timedelta(0) <= age < FRESH


def asked(endpoint: str) -> Any:
    """None when the request may go on, else what to answer first.

    A page leads to the prompt and back. A form is kept: the prompt carries its fields, and the
    same form goes on once the proof is right.
    """
    need = STEP_UP.get(endpoint)
    if need is None or not need(Role(current_user.role)) or fresh():
        return None
    here = request.full_path if request.query_string else request.path
    if request.method != "POST":
        return redirect(url_for("factor.again", next=here), 303)
    form = proof_form()
    if FIELD in request.form and proved(form):
        return None
    if FIELD not in request.form:
        form = proof_form(formdata=None)
    return render_template("auth/again.html", form=form, kept=_kept(), action=here), 403


def proof_form(**kw: Any) -> Any:
    """The prompt's form for the present person."""
    return ProofForm(**kw) if current_user.factor_at is not None else PasswordProofForm(**kw)


def proved(form: Any) -> bool:
    """Judges what was typed; True marks the session, False says why in the form."""
    if not form.validate_on_submit():
        return False
    user = cast(User, current_user._get_current_object())
    problem = (
        code_problem(user, form.proof.data or "")
        if user.factor_at is not None
        else _password_problem(user, form.proof.data or "")
    )
    if problem:
        form.proof.errors = [problem]
        return False
    mark()
    return True


def code_problem(user: User, code: str) -> str | None:
    """Uses a code up; None when it was right, else the sentence. Wrong codes are counted."""
    with transaction():
        outcome = factors.prove(user, code, utcnow())
    if outcome in (factors.Proof.LOCKED, factors.Proof.WRONG):
        noting.note("factor", user_id=user.id)
    if outcome is factors.Proof.LOCKED:
        return _locked()
    if outcome is factors.Proof.WRONG:
        return _("验证码不正确或已用过，请输入最新的验证码。")
    return None


def half_problem(user: User, code: str) -> str | None:
    """The same at the second step of a sign-in, where wrong codes count for the address, too.

    So whoever has many passwords cannot try codes of many accounts from one place.
    """
    now, rules = utcnow(), guard_rules()
    with transaction():
        attempt = guard.begin(f"code {user.id}", address(), now, rules)
    if not attempt.open:
        noting.note("factor", user_id=user.id)
        return _locked()
    problem = code_problem(user, code)
    with transaction():
        if problem is None:
            guard.passed(attempt, now)
        else:
            guard.failed(attempt, user, now, rules, code=True)
    return problem


def _locked() -> str:
    return _("连续输错次数过多，请 15 分钟后再试，或联系安全管理员。")


def _password_problem(user: User, password: str) -> str | None:
    with limiter.limit(GUESSES, key_func=_person):
        right = HASHER.matches(user.password_hash, password)
    if right:
        return None
    noting.note("proof")
    return _("密码不正确，请重新输入。")


def _person() -> str:
    return f"proof:{current_user.id}"


def _kept() -> list[tuple[str, str]]:
    """The fields of the form that waits, as they were sent."""
    sent: MultiDict[str, str] = request.form
    return [(k, v) for k, v in sent.items(multi=True) if k not in (FIELD, "csrf_token")]
