"""Puts the application together: config → extensions → gate → pages → commands."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, has_request_context, request, session
from sqlalchemy import event
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli, limits, web
from portal.audit import views as audit_views
from portal.auth import (
    account,
    factor_views,
    gate,
    join_views,
    link_views,
    member_views,
    security,
    unified,
)
from portal.auth import views as auth_views
from portal.auth.breached import BREACHED
from portal.auth.hashing import HASHER
from portal.config import PROJECT, load_config
from portal.directory import admin
from portal.directory import views as enterprise_views
from portal.embedded import services
from portal.exports import views as export_views
from portal.extensions import babel, csrf, db, limiter, login_manager, migrate, rq
from portal.home import views as home_views
from portal.keys.columns import hold
from portal.keys.source import ring_from
from portal.kpi import board, departments, history_views, standings
from portal.kpi import views as kpi_views
from portal.private import views as private_views
from portal.problems import pages as problem_pages
from portal.publish import case_views
from portal.publish import views as opening_views
from portal.routing import edit_pages as rule_pages
from portal.routing import views as balance_views
from portal.search import bulk_views
from portal.search import views as search_views
from portal.sheets import views as sheets_views
from portal.sla import admin as sla_admin
from portal.suggest import admin as suggest_admin
from portal.supervision import bulletins
from portal.supervision import orders as supervision_pages
from portal.tickets import desk, dispatch, filing, handovers, oversee, petitioning, review, sealing
from portal.visits import filing as visits_filing
from portal.visits import vouching

LANGUAGES = ("zh_CN", "en")
BLUEPRINTS = (
    home_views.blueprint,
    auth_views.blueprint,
    account.blueprint,
    factor_views.blueprint,
    link_views.blueprint,
    join_views.blueprint,
    member_views.blueprint,
    unified.blueprint,
    security.blueprint,
    filing.blueprint,
    enterprise_views.blueprint,
    desk.blueprint,
    review.blueprint,
    dispatch.blueprint,
    oversee.blueprint,
    petitioning.blueprint,
    sealing.blueprint,
    visits_filing.blueprint,
    vouching.blueprint,
    search_views.blueprint,
    bulk_views.blueprint,
    problem_pages.blueprint,
    handovers.blueprint,
    balance_views.blueprint,
    kpi_views.blueprint,
    board.blueprint,
    standings.blueprint,
    departments.blueprint,
    history_views.blueprint,
    opening_views.blueprint,
    private_views.blueprint,
    case_views.blueprint,
    export_views.blueprint,
    audit_views.blueprint,
    rule_pages.blueprint,
    admin.blueprint,
    sla_admin.blueprint,
    sheets_views.blueprint,
    suggest_admin.blueprint,
    supervision_pages.blueprint,
    bulletins.blueprint,
)


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """The whole application. `config` overrides the environment; see portal.config."""
    app = Flask(
        "portal",
        root_path=str(PROJECT / "portal"),
        template_folder=str(PROJECT / "templates"),
        static_folder=str(PROJECT / "static"),
    )
    app.config.from_mapping(load_config(config, services))
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    _init_extensions(app)
    gate.init_app(app)
    web.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    cli.init_app(app)
    return app


def _init_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT / "migrations"))
    login_manager.init_app(app)
    limits.init_app(app, limiter)
    csrf.init_app(app)
    rq.init_app(app)
    limiter.init_app(app)
    babel.init_app(app, locale_selector=_language)
    with app.app_context():
        event.listen(db.engine, "connect", _set_up)
        hold(db.engine, ring_from(app.config))
    BREACHED.look_in(app.config["BREACHED_PASSWORDS"])
    HASHER.set_cost(app.config["PASSWORD_MEMORY_KIB"], app.config["PASSWORD_ROUNDS"])


def _language() -> str:
    """What the reader chose, else Chinese, whatever the browser says."""
    if not has_request_context():
        return LANGUAGES[0]
    kept = f"{current_app.config['COOKIE_PREFIX']}language"
    chosen = session.get("language") or request.cookies.get(kept)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def _set_up(connection: Any, _record: Any) -> None:
    """Instants come back in UTC, whatever the server's own zone is; parallel plans are for work
    that is worth them: starting two processes takes 5 ms, most of our statements less than one."""
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'; SET parallel_setup_cost = 20000")
    connection.commit()
