"""The supervisor's dashboard, its wall page, and the lists behind its bars."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.kpi import board_charts, cells, parts
from portal.kpi.asked import Asked
from portal.kpi.board_charts import CUTS
from portal.kpi.comparing import before, change
from portal.kpi.part_words import part_words
from portal.kpi.periods import Period, local_day
from portal.kpi.reasons import EXCLUDED
from portal.paging import cursor_from
from portal.problems.largest import largest
from portal.tickets.pages import rows

blueprint = Blueprint("board", __name__)

# The rates at the head of the dashboard.
HEADLINE = (
    *("resolution_gross", "resolution_net", "on_time_rate"),
    *("contact_rate", "satisfaction", "overclaim"),
)
OVERDUE_SHOWN = 8


@blueprint.get("/figures/board")
def show() -> tuple[str, int] | str:
    """The figures of a period beside the period before, where they differ, and what waits now."""
    asked = Asked("board.show")
    if not asked.valid:
        return render_template("kpi/board.html", asked=asked), 422
    total = cells.totals_counted(asked.days, asked.chosen, asked.now)
    earlier = before(asked.days)
    then = cells.totals_counted(earlier, asked.chosen, asked.now)
    grain = board_charts.grain_of(asked, request.args.get("grain"))
    statuses, ages, late = board_charts.standing(asked)
    return render_template(
        "kpi/board.html",
        asked=asked,
        total=total,
        earlier=earlier,
        headline=[(name, total[name], change(total[name], then[name])) for name in HEADLINE],
        excluded_words=EXCLUDED,
        grains=_grains(asked, grain),
        over_time=board_charts.over_time(asked, grain),
        cuts=[board_charts.cut(asked, *one) for one in CUTS],
        flow=(board_charts.funnel(asked, total), statuses, ages),
        times=board_charts.spreads(asked),
        heat=board_charts.heat_map(asked),
        problems=largest(current_user.actor, asked.now),
        late=late,
        late_rows=rows(parts.overdue_now(asked.chosen, asked.now, OVERDUE_SHOWN), asked.now),
    )


def _grains(asked: Asked, grain: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": asked.again(grain=one) + "#trend", "current": one == grain}
        for one, label in (("week", _("按周")), ("month", _("按月")))
    ]


@blueprint.get("/figures/wall")
def wall() -> tuple[str, int] | str:
    """Few large numbers for a screen on a wall: this year, or the period of the address."""
    asked = Asked("board.wall")
    if not asked.valid:
        return render_template("kpi/board.html", asked=asked), 422
    statuses, _ages, late = parts.standing(asked.chosen, asked.now)
    today = local_day(asked.now)
    day = cells.totals_counted(Period(today, today), asked.chosen, asked.now)
    arrived = day["accept_rate"]
    return render_template(
        "kpi/wall.html",
        asked=asked,
        total=cells.totals_counted(asked.days, asked.chosen, asked.now),
        open=sum(statuses.values()),
        waiting=statuses.get("awaiting_confirmation", 0),
        late=late,
        today=arrived.d + sum(arrived.excluded.values()),
    )


@blueprint.get("/figures/parts/<kind>/<key>")
def part(kind: str, key: str) -> tuple[str, int] | str:
    """The tickets behind one bar or cell of the dashboard, the newest first."""
    asked = Asked("board.part", kind=kind, key=key)
    if not asked.valid:
        return render_template("kpi/board.html", asked=asked), 422
    where = (kind, key)
    page = parts.listed(
        where,
        asked.days,
        asked.chosen,
        asked.now,
        current_user.actor,
        cursor_from(request.args),
        lambda **place: asked.again(**place),
    )
    return render_template(
        "kpi/part.html",
        asked=asked,
        heading=part_words(kind, key),
        dated=kind in ("hour", "gap"),
        total=parts.count(where, asked.days, asked.chosen, asked.now),
        rows=rows(page.items, asked.now),
        page=page,
        back=url_for("board.show", **asked.address),
    )
