"""What every page shares: error pages, template filters, the places of a role."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request, url_for
from flask_babel import get_locale
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from portal import headers
from portal.audit import noting
from portal.audit.watermark import Mark
from portal.auth import signed
from portal.auth.roles import OVERSIGHT_ROLES, STAFF_ROLES, Role
from portal.db import utcnow
from portal.directory.class_words import class_name
from portal.errors import PortalError
from portal.extensions import db, limiter, login_manager
from portal.keys.ring import MissingKey, Unreadable
from portal.language import lazy as _l
from portal.language import lazy_in, said
from portal.notify.queries import unread_count
from portal.supervision.queries import open_count as open_alerts
from portal.tickets import petition_queries
from portal.wording import FILTERS, LIGHTS

# Pages of staff with names and telephones of persons, beside all pages of one ticket.
MARKED = frozenset(
    {
        *("search.find", "visits.show", "visits.firm", "visits.firms", "cases.show"),
        *("admin.enterprise", "admin.enterprises", "admin.users", "admin.user", "audit.entry"),
        *("admin.show_contacts", "admin.show_phone", "audit.refused"),
        *("security.people", "security.person"),
    }
)
ERROR_PAGES = (400, 403, 404, 405, 409, 413, 422, 429, 500, 503)
Place = tuple[str, str, str]
Answer = tuple[str | dict[str, Any], int]
# The places of each role: label, endpoint and icon.
PLACES: dict[Role, tuple[Place, ...]] = {
    Role.APPLICANT: (
        (_l("我的诉求"), "tickets.mine", "list"),
        (_l("提交诉求"), "tickets.new", "plus"),
        (_l("企业信息"), "enterprise.show", "building"),
        (_l("走访记录"), "visits.about", "people"),
    ),
    Role.CADRE: (
        (_l("待办"), "desk.queue", "list"),
        (_l("我承办的"), "search.find", "search"),
        (_l("包联企业"), "visits.firms", "building"),
        (_l("共性问题"), "problems.index", "people"),
        (_l("请假和交接"), "handovers.index", "person"),
        (_l("本单位指标"), "departments.own", "chart"),
    ),
    Role.REVIEWER: (
        (_l("待审核"), "review.queue", "review"),
        (_l("本单位诉求"), "search.find", "search"),
        (_l("共性问题"), "problems.index", "people"),
        (_l("负荷"), "routing.load", "chart"),
        (_l("通报"), "bulletins.index", "file"),
        (_l("请假和交接"), "handovers.index", "person"),
        (_l("本单位指标"), "departments.own", "chart"),
        (_l("走访日历"), "visits.calendar", "clock"),
    ),
    Role.DISPATCHER: (
        (_l("待派单"), "dispatch.triage", "list"),
        (_l("退单申请"), "dispatch.returns", "file"),
        (_l("全部诉求"), "search.find", "search"),
        (_l("派单规则"), "rules.index", "route"),
        (_l("共性问题"), "problems.index", "people"),
        (_l("请假和交接"), "handovers.index", "person"),
    ),
    Role.SUPERVISOR: (
        (_l("指标"), "board.show", "chart"),
        (_l("督办"), "supervision.alerts", "flag"),
        (_l("申请"), "petitioning.inbox", "file"),
        (_l("超期清单"), "oversee.overdue", "clock"),
        (_l("全部诉求"), "search.find", "search"),
        (_l("走访日历"), "visits.calendar", "people"),
        (_l("共性问题"), "problems.index", "people"),
    ),
    Role.ADMIN: (
        (_l("账号"), "admin.users", "person"),
        (_l("企业与包联"), "admin.enterprises", "people"),
        (lazy_in("list", "承办单位"), "admin.departments", "building"),
        (lazy_in("list", "诉求类别"), "admin.categories", "list"),
        (_l("派单规则"), "rules.index", "route"),
        (_l("日历与时限"), "sla_admin.calendar", "clock"),
    ),
    Role.SECURITY_ADMIN: (
        (_l("授权申请"), "security.requests", "review"),
        (_l("账号与角色"), "security.people", "person"),
        (_l("安全设置"), "security.show_settings", "flag"),
    ),
    Role.NONE: (),
    Role.AUDITOR: (
        (_l("审计日志"), "audit.log", "list"),
        (_l("安全事件"), "audit.refused", "flag"),
        (_l("导出和检查点"), "audit.months", "review"),
        (_l("导出记录"), "exports.log", "file"),
    ),
}
PLACES[Role.LEADER] = PLACES[Role.SUPERVISOR]
# What is needed seldom: in the menu beside the person's name.
_TAKEN: tuple[str, str] = (_l("我的导出"), "exports.index")
_WATCHED = ((_l("公开案例"), "cases.index"), (_l("导出记录"), "exports.log"), _TAKEN)
MENU: dict[Role, tuple[tuple[str, str], ...]] = {
    **dict.fromkeys((Role.APPLICANT, *STAFF_ROLES), (_TAKEN,)),
    **dict.fromkeys(OVERSIGHT_ROLES, _WATCHED),
}
# The places that a page belongs to whose address does not begin with the place's own; the role's.
BELONGS: dict[str, tuple[str, ...]] = {
    "handovers": ("handovers.index",),
    "visits": ("visits.calendar",),
    "kpi": ("board.show",),
    "board": ("board.show",),
    "departments": ("departments.own", "board.show"),
    "admin.locks": ("admin.users",),
    "admin.joins": ("admin.users",),
    "admin.refuse_join": ("admin.users",),
    "admin.pairings": ("admin.enterprises",),
    "admin.new_pairing": ("admin.enterprises",),
    "admin.end_pairing": ("admin.enterprises",),
    "admin.new_applicant": ("admin.enterprises",),
    "admin": ("admin.departments",),
    "sheets": ("admin.departments",),
    "suggest_admin": ("admin.departments",),
    "supervision": ("supervision.alerts",),
    "bulletins": ("bulletins.index", "supervision.alerts"),
    "sla_admin": ("sla_admin.calendar",),
}
# The places that say how much waits there.
COUNTS: dict[str, Callable[[Role], int]] = {
    "petitioning.inbox": lambda role: sum(petition_queries.counts(role).values()),
    "supervision.alerts": lambda role: open_alerts(),
}


def init_app(app: Flask) -> None:
    """Registers filters, context, headers and error pages."""
    app.jinja_env.filters.update(FILTERS, class_name=class_name)
    app.jinja_env.globals["LIGHTS"] = LIGHTS
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_context)
    headers.init_app(app)
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(DataError, _no_such_value)
    app.register_error_handler(Unreadable, _unreadable)
    app.register_error_handler(MissingKey, _unreadable)
    app.register_error_handler(Exception, _unexpected)


def error_page(status: int, message: str = "", **context: Any) -> Answer:
    """The page for a status, with a way on; a JSON object for a program that asks for one."""
    if headers.wants_json():
        return headers.as_json(status, message), status
    page = status if status in ERROR_PAGES else 500
    try:
        return render_template(f"errors/{page}.html", message=message, **context), status
    except SQLAlchemyError as error:  # the frame names the reader, whom nobody can look up now
        return _unexpected(error)


def back_url(default: str) -> str:
    """Where the reader came from when that is our own page, else `default`: no open redirect."""
    referrer = request.referrer or ""
    return referrer if referrer.startswith(request.host_url) else default


def _context() -> dict[str, Any]:
    """What base.html needs: the places, the unread count, the reader's language and type size."""
    locale = get_locale()
    context: dict[str, Any] = {
        "nonce": headers.nonce(),
        "locale": str(locale) if locale else "zh_CN",
        "places": [],
        "inbox_count": 0,
    }
    if current_user and current_user.is_authenticated:
        context["inbox_count"] = unread_count(current_user.actor)
        context["places"] = places(Role(current_user.role))
        menu = MENU.get(Role(current_user.role), ())
        context["menu"] = [(label, url_for(endpoint)) for label, endpoint in menu]
        context["mark"] = _mark()
        context["idle"] = signed.idle_seconds(signed.me())
        context["search_box"] = current_user.role in (Role.APPLICANT, *STAFF_ROLES)
    return context


