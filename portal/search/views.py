"""The search page: every ticket the reader may see, by its words and by filters in the address."""

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.language import lazy as _l
from portal.language import said
from portal.paging import cursor_from
from portal.search import bulk, choices, marks, queries, saved
from portal.search.forms import FILTERS, SaveViewForm, SearchForm
from portal.search.queries import At, Found, Search
from portal.tickets.pages import is_firm, rows
from portal.wording import firm_name

blueprint = Blueprint("search", __name__)
TIERS = ("1", "2", "3")


@blueprint.get("/search")
def find() -> str | tuple[str, int]:
    """What is found, the newest or the most relevant first; with nothing asked, everything."""
    actor = current_user.actor
    form = SearchForm(request.args, choices.offered(actor), actor.role)
    if not form.validate():
        return _page(form, actor, None), 422
    return _page(form, actor, form.search())


@blueprint.post("/search/views")
def save() -> Response:
    """Keeps the search under a name, and goes back to it."""
    actor = current_user.actor
    asked = SearchForm(MultiDict(request.form), choices.offered(actor), actor.role)
    form = SaveViewForm()
    asked.validate()
    if not form.validate_on_submit():
        flash(str([*form.name.errors, *form.form_errors][0]), "danger")
        return redirect(url_for("search.find", **asked.address()), 303)
    try:
        with transaction():
            saved.save(actor, form.name.data or "", asked.address(), utcnow())
        flash(_("已保存，下次点名字就能打开。"), "success")
    except Invalid as error:
        flash(said(error), "danger")
    return redirect(url_for("search.find", **asked.address()), 303)


@blueprint.post("/search/views/<int:view_id>/drop")
def drop(view_id: int) -> Response:
    """Deletes one of the reader's views."""
    with transaction():
        saved.drop(current_user.actor, view_id)
    flash(_("已删除。"), "success")
    return redirect(url_for("search.find"), 303)


@blueprint.get("/all")
@blueprint.get("/oversee/all")
@blueprint.get("/desk/done")
@blueprint.get("/review/department")
def moved() -> Response:
    """Where the lists of everything were before."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in FILTERS}
    return redirect(url_for("search.find", **kept), 303)


def _page(form: SearchForm, actor: Actor, search: Search | None) -> str:
    now, address = utcnow(), form.address()
    found = None
    if search is not None:
        found = queries.find(
            actor, search, now, _at(), lambda **place: url_for("search.find", **address, **place)
        )
    return render_template(
        "search/find.html",
        form=form,
        save_form=SaveViewForm(),
        firm=is_firm(actor),
        address=address,
        found=found,
        many=queries.MANY,
        rows=_rows(found, search, actor) if found and search else [],
        chips=_chips(form, address),
        orders=_orders(address),
        views=_views(actor, address),
        actions=bulk.actions(actor.role),
        ticked=request.args.get("ticked") == "1",
        tick_url=url_for("search.find", **address, **_place(), ticked=1),
        more_open=any(name in form and form[name].data for name in FILTERS[4:]),
    )


def _at() -> At | None:
    """The place in the list that the address names; nonsense is the first page."""
    cursor = cursor_from(request.args)
    tier = request.args.get("tier", "")
    if cursor is None or not isinstance(cursor.key, datetime):
        return None
    return At(int(tier) if tier in TIERS else 0, cursor.key, cursor.id, cursor.backwards)


def _place() -> dict[str, Any]:
    """The place in the list as the address has it."""
    return {
        name: request.args[name] for name in ("after", "before", "tier") if name in request.args
    }


def _rows(found: Found, search: Search, actor: Actor) -> list[dict[str, Any]]:
    """The rows of the page, hits marked in the title and in an excerpt."""
    tickets, terms = found.page.items, search.terms
    if not terms:
        return rows(tickets, utcnow())
    ids = [ticket.id for ticket in tickets]
    said_in = queries.words_of(ids, public_only=is_firm(actor))
    return [
        {
            **row,
            "title_pieces": marks.pieces(ticket.title, terms),
            "firm_pieces": marks.pieces(firm_name(ticket), terms),
            "number_pieces": marks.pieces(ticket.number, terms),
            "excerpt": marks.excerpt([ticket.description, *said_in.get(ticket.id, ())], terms),
        }
        for ticket, row in zip(tickets, rows(tickets, utcnow()), strict=True)
    ]


def _chips(form: SearchForm, address: dict[str, Any]) -> list[dict[str, Any]]:
    """One chip for each filter in use; its address is the search without it."""
    return [
        {"label": label, "url": url_for("search.find", **_without(address, name))}
        for name, label in form.chosen()
    ]


def _without(address: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in address.items() if key != name}


def _orders(address: dict[str, Any]) -> list[dict[str, Any]]:
    """The two orders; without terms one ticket is as relevant as another."""
    if "q" not in address:
        return []
    plain = _without(address, "sort")
    return [
        {
            "label": label,
            "url": url_for("search.find", **_sorted(plain, sort)),
            "current": address.get("sort", "") == sort,
        }
        for sort, label in (("", _l("最新的在前")), ("relevant", _l("最相关的在前")))
    ]


def _views(actor: Actor, address: dict[str, Any]) -> list[dict[str, Any]]:
    here = url_for("search.find", **address)
    base = url_for("search.find")
    return [
        {
            "id": view.id,
            "label": view.name,
            "url": f"{base}?{view.query}",
            "current": f"{base}?{view.query}" == here,
        }
        for view in saved.views(actor)
    ]


def _sorted(address: dict[str, Any], sort: str) -> dict[str, Any]:
    return {**address, "sort": sort} if sort else address
