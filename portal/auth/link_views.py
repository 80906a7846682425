"""The page behind a one-time link: who has it sets a password, and then signs in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address
from werkzeug.wrappers import Response

from portal.auth import links
from portal.auth.forms import NewPasswordForm
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.extensions import limiter
from portal.fields import blame

blueprint = Blueprint("links", __name__)
Answer = Response | str | tuple[str, int]


@blueprint.route("/welcome/<token>", methods=["GET", "POST"])
@limiter.limit("30/minute;200/hour", key_func=get_remote_address)
def welcome(token: str) -> Answer:
    """Opening it uses nothing up: programs that look ahead at links open them, too."""
    link = links.find(token, utcnow())
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            with transaction():
                links.use(token, form.new.data or "", utcnow())
        except Invalid as error:
            blame(form, error, {"password": "new"})
        else:
            flash(_("密码已设置，请用它登录。"), "success")
            return redirect(url_for("auth.sign_in"), 303)
    page = render_template("auth/welcome.html", form=form, link=link)
    return page, 422 if form.errors else 200