def _mark() -> Mark | None:
    """What is written across a page that shows persons to staff; None for other pages."""
    shows = "number" in (request.view_args or {}) or request.endpoint in MARKED
    if not shows or current_user.role == Role.APPLICANT:
        return None
    return Mark(current_user.name, current_user.username, utcnow())


def places(role: Role) -> list[dict[str, Any]]:
    """The places of a role as base.html shows them; the one is marked that the page belongs to."""
    here = _place_of(role)
    return [
        {
            "label": label,
            "url": url_for(endpoint),
            "current": endpoint == here and ("page" if endpoint == request.endpoint else "true"),
            "icon": icon,
            "count": COUNTS[endpoint](role) if endpoint in COUNTS else None,
        }
        for label, endpoint, icon in PLACES[role]
    ]


def _place_of(role: Role) -> str | None:
    """The endpoint of the place that this page is of, or is a step on from; None for no place."""
    own = [endpoint for _label, endpoint, _icon in PLACES[role]]
    if request.endpoint is None or request.endpoint in own:
        return request.endpoint
    above = [one for one in own if f"{request.path}/".startswith(f"{url_for(one)}/")]
    if above:
        return max(above, key=lambda one: len(url_for(one)))
    blueprint = request.endpoint.split(".")[0]
    found = BELONGS.get(request.endpoint) or BELONGS.get(blueprint, ())
    return next((one for one in found if one in own), None)


