"""Filing on behalf 代填: problems of a visit become tickets, and the links for the firm's word."""

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.db import transaction, utcnow
from portal.directory.models import Category
from portal.directory.queries import names
from portal.errors import NotFound
from portal.qr import qr_code
from portal.queue import nudge
from portal.tickets.lifecycle import Urgency
from portal.tickets.service.submit import Wording
from portal.visits import queries
from portal.visits.forms import FileForm, file_form
from portal.visits.models import Visit, VisitItem
from portal.visits.rules import ItemKind, VisitState
from portal.visits.service import filing as service
from portal.visits.service import link
from portal.visits.views import today
from portal.visits.writing import blueprint, own_visit, sent

Answer = str | tuple[str, int] | Response
# Tokens wait in the cadre's own session for the one page that shows them.
KEPT = "vouch_links"


@blueprint.route("/<int:visit_id>/file", methods=["GET", "POST"])
def file(visit_id: int) -> Answer:
    """The submit form for the problems of one visit: ticked ones become tickets, all or none."""
    actor, visit = current_user.actor, own_visit(visit_id, VisitState.DONE)
    queries.get_paired_firm(actor, visit.enterprise_id, today())
    items = [i for i in visit.items if i.kind == ItemKind.PROBLEM and _open(i)]
    if not items:
        raise NotFound("这次走访没有可以转为诉求的问题。")
    firm = visit.enterprise
    start = {"contact_name": firm.contact_name, "contact_phone": firm.contact_phone}
    form = file_form(items, names(Category))(data=start)
    if request.method == "GET":
        form.prepare()
    tokens: dict[str, str] = {}
    if form.validate_on_submit():
        words, key, now = _wordings(form), form.once, utcnow()
        if sent(form, lambda: tokens.update(service.file(actor, visit_id, words, key, now))):
            return _filed(visit_id, tokens)
        visit = own_visit(visit_id, VisitState.DONE)
    status = 422 if form.errors else 200
    return render_template("visits/file.html", form=form, visit=visit, items=items), status


def _open(item: VisitItem) -> bool:
    """Whether the form offers it; one that was sent stays on its page, to be refused in words."""
    return item.ticket_id is None or f"title_{item.id}" in request.form


def _wordings(form: FileForm) -> dict[int, Wording]:
    return {
        item_id: Wording(
            title=form[f"title_{item_id}"].data,
            category_id=form[f"category_{item_id}"].data,
            urgency=Urgency(form[f"urgency_{item_id}"].data),
            description=form[f"text_{item_id}"].data,
            contact_name=form.contact_name.data or "",
            contact_phone=form.contact_phone.data or "",
        )
        for item_id in form.taken
    }


def _filed(visit_id: int, tokens: dict[str, str]) -> Response:
    nudge()
    if not tokens:  # the second click: the first has shown the links
        flash(_("这些问题已经转为诉求。"), "success")
        return redirect(url_for("visits.show", visit_id=visit_id), 303)
    session[KEPT] = {"visit": visit_id, "tokens": tokens}
    return redirect(url_for("visits.links", visit_id=visit_id), 303)


@blueprint.get("/<int:visit_id>/links")
def links(visit_id: int) -> Answer:
    """The links for the firm's word, shown once: to hand over as an address or a QR code."""
    visit = own_visit(visit_id, VisitState.DONE)
    kept = session.pop(KEPT, None)
    if kept is None or kept["visit"] != visit_id:
        return redirect(url_for("visits.show", visit_id=visit_id), 303)
    rows = [_link_row(visit, number, token) for number, token in kept["tokens"].items()]
    return render_template("visits/links.html", visit=visit, rows=rows)


def _link_row(visit: Visit, number: str, token: str) -> dict[str, object]:
    address = url_for("vouching.vouch", token=token, _external=True)
    [ticket] = [i.ticket for i in visit.items if i.ticket and i.ticket.number == number]
    return {"ticket": ticket, "address": address, "picture": qr_code(address)}


@blueprint.post("/<int:visit_id>/links/<number>")
def renew(visit_id: int, number: str) -> Answer:
    """Another link for a ticket of the visit; the one before is void."""
    visit = own_visit(visit_id, VisitState.DONE)
    if number not in {item.ticket.number for item in visit.items if item.ticket}:
        raise NotFound("没有找到这件诉求。")
    with transaction():
        token = link.renew(current_user.actor, number, utcnow())
    return _filed(visit_id, {number: token})
