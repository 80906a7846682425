"""Where a request to join a firm stands, for the browser that asked or proved its password."""

from flask import Blueprint, current_app, redirect, render_template, session, url_for
from werkzeug.wrappers import Response

from portal.auth import joining
from portal.auth.access_models import JoinRequest
from portal.db import transaction, utcnow
from portal.directory.models import Enterprise
from portal.errors import NotFound
from portal.extensions import db

blueprint = Blueprint("joins", __name__, url_prefix="/join")
Answer = Response | str
KEY = "join_request"


def show_later(row: JoinRequest) -> Response:
    """On to the page of a request; the cookie, which is signed, says whose it is."""
    session[KEY] = row.id
    return redirect(url_for("joins.show"), 303)


@blueprint.get("")
def show() -> Answer:
    """Waiting, refused with the reason, approved or withdrawn."""
    row = _mine()
    if row is None:
        raise NotFound("没有找到您的申请，请用申请时的用户名和密码登录查看。")
    firm = db.session.get_one(Enterprise, row.enterprise_id)
    phone = current_app.config["SERVICE_PHONE"]
    return render_template("auth/join.html", row=row, firm=firm, service_phone=phone)


@blueprint.post("/withdraw")
def withdraw() -> Answer:
    """Takes the request back."""
    row = _mine()
    if row is not None and row.state == joining.ASKED:
        with transaction():
            joining.withdraw(row.id, utcnow())
    return redirect(url_for("joins.show"), 303)


def _mine() -> JoinRequest | None:
    request_id = session.get(KEY)
    return db.session.get(JoinRequest, request_id) if isinstance(request_id, int) else None
