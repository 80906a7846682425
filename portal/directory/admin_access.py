"""How people come in, for the administrator: sessions that end, locks, one-time links."""

from flask import render_template, url_for
from flask_babel import gettext as _

from portal.auth import guard, links
from portal.auth import service as accounts
from portal.db import transaction, utcnow
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, refused
from portal.errors import Invalid


@blueprint.post("/users/<int:user_id>/end-sessions")
def end_sessions(user_id: int) -> Answer:
    """Signs somebody out everywhere; noted among the changes of the account."""
    person = accounts.get_user(user_id)
    with transaction():
        accounts.end_sessions(editor(), person.id)
    return done(_("此人在所有设备上的登录已退出。"), "admin.user", user_id=user_id)


@blueprint.get("/locks")
def locks() -> Answer:
    """The accounts and addresses that may not sign in just now."""
    return render_template("admin/locks.html", locks=guard.locks(utcnow()))


@blueprint.post("/locks/<int:lock_id>/lift")
def lift(lock_id: int) -> Answer:
    """Ends a lock before its time; noted among the changes of the account."""
    with transaction():
        guard.lift(editor(), guard.get_lock(lock_id, utcnow()))
    return done(_("锁定已解除，现在就可以登录。"), "admin.locks")


@blueprint.post("/users/<int:user_id>/link")
def make_link(user_id: int) -> Answer:
    """A one-time link for somebody who is invited or forgot the password; shown once."""
    try:
        return link_page(user_id)
    except Invalid as error:
        return refused(error, "admin.user", user_id=user_id)


def link_page(user_id: int) -> Answer:
    """Makes a link and shows it, in the answer itself: it is kept nowhere else. Raises Invalid."""
    person = accounts.get_user(user_id)
    with transaction():
        token, row = links.issue(editor(), user_id)
        expires_at = row.expires_at
    address = url_for("links.welcome", token=token, _external=True)
    back = url_for("admin.user", user_id=user_id)
    context = {"person": person, "address": address, "expires_at": expires_at, "back": back}
    return render_template("auth/link_made.html", **context)


@blueprint.post("/users/<int:user_id>/link/revoke")
def revoke_link(user_id: int) -> Answer:
    """Makes a link worthless that was lost or sent to somebody else."""
    with transaction():
        links.revoke(editor(), accounts.get_user(user_id).id)
    return done(_("一次性链接已作废。"), "admin.user", user_id=user_id)
