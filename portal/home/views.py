"""What belongs to everybody: the landing page, the inbox, the query page, settings and health."""

from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.audit import noting
from portal.auth.gate import roles_for
from portal.auth.roles import Role
from portal.auth.signed import me, must_change
from portal.auth.views import first_place, local_path
from portal.challenge.asking import Challenge
from portal.db import transaction, utcnow
from portal.errors import NotFound
from portal.extensions import db, limiter
from portal.fields import capitals
from portal.home import health as parts
from portal.home.forms import QueryForm
from portal.home.progress import find, progress_of
from portal.notify import digest
from portal.notify.messages import lines, words
from portal.notify.models import Notice
from portal.notify.queries import mark_read, of
from portal.paging import Page, cursor_from, fetch
from portal.tickets.sealed_queries import kept_numbers
from portal.visits.queries import visit_of
from portal.web import PLACES

blueprint = Blueprint("home", __name__)
YEAR_SECONDS = 366 * 86400
# Where a notice about no ticket leads: the first of these pages that its reader may open.
ABOUT: dict[str, tuple[str, ...]] = {
    "calendar_end": ("sla_admin.calendar", "oversee.overdue"),
    "sign_in_locked": ("account.index",),
    "join_asked": ("members.index", "admin.joins"),
    "joined": ("members.index",),
    "made_firm_admin": ("members.index",),
    "handover": ("handovers.index",),
    "handed_back": ("handovers.index",),
    "alert_yellow": ("supervision.alerts",),
    "alert_red": ("supervision.alerts",),
}
# What the cadre is told who filed a ticket on a firm's behalf.
OF_VISIT = frozenset({"vouch_unanswered", "vouched", "vouch_corrected", "disowned"})
LANGUAGES = ("zh_CN", "en")
FREE_QUERIES = 3  # sendings of an address within an hour before the challenge
Answer = Response | str | tuple[Any, int]


@blueprint.get("/")
def index() -> Answer:
    """The landing page; who is signed in goes to where their work begins."""
    if not current_user.is_authenticated:
        return render_template("home/index.html")
    if not PLACES[Role(current_user.role)] and not must_change(me()):
        return render_template("home/later.html")
    return redirect(first_place(current_user.role), 303)


@blueprint.get("/inbox")
def inbox() -> Answer:
    """The reader's notices, newest first."""

    def address(**kw: Any) -> str:
        return url_for("home.inbox", **kw)

    kept = kept_numbers(current_user.actor)
    query = select(Notice).where(of(current_user.actor))
    query = query.options(joinedload(Notice.ticket))
    cursor = cursor_from(request.args)
    found = fetch(query, Notice.created_at, Notice.id, cursor, address, descending=True)
    rows = [
        {
            "text": words(notice, kept),
            "lines": lines(notice, kept),
            "url": url_for("home.notice", notice_id=notice.id),
            "created_at": notice.created_at,
            "read_at": notice.read_at,
        }
        for notice in found.items
        if notice.kind != digest.KIND or lines(notice, kept)
    ]
    shown = Page(rows, found.next_url, found.prev_url)
    return render_template("home/inbox.html", page=shown)


@blueprint.get("/inbox/<int:notice_id>")
def notice(notice_id: int) -> Answer:
    """Opens what a notice is about, and marks it as read."""
    query = select(Notice).where(Notice.id == notice_id, of(current_user.actor))
    found = db.session.scalar(query)
    if found is None:
        raise NotFound("没有找到这条消息。")
    address = _about(found)
    with transaction():
        mark_read(current_user.id, notice_id)
    return redirect(address, 303)


def _about(found: Notice) -> str:
    """The exact place of what a notice says; the inbox when it says several things."""
    if found.ticket is not None:
        # Who filed it on the firm's behalf need not be who handles it.
        visit_id = visit_of(current_user.actor, found.ticket.id) if found.kind in OF_VISIT else None
        if visit_id is not None:
            return url_for("visits.show", visit_id=visit_id)
        return url_for("tickets.show", number=found.ticket.number)
    if found.kind == "problem_owned":
        return url_for("problems.show", problem_id=found.params["problem_id"])
    if "bulletin_id" in found.params:
        return url_for("bulletins.show", bulletin_id=found.params["bulletin_id"])
    role = Role(current_user.role)
    open_to = (one for one in ABOUT.get(found.kind, ()) if role in roles_for(one))
    return url_for(next(open_to, "home.inbox"))


@blueprint.post("/inbox/read")
def read_all() -> Answer:
    """Marks every notice of the reader as read."""
    with transaction():
        mark_read(current_user.id)
    return redirect(url_for("home.inbox"), 303)


@blueprint.post("/care")
def care() -> Answer:
    """Larger type, kept in a cookie."""
    return _keep("care", "1" if request.form.get("care") == "1" else "0")


@blueprint.post("/language")
def language() -> Answer:
    """Chinese or English, kept in a cookie."""
    wanted = request.form.get("language")
    return _keep("language", wanted if wanted in LANGUAGES else LANGUAGES[0])


def _keep(name: str, value: str) -> Answer:
    """Back to the page the reader was on, with the setting in a cookie for a year."""
    answer = redirect(local_path(request.form.get("next")) or url_for("home.index"), 303)
    secure = current_app.config["HTTPS"]
    answer.set_cookie(
        f"{current_app.config['COOKIE_PREFIX']}{name}",
        value,
        max_age=YEAR_SECONDS,
        secure=secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


@blueprint.route("/query", methods=["GET", "POST"])
@limiter.limit("10/minute", methods=["POST"], key_func=get_remote_address)
def query() -> Answer:
    """Progress by number and query code; the same answer whichever of them is wrong."""
    form = QueryForm(number=capitals(request.args.get("number"))[:40])
    challenge = Challenge("query", after=FREE_QUERIES)
    if form.validate_on_submit() and challenge.met(form):
        ticket = find(form.number.data or "", form.query_code.data or "")
        if ticket is not None:
            return render_template("home/progress.html", progress=progress_of(ticket, utcnow()))
        noting.note("query")
        form.form_errors.append(_("编号或查询码不正确，请对照提交成功页面上的内容核对。"))
    page = render_template("home/query.html", form=form, challenge=challenge)
    return page, 422 if form.errors else 200


@blueprint.get("/health")
def health() -> Answer:
    """200 when web, database, queue and timer work, else 503."""
    state = parts.check()
    return jsonify(state), 200 if set(state.values()) == {parts.OK} else 503
