"""Pairings: which cadre stands for which firm, with the history."""

from functools import partial

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal.auth import service as accounts
from portal.db import transaction
from portal.directory import queries, service
from portal.directory.admin_blueprint import (
    Answer,
    blueprint,
    confirm,
    done,
    editor,
    find_firm,
    page,
    today,
)
from portal.directory.forms import PairingForm
from portal.directory.models import Pairing
from portal.errors import Invalid
from portal.fields import blame, clean
from portal.paging import Page


@blueprint.get("/pairings")
def pairings() -> Answer:
    """All pairings, newest first, of the firms that match."""
    search = clean(request.args.get("q"))[:50]
    before, after, cadre_id = _row("before"), _row("after"), _row("cadre")
    rows, more = queries.pairings(search, cadre_id, before, after)
    found = _page(rows, more, {"q": search or None, "cadre": cadre_id}, before, after)
    cadre = accounts.get_user(cadre_id) if cadre_id is not None else None
    return render_template("admin/pairings.html", page=found, q=search, cadre=cadre, today=today())


@blueprint.route("/pairings/new", methods=["GET", "POST"])
def new_pairing() -> Answer:
    """A new pairing; the firm's present one ends the day before."""
    form = PairingForm(firm=clean(request.args.get("firm"))[:50], starts_on=today())
    if form.validate_on_submit():
        starts_on = form.starts_on.data or today()
        try:
            with transaction():
                firm = find_firm(form.firm.data or "")
                service.pair(
                    editor(),
                    firm.id,
                    form.owner_id.data,
                    form.deputy_id.data,
                    starts_on,
                    today(),
                )
                name = firm.name
            return done(_("“%(firm)s”的包联已保存。", firm=name), "admin.pairings", q=name)
        except Invalid as error:
            blame(form, error)
    return page("admin/pairing_new.html", form)


@blueprint.route("/pairings/<int:pairing_id>/end", methods=["GET", "POST"])
def end_pairing(pairing_id: int) -> Answer:
    """Ends a pairing with today; its days stay in the history."""
    pairing = service.get_pairing(pairing_id)
    firm = pairing.enterprise.name
    back = url_for("admin.pairings", q=firm)
    if request.method == "GET":
        title = _("结束“%(firm)s”的包联？", firm=firm)
        consequence = _(
            "今天过后，这家企业的新诉求不再派给%(name)s，改按派单规则派出；已派的诉求不变。",
            name=pairing.owner.name,
        )
        return confirm(title, consequence, _("结束包联"), back)
    with transaction():
        service.end_pairing(editor(), pairing_id, today())
    return done(_("包联已结束。"), "admin.pairings", q=firm)


def _row(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _page(
    rows: list[Pairing],
    more: bool,
    chosen: dict[str, str | int | None],
    before: int | None,
    after: int | None,
) -> Page[Pairing]:
    if not rows:
        return Page([])
    older = more if after is None else True
    newer = more if after is not None else before is not None
    address = partial(url_for, "admin.pairings", **chosen)
    return Page(
        rows,
        next_url=address(before=rows[-1].id) if older else None,
        prev_url=address(after=rows[0].id) if newer else None,
    )
