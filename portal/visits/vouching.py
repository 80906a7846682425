"""The page behind a vouch link: the firm says, without an account, whether the words are right."""

from flask import Blueprint, render_template, request
from flask_limiter.util import get_remote_address
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.auth.roles import Actor, Role
from portal.db import transaction, utcnow
from portal.errors import Invalid, NotFound, Repeated
from portal.extensions import db, limiter
from portal.fields import blame
from portal.tickets.forms import VouchForm
from portal.tickets.reasons import VouchAnswer
from portal.visits.models import VouchLink
from portal.visits.service import link as service

blueprint = Blueprint("vouching", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.route("/vouch/<token>", methods=["GET", "POST"])
@limiter.limit("30/minute;200/hour", key_func=get_remote_address)
def vouch(token: str) -> Answer:
    """Shows what was filed and by whom, and takes the firm's answer once."""
    found = service.find(token, utcnow())
    speaker = _speaker(found)
    form = VouchForm()
    if request.method == "GET":
        form.description.data = found.ticket.description
    if found.used_at is None and form.validate_on_submit():
        try:
            _answer(token, form, speaker)
        except Repeated:
            pass  # the first sending counts
        except Invalid as error:
            blame(form, error)
        db.session.expire_all()
        found = service.find(token, utcnow())
    if found.used_at is not None:
        return render_template("visits/vouched.html", link=found)
    status = 422 if form.errors else 200
    return render_template("visits/vouch.html", form=form, link=found), status


def _speaker(found: VouchLink) -> Actor | None:
    """The firm's account where one is signed in; nobody else's account answers for a firm."""
    if not current_user.is_authenticated:
        return None
    actor: Actor = current_user.actor
    if actor.role is not Role.APPLICANT or actor.enterprise_id != found.ticket.enterprise_id:
        raise NotFound("这个链接由企业自己打开：请退出登录，或让企业用自己的手机扫码。")
    return actor


def _answer(token: str, form: VouchForm, speaker: Actor | None) -> None:
    db.session.rollback()
    said = VouchAnswer(form.answer.data)
    words, reason = form.description.data or "", form.text.data or ""
    with transaction():
        service.answer(token, said, words, reason, utcnow(), speaker)
