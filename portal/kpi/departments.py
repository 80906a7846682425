"""A department's page: its figures beside the city's, its load, what is late, what would help."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.amounts import number
from portal.auth.roles import OVERSIGHT_ROLES, Actor, Role
from portal.errors import NotFound
from portal.kpi import cells, charts, parts
from portal.kpi.asked import Asked
from portal.kpi.charts import Bar, Chart
from portal.kpi.comparing import before, change
from portal.kpi.figures import FIGURES, FIRST_TEN, Measure
from portal.kpi.gaps import Lever, levers
from portal.kpi.member_lists import listing
from portal.kpi.members import SIDES
from portal.kpi.part_words import GAP_WORDS, part_words
from portal.paging import cursor_from
from portal.publish.disclosure import SMALL
from portal.routing import balance
from portal.tickets.pages import rows

blueprint = Blueprint("departments", __name__)

COMPARED = (*FIRST_TEN, "overdue", "hold_rate", "rework_rate", "return_rate")
OVERDUE_SHOWN = 10


@blueprint.get("/figures/department")
def own() -> tuple[str, int] | str:
    """The page of the reader's own department."""
    return _page(Asked("departments.own"), current_user.actor, current_user.department_id or 0)


@blueprint.get("/figures/departments/<int:department_id>")
def show(department_id: int) -> tuple[str, int] | str:
    """The page of a department, for supervisors and for its own people; 404 to all others."""
    asked = Asked("departments.show", department_id=department_id)
    return _page(asked, current_user.actor, department_id)


@blueprint.get("/figures/departments/<int:department_id>/<kind>/<key>")
def part(department_id: int, kind: str, key: str) -> tuple[str, int] | str:
    """The department's tickets behind one number, as far as the reader may see them."""
    actor = current_user.actor
    asked = Asked("departments.part", department_id=department_id, kind=kind, key=key)
    name = _name(asked, actor, department_id)
    if not asked.valid:
        return render_template("kpi/board.html", asked=asked), 422
    chosen, where = replace(asked.chosen, department_id=department_id), (kind, key)
    page = parts.listed(
        *(where, asked.days, chosen, asked.now, actor),
        *(cursor_from(request.args), lambda **place: asked.again(**place)),
    )
    return render_template(
        "kpi/part.html",
        asked=asked,
        heading=_("%(unit)s：%(part)s", unit=name, part=part_words(kind, key)),
        dated=kind in ("hour", "gap"),
        total=parts.count(where, asked.days, chosen, asked.now),
        seen=parts.count(where, asked.days, chosen, asked.now, actor),
        rows=rows(page.items, asked.now),
        page=page,
        back=url_for("departments.show", department_id=department_id, **asked.address),
    )


@blueprint.get("/figures/departments/<int:department_id>/figures/<name>/<side>")
def tickets(department_id: int, name: str, side: str) -> tuple[str, int] | str:
    """The department's tickets behind a side of a figure, as far as the reader may see them."""
    actor = current_user.actor
    asked = Asked("departments.tickets", department_id=department_id, name=name, side=side)
    unit = _name(asked, actor, department_id)
    if name not in FIGURES or side not in SIDES:
        abort(404)
    if not asked.valid:
        return render_template("kpi/board.html", asked=asked), 422
    chosen = replace(asked.chosen, department_id=department_id)

    def link(to: str, **more: Any) -> str:
        return _figure(asked, department_id, name, to, **more)

    return render_template(
        "kpi/tickets.html",
        narrowed=[unit, *([_("只列您承办的")] if actor.role is Role.CADRE else [])],
        back=url_for("departments.show", department_id=department_id, **asked.address),
        exported={
            **asked.address,
            "department": str(department_id),
            "name": name,
            "side": side,
        },
        **listing(name, side, asked.days, chosen, asked.now, link, actor),
    )


