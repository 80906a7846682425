"""个人信息: the notice, one's consent, one's data to take away, and to be forgotten."""

from datetime import timedelta
from pathlib import Path
from typing import cast

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.models import User
from portal.auth.roles import Role
from portal.auth.service import get_user
from portal.auth.signed import end_session
from portal.db import transaction, utcnow
from portal.errors import Conflict, NotFound
from portal.exports import queries, service, showing, spool
from portal.exports.models import OWN
from portal.extensions import limiter
from portal.language import said
from portal.private import belongings, consents, erasing, passing
from portal.queue import EXPORT, nudge
from portal.tickets.files import path_of

Answer = Response | str | tuple[str, int]

blueprint = Blueprint("private", __name__)


@blueprint.get("/privacy")
def notice() -> str:
    """What is kept of a person, why, how long, who sees it: for everybody."""
    config = current_app.config
    return render_template(
        "private/notice.html",
        version=consents.VERSION,
        phone=config["SERVICE_PHONE"],
        months={
            "contacts": config["RETAIN_CONTACT_MONTHS"],
            "files": config["RETAIN_FILE_MONTHS"],
            "drafts": config["RETAIN_DRAFT_MONTHS"],
            "notices": config["RETAIN_NOTICE_MONTHS"],
            "sessions": config["RETAIN_SESSION_MONTHS"],
            "refusals": config["RETAIN_REFUSAL_MONTHS"],
        },
    )


@blueprint.get("/account/data")
def show() -> str:
    """One's consent, one's data, and the way to be forgotten."""
    return _page(None)[0]


@blueprint.post("/account/data/consent")
def consent() -> Answer:
    """Agrees to the present version of the notice."""
    with transaction():
        consents.agree(current_user.id, utcnow())
    flash(_("已记录您的同意，谢谢。"), "success")
    return redirect(url_for("private.show"), 303)


@blueprint.post("/account/data/download")
@limiter.limit("6/hour")
def download() -> Answer:
    """Lets a worker gather everything that is kept about the person; one run at a time."""
    actor, now = current_user.actor, utcnow()
    try:
        with transaction():
            run = queries.own_data(actor, now)
            if run is None or run.state == "done":
                asked = (OWN, {}, "zip", len(belongings.SECTIONS), str(get_locale() or "zh_CN"))
                run = service.start(actor, *asked, now)
            run_id = run.id
    except Conflict as error:
        return _page(said(error))
    nudge(EXPORT)
    return redirect(url_for("private.taking", run_id=run_id), 303)


@blueprint.get("/account/data/download/<int:run_id>")
def taking(run_id: int) -> str:
    """How far the gathering is, and its file."""
    run = service.own(current_user.actor, run_id, data=True)
    return render_template("private/taking.html", run=run, showing=showing)


@blueprint.post("/account/data/download/<int:run_id>")
def take(run_id: int) -> Answer:
    """The file, once: it is removed while it is sent."""
    with transaction():
        name = service.take_once(current_user.actor, run_id, utcnow())
    path = spool.path_of(name, Path(current_app.config["UPLOAD_DIR"]))
    try:
        opened = path.open("rb")
    except FileNotFoundError:
        raise NotFound("文件已经下载过或已过期，请重新生成。") from None
    path.unlink(missing_ok=True)
    title = _("我的资料") + ".zip"
    return send_file(opened, "application/zip", as_attachment=True, download_name=title)


@blueprint.get("/account/data/erase")
def erase() -> str:
    """Says what will happen before it is asked for."""
    return render_template(
        "private/erase.html",
        days=current_app.config["ERASE_WAIT_DAYS"],
        open_tickets=erasing.open_tickets(current_user.id),
        colleagues=passing.colleagues(current_user.actor),
    )


@blueprint.post("/account/data/erase")
def ask_erasure() -> Answer:
    """Asks to be forgotten; at once where nothing has to be waited for."""
    now, wait = utcnow(), timedelta(days=current_app.config["ERASE_WAIT_DAYS"])
    try:
        with transaction():
            wish = erasing.ask(current_user.actor, current_user.id, wait, now)
            gone = wish.due_at <= now
            names = erasing.carry_out(wish.id, now) if gone else []
    except Conflict as error:
        return _page(said(error))
    for name in names:
        path_of(name, Path(current_app.config["UPLOAD_DIR"])).unlink(missing_ok=True)
    if gone:
        end_session()
        flash(_("账号已注销。"), "success")
        return redirect(url_for("home.index"), 303)
    flash(_("已登记注销申请，到期前可以撤回。"), "success")
    return redirect(url_for("private.show"), 303)


@blueprint.post("/account/data/pass")
def pass_on() -> Answer:
    """Hands one's open tickets to another applicant of the firm."""
    to = request.form.get("to", type=int) or 0
    with transaction():
        count = passing.pass_on(current_user.actor, to, utcnow())
    nudge()
    flash(_("已把 %(n)d 件诉求转给同事。", n=count), "success")
    return redirect(url_for("private.erase"), 303)


@blueprint.post("/account/data/keep")
def keep() -> Answer:
    """Takes the wish back."""
    with transaction():
        erasing.take_back(current_user.id, utcnow())
    flash(_("注销申请已撤回。"), "success")
    return redirect(url_for("private.show"), 303)


@blueprint.post("/admin/users/<int:user_id>/erase")
def erase_user(user_id: int) -> Answer:
    """Former staff: stopped before, made anonymous when the wait is over."""
    get_user(user_id)
    wait = timedelta(days=current_app.config["ERASE_WAIT_DAYS"])
    try:
        with transaction():
            erasing.ask(current_user.actor, user_id, wait, utcnow())
        flash(_("已登记注销，到期后账号信息自动清除。"), "success")
    except Conflict as error:
        flash(said(error), "danger")
    return redirect(url_for("admin.user", user_id=user_id), 303)


def _me() -> User:
    return cast(User, current_user._get_current_object())


def _page(refused: str | None) -> tuple[str, int]:
    page = render_template(
        "private/show.html",
        version=consents.VERSION,
        agreed=consents.agreed(current_user.id),
        asks=consents.asks(_me()),
        firm=current_user.role == Role.APPLICANT,
        wish=erasing.asked(current_user.id),
        run=queries.own_data(current_user.actor, utcnow()),
        refused=refused,
    )
    return page, 409 if refused else 200
