"""Denies by default: one table says which role reaches which endpoint; sessions end here."""

from typing import Any

from flask import Flask, redirect, request, session, url_for
from flask_login import current_user

from portal.auth import proof, signed
from portal.auth.roles import ACCOUNT_ROLES, OVERSIGHT_ROLES, STAFF_ROLES, Role
from portal.errors import NotAllowed
from portal.extensions import login_manager
from portal.tickets.lifecycle import Action
from portal.tickets.policy import ROLE_ACTIONS

PUBLIC: frozenset[str] = frozenset(
    {
        "static",
        "home.index",
        "home.health",
        "home.query",
        "home.care",
        "home.language",
        "auth.sign_in",
        "auth.register",
        "factor.code",
        "joins.show",
        "joins.withdraw",
        "links.welcome",
        "unified.start",
        "unified.back",
        "vouching.vouch",
        "opening.show",
        "opening.download",
        "private.notice",
    }
)
EVERYBODY = frozenset(ACCOUNT_ROLES)
# What is no action on a ticket: by endpoint, else by the blueprint's name; what is in neither, and
# no door either, is closed to all.
ACCESS: dict[str, frozenset[Role]] = {
    "auth": EVERYBODY,
    "private": EVERYBODY,
    "private.erase": frozenset({Role.APPLICANT}),
    "private.ask_erasure": frozenset({Role.APPLICANT}),
    "private.pass_on": frozenset({Role.APPLICANT}),
    "private.keep": frozenset({Role.APPLICANT}),
    "private.erase_user": frozenset({Role.ADMIN}),
    "account": EVERYBODY,
    "factor": EVERYBODY,
    "unified": EVERYBODY,
    "security": frozenset({Role.SECURITY_ADMIN}),
    "home": EVERYBODY,
    "tickets": frozenset({Role.APPLICANT}),
    "tickets.show": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "tickets.contact": frozenset(STAFF_ROLES),
    "tickets.explain": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "tickets.download": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "enterprise": frozenset({Role.APPLICANT}),
    "members": frozenset({Role.APPLICANT}),
    "desk": frozenset({Role.CADRE}),
    "review": frozenset({Role.REVIEWER}),
    "dispatch": frozenset({Role.DISPATCHER}),
    "petitioning": frozenset(OVERSIGHT_ROLES),
    "handovers": frozenset({Role.CADRE, Role.REVIEWER, Role.DISPATCHER}),
    "handovers.new_leave": frozenset({Role.REVIEWER}),
    "handovers.remove_leave": frozenset({Role.REVIEWER}),
    "routing": frozenset({Role.DISPATCHER, Role.REVIEWER}),
    "oversee": frozenset(OVERSIGHT_ROLES),
    "sealing": frozenset({Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "search": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "search.moved": frozenset(STAFF_ROLES),
    "bulk": frozenset({Role.REVIEWER, Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "kpi": frozenset(OVERSIGHT_ROLES),
    "board": frozenset(OVERSIGHT_ROLES),
    "standings": frozenset(OVERSIGHT_ROLES),
    "departments": frozenset({Role.CADRE, Role.REVIEWER, *OVERSIGHT_ROLES}),
    "departments.own": frozenset({Role.CADRE, Role.REVIEWER}),
    "cases": frozenset(OVERSIGHT_ROLES),
    "history": frozenset(OVERSIGHT_ROLES),
    "supervision": frozenset(OVERSIGHT_ROLES),
    "bulletins": frozenset({Role.REVIEWER, *OVERSIGHT_ROLES}),
    "bulletins.xlsx": frozenset(OVERSIGHT_ROLES),
    "visits": frozenset({Role.CADRE}),
    "visits.show": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "visits.about": frozenset({Role.APPLICANT}),
    "visits.calendar": frozenset(STAFF_ROLES),
    "rules": frozenset({Role.ADMIN, Role.DISPATCHER}),
    "rules.index": frozenset({Role.ADMIN, Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "rules.version": frozenset({Role.ADMIN, Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "rules.returns": frozenset({Role.ADMIN, Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "rules.returned": frozenset({Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "problems": frozenset({Role.DISPATCHER, *OVERSIGHT_ROLES}),
    "problems.own_similar": frozenset({Role.APPLICANT}),
    "problems.similar": frozenset(STAFF_ROLES),
    "problems.index": frozenset(STAFF_ROLES),
    "problems.show": frozenset(STAFF_ROLES),
    "problems.answer": frozenset({Role.CADRE}),
    "problems.send_again": frozenset({Role.CADRE}),
    "admin": frozenset({Role.ADMIN}),
    "sla_admin": frozenset({Role.ADMIN}),
    "audit": frozenset({Role.AUDITOR}),
    "audit.looks": frozenset({Role.APPLICANT, *OVERSIGHT_ROLES}),
    "audit.printed": frozenset(STAFF_ROLES),
    "sheets": frozenset({Role.ADMIN}),
    "exports": frozenset({Role.APPLICANT, *STAFF_ROLES}),
    "exports.log": frozenset({Role.AUDITOR, *OVERSIGHT_ROLES}),
    "suggest_admin": frozenset({Role.ADMIN}),
}
# Reached before a given or an expired password is changed.
_BEFORE_CHANGE = frozenset({"auth.change_password", "auth.sign_out", "static"})
# Reached by whoever must have a second factor and has none yet.
_BEFORE_FACTOR = _BEFORE_CHANGE | {"factor.enrol", "factor.again"}


# Filled by `open_door`: the page of an action is for whom policy.ROLE_ACTIONS lets take the action.
_DOORS: dict[str, frozenset[Role]] = {}


def open_door(endpoint: str, action: Action) -> None:
    """Names an endpoint by the action on a ticket that it is the page of."""
    _DOORS[endpoint] = frozenset(role for role in EVERYBODY if action in ROLE_ACTIONS[role])


def roles_for(endpoint: str) -> frozenset[Role]:
    """The roles that reach an endpoint; empty for one that nobody has named."""
    if endpoint in _DOORS:
        return _DOORS[endpoint]
    return ACCESS.get(endpoint) or ACCESS.get(endpoint.split(".")[0], frozenset())


def init_app(app: Flask) -> None:
    """Puts the gate before every request and tells Flask-Login how to find a user."""
    app.before_request(_gate)
    login_manager.user_loader(signed.load)


def _gate() -> Any:
    endpoint = request.endpoint
    if endpoint is None:
        return None  # no such address: the 404 page
    if endpoint == "static":
        return None
    _follow_session()
    if endpoint in PUBLIC:
        return None
    if not current_user.is_authenticated:
        return redirect(url_for("auth.sign_in", next=_wanted()), 303)
    if endpoint not in _BEFORE_CHANGE and signed.must_change(signed.me()):
        return redirect(url_for("auth.change_password"), 303)
    if current_user.role == Role.NONE and endpoint not in _BEFORE_CHANGE:
        return redirect(url_for("home.index"), 303)  # where it says what the account waits for
    if endpoint not in _BEFORE_FACTOR and proof.must_enrol():
        return redirect(url_for("factor.enrol"), 303)
    if current_user.role != Role.NONE and Role(current_user.role) not in roles_for(endpoint):
        raise NotAllowed("您的账号不能打开这个页面。")
    return proof.asked(endpoint)


def _wanted() -> str | None:
    """The page to go on to after sign-in; a form is not sent again, but its page is opened."""
    if request.method in ("GET", "HEAD"):
        return request.full_path if request.query_string else request.path
    own, page = request.host_url, request.referrer or ""
    return f"/{page.removeprefix(own)}" if page.startswith(own) else None


def _follow_session() -> None:
    """Forgets a session that is over; notes that a living one is in use."""
    if "_user_id" not in session:
        return
    if current_user.is_authenticated:
        signed.note_use()
    else:
        signed.forget()
