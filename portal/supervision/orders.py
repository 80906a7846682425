"""Orders 督办单: all of them for supervisors, and orders on all tickets of a list at once."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.amounts import number
from portal.db import utcnow
from portal.language import lazy as _l
from portal.paging import cursor_from
from portal.search import bulk
from portal.search.bulk_views import page as bulk_page
from portal.search.bulk_views import prepared
from portal.sla.calendars import current_calendar
from portal.supervision import lists, queries, showing
from portal.supervision.pages import blueprint
from portal.tickets import choices
from portal.tickets.lifecycle import Action

VIEWS: dict[str, str] = {
    "open": _l("待回复"),
    "overdue": _l("逾期未回复"),
    "replied": _l("已回复"),
    "all": _l("全部"),
}


@blueprint.get("/orders")
def orders() -> str:
    """The orders of a view: what waits, what is late, what was answered, or all."""
    actor, now = current_user.actor, utcnow()
    view = request.args.get("view", "")
    view = view if view in VIEWS else "open"
    department = request.args.get("department", type=int)

    def address(**place: Any) -> str:
        return url_for("supervision.orders", view=view, department=department, **place)

    page = queries.orders(actor, view, department, now, cursor_from(request.args), address)
    counts = queries.order_counts(actor, now)
    calendar = current_calendar()
    return render_template(
        "supervision/orders.html",
        page=page,
        rows=[showing.order_view(order, calendar, now) for order in page.items],
        views=[
            {
                "label": label,
                "url": url_for("supervision.orders", view=name, department=department),
                "current": name == view,
                "count": counts.get(name),
            }
            for name, label in VIEWS.items()
        ],
        view=view,
        department=department,
        departments=choices.departments(),
        tabs=showing.tabs("supervision.orders"),
    )


@blueprint.get("/orders/new")
def new_orders() -> str:
    """One confirmation page for the tickets of a whole list, up to the limit of one act."""
    actor, now = current_user.actor, utcnow()
    numbers, total = lists.first_of(actor, request.args, now, bulk.MOST)
    form = prepared(actor, Action.SUPERVISE)
    found = bulk.prospects(actor, Action.SUPERVISE, numbers, now)
    return bulk_page(form, Action.SUPERVISE, found, _limit(len(numbers), total))


def _limit(taken: int, total: int | None) -> str:
    """Says so where the list is longer than one act."""
    if taken < bulk.MOST or total == taken:
        return ""
    if total is None:
        return _("一次最多 %(most)d 件，这里是清单的前 %(most)d 件。", most=bulk.MOST)
    return _(
        "清单共 %(total)s 件，一次最多 %(most)d 件，这里是前 %(most)d 件。",
        total=number(total),
        most=bulk.MOST,
    )
