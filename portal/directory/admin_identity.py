"""The unified identity of somebody's account, linked and unlinked by a system administrator."""

from flask import current_app
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from portal import fields
from portal.auth import identities
from portal.auth import service as accounts
from portal.db import transaction
from portal.directory.admin_blueprint import Answer, blueprint, done, editor, page, refused
from portal.errors import Invalid, NotFound
from portal.fields import blame
from portal.language import lazy as _l


class IdentityForm(FlaskForm):
    """Whom the provider knows."""

    subject = fields.line(_l("统一身份标识"), _l("请填写统一身份认证给此人的标识（sub）。"))


@blueprint.route("/users/<int:user_id>/identity", methods=["GET", "POST"])
def identity(user_id: int) -> Answer:
    """Links an identity to an account that is no administrator's."""
    person, issuer, form = accounts.get_user(user_id), _issuer(), IdentityForm()
    if form.validate_on_submit():
        try:
            with transaction():
                identities.link(editor(), user_id, issuer, form.subject.data or "")
            return done(_("已关联统一身份。"), "admin.user", user_id=user_id)
        except Invalid as error:
            blame(form, error)
    known = identities.identity_of(user_id)
    return page("admin/identity.html", form, person=person, known=known, issuer=issuer)


@blueprint.post("/users/<int:user_id>/identity/unlink")
def unlink_identity(user_id: int) -> Answer:
    """The identity opens the account no longer."""
    try:
        with transaction():
            identities.unlink(editor(), user_id)
    except Invalid as error:
        return refused(error, "admin.user", user_id=user_id)
    return done(_("已解除与统一身份的关联。"), "admin.user", user_id=user_id)


def _issuer() -> str:
    issuer = current_app.config["OIDC_ISSUER"]
    if not issuer:
        raise NotFound("没有启用统一身份认证。")
    return issuer
