"""账号安全: what protects one's own account, and where one is signed in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth import identities, sessions, signed
from portal.auth.session_words import lines
from portal.auth.sessions import End
from portal.db import transaction, utcnow
from portal.errors import NotFound

Answer = Response | str

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
def index() -> Answer:
    """The password's age and the sessions, this one first."""
    here = signed.current()
    found = sessions.for_user(signed.me(), utcnow(), signed.limits())
    shown = lines(found, here.id if here else None)
    context = {"until": signed.password_until(signed.me()), "sessions": shown}
    context["identity"] = identities.identity_of(current_user.id)
    return render_template("auth/account.html", person=signed.me(), **context)


@blueprint.post("/stay")
def stay() -> tuple[str, int]:
    """The person is still there: the session goes on; nothing is shown."""
    here = signed.current()
    if here is not None:
        with transaction():
            sessions.note(here.id, utcnow())
    return "", 204


@blueprint.post("/sessions/<int:session_id>/end")
def end(session_id: int) -> Answer:
    """Signs out one other browser of one's own."""
    with transaction():
        ended = sessions.end(session_id, End.OWNER, utcnow(), user_id=current_user.id)
    if not ended:
        raise NotFound("没有找到这个登录，可能已经退出。")
    flash(_("这台设备上的登录已退出。"), "success")
    return redirect(url_for("account.index"), 303)


@blueprint.post("/sessions/end-others")
def end_others() -> Answer:
    """Signs out everywhere but here."""
    here = signed.current()
    with transaction():
        count = sessions.end_all(
            current_user.id, End.OWNER, utcnow(), keep=here.id if here else None
        )
    flash(_("其他 %(n)d 处登录已退出。", n=count), "success")
    return redirect(url_for("account.index"), 303)
