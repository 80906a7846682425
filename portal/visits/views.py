"""Pages that show visits: a cadre's firms, one firm, one visit, the firm's own, the calendar."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_login import current_user

from portal.auth.roles import Role
from portal.db import utcnow
from portal.directory import paired
from portal.directory.class_words import class_name
from portal.paging import cursor_from
from portal.tickets import choices
from portal.tickets.pages import rows
from portal.visits import queries, rules, showing
from portal.visits.service.visit import local_day

blueprint = Blueprint("visits", __name__, url_prefix="/visits")
YEARS = range(2020, 2100)


def today() -> date:
    """The local day."""
    return local_day(utcnow())


@blueprint.get("")
def firms() -> str:
    """The firms paired with the cadre today, the longest not visited first."""
    now = utcnow()
    found = queries.board(current_user.actor, now, today())
    return render_template("visits/firms.html", rows=showing.firm_rows(found, today()))


@blueprint.get("/firms/<int:enterprise_id>")
def firm(enterprise_id: int) -> str:
    """One paired firm: whom to ask, its visits, and the tickets that the cadre handles."""
    actor, now = current_user.actor, utcnow()
    found = queries.get_paired_firm(actor, enterprise_id, today())

    def address(**place: Any) -> str:
        return url_for("visits.firm", enterprise_id=enterprise_id, **place)

    mine = queries.handled(actor, enterprise_id)
    return render_template(
        "visits/firm.html",
        firm=found,
        titles=[class_name(name) for name in queries.titles([found.id], today()).get(found.id, [])],
        contacts=queries.contacts(found.id),
        open_count=queries.open_count(found.id),
        rows=rows(mine, now),
        planned=queries.planned_visits([found.id]).get(found.id),
        page=queries.about(actor, found.id, today(), cursor_from(request.args), address),
    )


@blueprint.get("/<int:visit_id>")
def show(visit_id: int) -> str:
    """One visit, for everybody who may see it."""
    actor, now = current_user.actor, utcnow()
    visit = queries.get_visible_visit(actor, visit_id, today())
    still = actor.role is Role.CADRE and paired.is_paired(actor.id, visit.enterprise_id, today())
    firm_reads = actor.role is Role.APPLICANT
    others = [] if firm_reads else queries.others_in_month(visit.enterprise_id, visit.day, visit.id)
    return render_template(
        "visits/show.html",
        visit=visit,
        state=showing.STATES[visit.state],
        items=showing.item_rows(visit, actor),
        may=showing.may(visit, actor, still, now),
        others=others,
        firm_reads=firm_reads,
        paired=still,
    )


@blueprint.get("/about")
def about() -> str:
    """The visits recorded about the reader's own firm."""
    actor = current_user.actor

    def address(**place: Any) -> str:
        return url_for("visits.about", **place)

    cursor = cursor_from(request.args)
    page = queries.about(actor, actor.enterprise_id or 0, today(), cursor, address)
    return render_template("visits/about.html", page=page)


@blueprint.get("/calendar")
def calendar() -> str:
    """The visits of a month: a cadre's own; a reviewer's unit's; for overseers by unit."""
    actor, day = current_user.actor, _month(request.args.get("month"))
    all_units = actor.role not in (Role.CADRE, Role.REVIEWER)
    unit = request.args.get("department", type=int) if all_units else None
    visits = queries.month(actor, day, today(), unit)

    def address(step: int) -> str:
        moved = rules.next_month(day, step)
        return url_for("visits.calendar", month=f"{moved:%Y-%m}", department=unit)

    context: dict[str, Any] = {
        "day": day,
        "days": showing.month_days(visits, day, today()),
        "count": len(visits),
        "cut": len(visits) == queries.MOST,
        "own": actor.role is Role.CADRE,
        "units": choices.departments() if all_units else {},
        "unit": unit,
    }
    return render_template("visits/calendar.html", earlier=address(-1), later=address(1), **context)


def _month(text: str | None) -> date:
    """The first day of the month in an address such as 2026-11; nonsense is this month."""
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today().replace(day=1)
    return day if day.year in YEARS else today().replace(day=1)
