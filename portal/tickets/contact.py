"""显示: a masked contact, shown once to a reader who says why; the firm sees who and why."""

from flask import render_template
from flask_babel import gettext as _
from flask_login import current_user

from portal.audit import access
from portal.errors import NotFound
from portal.tickets import queries
from portal.tickets.contact_form import ContactForm
from portal.tickets.contact_rules import handles
from portal.tickets.views import blueprint


@blueprint.route("/tickets/<number>/contact", methods=["GET", "POST"])
def contact(number: str) -> str | tuple[str, int]:
    """Asks why, notes it, and shows the contact on this one page."""
    actor = current_user.actor
    ticket = queries.get_visible(actor, number)
    if ticket.sealed:  # tickets.sealing asks for a reason of its own
        raise NotFound("没有找到这件诉求的联系方式。")
    if handles(actor, ticket.facts):
        raise NotFound("这件诉求的联系方式没有隐藏，请直接在诉求页面查看。")
    form = ContactForm()
    if not form.validate_on_submit():
        page = render_template("tickets/contact.html", ticket=ticket, form=form, shown=None)
        return page, 422 if form.errors else 200
    shown = [(_("联系人"), ticket.contact_name), (_("联系电话"), ticket.contact_phone)]
    access.note(ticket.id, "reveal", reason=form.words)
    return render_template("tickets/contact.html", ticket=ticket, form=form, shown=shown)