def _name(asked: Asked, actor: Actor, department_id: int) -> str:
    """The department's name. Raises NotFound where there is none or it is not the reader's."""
    mine = actor.role in OVERSIGHT_ROLES or actor.department_id == department_id
    name = asked.known.departments.get(department_id)
    if name is None or not mine:
        raise NotFound("没有找到这个承办单位。")
    return name


def _page(asked: Asked, actor: Actor, department_id: int) -> tuple[str, int] | str:
    name = _name(asked, actor, department_id)
    if not asked.valid:
        return render_template("kpi/department.html", asked=asked, name=name), 422
    chosen = replace(asked.chosen, department_id=department_id)
    total = cells.totals(asked.days, chosen, asked.now)
    then = cells.totals(before(asked.days), chosen, asked.now)
    city = _city(asked, actor, total)

    def link(kind: str, key: str) -> str:
        to = url_for("departments.part", department_id=department_id, kind=kind, key=key)
        return f"{to}?{_query(asked)}"

    found = levers(parts.gaps(asked.days, chosen, asked.now), total["resolution_gross"])
    return render_template(
        "kpi/department.html",
        asked=asked,
        name=name,
        oversight=actor.role in OVERSIGHT_ROLES,
        figures=lambda one, side, _narrow=None: _figure(asked, department_id, one, side),
        total=total,
        earlier=before(asked.days),
        compared=[(one, total[one], city[one], change(total[one], then[one])) for one in COMPARED],
        levers=[(one, str(GAP_WORDS[one.name]), link("gap", one.name)) for one in found],
        chart=_gain(found, link),
        units=balance.units(asked.days, asked.now, department_id),
        late=parts.count(("late", "now"), asked.days, chosen, asked.now),
        late_link=link("late", "now"),
        late_rows=rows(parts.overdue_now(chosen, asked.now, OVERDUE_SHOWN, actor), asked.now),
    )


def _city(asked: Asked, actor: Actor, own: dict[str, Measure]) -> dict[str, Measure]:
    """The whole city beside the unit.

    The unit's own people get it as a whole, not narrowed, and only where others have a crowd in it:
    a single ticket that was kept from them is not to be told from it (docs/decisions/sealed.md).
    """
    wide = replace(asked.chosen, department_id=None)
    city = cells.totals(asked.days, wide, asked.now)
    if actor.role in OVERSIGHT_ROLES:
        return city
    return {
        name: one
        if not wide.chosen and one.d - own[name].d >= SMALL
        else replace(one, n=0, d=0, median=None, p90=None)
        for name, one in city.items()
    }


def _figure(asked: Asked, department_id: int, name: str, side: str, **more: Any) -> str:
    """The department's list behind a side of a figure."""
    values = {"department_id": department_id, "name": name, "side": side}
    return url_for("departments.tickets", **values, **asked.address, **more)


def _query(asked: Asked) -> str:
    return f"from={asked.days.first.isoformat()}&to={asked.days.last.isoformat()}"


def _gain(found: list[Lever], link: Any) -> Chart:
    """What each reason is worth in points of the resolution rate, as bars."""
    drawn = [
        Bar(
            str(GAP_WORDS[one.name]),
            one.points,
            _("%(n)s 件，%(points)s 个百分点", n=number(one.tickets), points=f"{one.points:.1f}"),
            link("gap", one.name),
        )
        for one in found
    ]
    best = next((one for one in found if one.open_to_work), None)
    summary = _("受理的诉求企业都已确认解决，没有可以提高的了。")
    if best is not None:
        summary = _(
            "最见效的是“%(what)s”：这 %(n)s 件都解决并由企业确认，"
            "解决率（毛）提高 %(points)s 个百分点。",
            what=str(GAP_WORDS[best.name]),
            n=number(best.tickets),
            points=f"{best.points:.1f}",
        )
    elif found:
        summary = _("没有计入的都已按其他方式办结，本单位不能再提高。")
    return charts.bars(
        "gain",
        _("怎样提高解决率最见效"),
        summary,
        _("没有计入解决的原因"),
        drawn,
        _("按没有计入解决的原因逐件归类，每件只算一次。"),
    )
