"""The two resolution rates side by side with what lies between them, and the rankings."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext as _

from portal.kpi import cells, charts, parts
from portal.kpi.asked import Asked
from portal.kpi.board_charts import names_of
from portal.kpi.figures import FIGURES, RANKED_FROM, Measure
from portal.kpi.ranking import Group, groups
from portal.kpi.reasons import EXCLUDED
from portal.language import lazy as _l
from portal.tickets.petition_words import petition_reason

blueprint = Blueprint("standings", __name__)

Measures = dict[str, Measure]
# By what is ranked: the first is what the address need not say.
RANKED: dict[str, str] = {
    "department": _l("承办单位"),
    "region": _l("县市区"),
    "chain": _l("产业链"),
    "category": _l("诉求类别"),
}
RANKED_BY = (
    *("resolution_gross", "resolution_net", "on_time_rate", "contact_rate"),
    *("satisfaction", "once_done"),
)


@blueprint.get("/figures/resolution")
def resolution() -> tuple[str, int] | str:
    """Gross beside net, what was left out and by whom, what was claimed and not confirmed."""
    asked = Asked("standings.resolution")
    if not asked.valid:
        return render_template("kpi/resolution.html", asked=asked), 422
    total = cells.totals(asked.days, asked.chosen, asked.now)
    units = cells.by("department", asked.days, asked.chosen, asked.now)
    names = names_of(asked, "department")
    return render_template(
        "kpi/resolution.html",
        asked=asked,
        total=total,
        excluded_words=EXCLUDED,
        path=_path(asked, total),
        granted=[
            (ticket, one, petition_reason(one.kind, one.reason_code))
            for ticket, one in parts.exclusions(asked.days, asked.chosen, asked.now)
        ],
        units=sorted(
            (
                (names[int(key)], {"department": str(key)}, one)
                for key, one in units.items()
                if key in names and one["resolution_gross"].d
            ),
            key=lambda row: (-(row[2]["overclaim"].rate or 0), row[0]),
        ),
    )


def _path(asked: Asked, total: Measures) -> charts.Chart:
    """How the accepted become the solved: every accepted ticket is in one of the bars."""
    gross, said = total["resolution_gross"], total["resolution_reported"]
    steps = [
        (_("企业确认解决"), int(gross.n), asked.link("resolution_gross", "n")),
        (_("自报解决、企业没有确认"), said.rows - gross.rows, asked.link("overclaim", "n")),
        (_("没有报解决"), said.rest, asked.link("resolution_reported", "rest")),
    ]
    return charts.counted("path", _("全部受理的诉求"), _("结果"), steps)


@blueprint.get("/figures/ranks")
def ranks() -> tuple[str, int] | str:
    """One rate of all units, regions, chains or categories, in groups of like volume."""
    asked = Asked("standings.ranks")
    if not asked.valid:
        return render_template("kpi/ranks.html", asked=asked), 422
    dimension: Any = _one_of(RANKED, "by")
    name = _one_of(dict.fromkeys(RANKED_BY), "figure")
    names = names_of(asked, dimension)
    found = cells.rates(name, dimension, asked.days, asked.chosen, asked.now)
    measures = {int(key): one for key, one in found.items() if key in names}
    return render_template(
        "kpi/ranks.html",
        asked=asked,
        figure=FIGURES[name],
        dimension=dimension,
        heading=RANKED[dimension],
        groups=[(_group_words(one), one) for one in groups(measures) if one.places],
        names=names,
        ranked_from=RANKED_FROM,
        dimensions=[
            _chip(asked, label, one == dimension, by=one, figure=name)
            for one, label in RANKED.items()
        ],
        figures=[
            _chip(asked, _(FIGURES[one].title), one == name, by=dimension, figure=one)
            for one in RANKED_BY
        ],
    )


def _one_of(offered: dict[str, Any], name: str) -> str:
    wanted = request.args.get(name, "")
    return wanted if wanted in offered else next(iter(offered))


def _chip(asked: Asked, label: str, current: bool, **more: str) -> dict[str, Any]:
    return {"label": label, "url": asked.again(**more), "current": current}


def _group_words(group: Group) -> str:
    if group.low < RANKED_FROM:
        return _("不足 %(n)d 件，不排名", n=RANKED_FROM)
    if group.high is None:
        return _("%(low)d 件以上", low=group.low)
    return _("%(low)d 至 %(high)d 件", low=group.low, high=group.high)