def _portal_error(error: PortalError) -> Answer:
    noting.denied(error.status)
    return error_page(error.status, said(error))


def _csrf_error(error: CSRFError) -> Answer:
    noting.note("forgery")
    return error_page(400, error.description or "")


def _http_error(error: HTTPException) -> Answer | HTTPException | Response:
    """The page for what Flask or Werkzeug refuses; what its headers say is kept."""
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, SecurityError):
        return headers.unknown_host()
    if isinstance(error, RateLimitExceeded):
        return _too_many()
    noting.denied(error.code)
    answer = make_response(error_page(error.code))
    allowed = dict(error.get_headers()).get("Allow")
    if allowed:
        answer.headers["Allow"] = allowed
    return answer


def _too_many() -> Response:
    """429: when to try again, and what was typed, to send once more with one press."""
    noting.note("limit")
    limit = limiter.current_limit
    wait = max(1, int(limit.reset_at - utcnow().timestamp()) + 1) if limit else 60
    page = error_page(429, minutes=-(-wait // 60), kept=headers.typed(), again=request.full_path)
    answer = make_response(page)
    answer.headers["Retry-After"] = str(wait)
    return answer


def _no_such_value(error: DataError) -> Answer:
    """A value of the request that no column can hold: a NUL, a number beyond all ids."""
    current_app.logger.warning("the database refuses a value: %s", error.orig)
    db.session.rollback()
    noting.denied(404)
    return error_page(404 if request.method in ("GET", "HEAD") else 400)


def _unreadable(error: Unreadable | MissingKey) -> Answer:
    """A sealed value that was altered, copied from another row, or whose key is away; the log says
    where. The page asks the database for nothing: the reader's own row may be the one."""
    current_app.logger.error("a sealed value does not open: %s", error.place)
    db.session.rollback()
    g._login_user = login_manager.anonymous_user()
    return error_page(503)


def _unexpected(error: Exception) -> Answer:
    """Logs the traceback, shows none of it; the page asks the database for nothing."""
    current_app.logger.error("unexpected error", exc_info=error)
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session.remove()
    g._login_user = login_manager.anonymous_user()  # where Flask-Login keeps whom it has loaded
    return error_page(500)
