"""The supervisor's figures page, and the exact list of tickets behind every number."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for
from flask_babel import gettext as _

from portal.db import utcnow
from portal.kpi import queries
from portal.kpi.conditions import NOWHERE
from portal.kpi.definition import COHORTS, UNITS
from portal.kpi.figures import FIGURES, FIRST_TEN, RANKED_FROM
from portal.kpi.forms import DIMENSIONS, FiltersForm
from portal.kpi.live import Measures
from portal.kpi.member_lists import listing
from portal.kpi.members import SIDES
from portal.kpi.periods import Period, local_day
from portal.kpi.queries import Directory, Report
from portal.kpi.reasons import EXCLUDED, LEFT_OUT

blueprint = Blueprint("kpi", __name__)

Address = dict[str, Any]
# By which figure departments and categories are put in order, and from how many tickets on.
RANKED_BY = "resolution_gross"
# Shown on their own at the head of the page.
PAIR = ("resolution_gross", "resolution_net")


@dataclass(frozen=True)
class TableRow:
    """One row of a table: its name, its figures, what narrows its links, and its rank if any."""

    label: str
    measures: Measures
    narrow: Address
    rank: int | None = None


@blueprint.get("/figures")
def show() -> tuple[str, int] | str:
    """All figures of a period, each with n / d, its interval, its formula and its lists."""
    now, known = utcnow(), queries.directory()
    form = FiltersForm(request.args, known)
    chips = _chips(known, now)
    if not form.validate():
        return render_template("kpi/show.html", form=form, chips=chips, report=None), 422
    period = form.period(local_day(now))
    address = _address(period, form)
    form.from_.data, form.to.data = period.first, period.last
    report = queries.report(period, form.dimensions(), now)
    return render_template(
        "kpi/show.html",
        form=form,
        chips=[{**chip, "current": chip["period"] == period} for chip in chips],
        period=period,
        report=report,
        total=report.total,
        imported=queries.imported(period),
        exported=address,
        link=_linker(address),
        tables=_tables(report, period, known, now),
        first_ten=FIRST_TEN,
        cards=[name for name in FIRST_TEN if name not in PAIR],
        others=[name for name in FIGURES if name not in FIRST_TEN],
        excluded_words=EXCLUDED,
        ranked_from=RANKED_FROM,
    )


@blueprint.get("/figures/definitions")
def define() -> str:
    """What every figure is: in words, n, d, which instant decides the period, who is left out."""
    words = {"cohorts": COHORTS, "units": UNITS, "reasons": EXCLUDED}
    return render_template("kpi/definitions.html", figures=FIGURES, left_out=LEFT_OUT, **words)


@blueprint.get("/figures/<name>/<side>")
def tickets(name: str, side: str) -> tuple[str, int] | str:
    """The tickets behind n, behind d, in d but not in n (`rest`), or left out (`excluded`)."""
    if name not in FIGURES or side not in SIDES:
        abort(404)
    now, known = utcnow(), queries.directory()
    form = FiltersForm(request.args, known)
    if not form.validate():
        return render_template(
            "kpi/show.html", form=form, chips=_chips(known, now), report=None
        ), 422
    period = form.period(local_day(now))
    address = _address(period, form)

    def link(to: str, **more: Any) -> str:
        return url_for("kpi.tickets", name=name, side=to, **address, **more)

    return render_template(
        "kpi/tickets.html",
        narrowed=form.words(),
        whole={"name": name, "side": side, **address},
        back=url_for("kpi.show", **address),
        **listing(name, side, period, form.dimensions(), now, link),
        exported={**address, "name": name, "side": side},
    )


def _address(period: Period, form: FiltersForm) -> Address:
    """Period and dimensions as every link of the page carries them."""
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        **form.narrowed(),
    }


def _linker(address: Address) -> Callable[..., str]:
    def link(name: str, side: str, narrow: Address | None = None) -> str:
        return url_for("kpi.tickets", name=name, side=side, **{**address, **(narrow or {})})

    return link


def _chips(known: Directory, now: datetime) -> list[dict[str, Any]]:
    """The periods one click away: this and last month, and the years that have tickets."""
    today = local_day(now)
    this_month, this_year = Period.of_month(today.year, today.month), date(today.year, 1, 1)
    ago = this_month.first - timedelta(days=1)
    offered = [
        (_("今年"), Period(this_year, today)),
        (_("去年"), Period.of_year(today.year - 1)),
        (_("本月"), this_month),
        (_("上月"), Period.of_month(ago.year, ago.month)),
        *(
            (_("%(year)d 年", year=year), Period.of_year(year))
            for year in reversed(known.years)
            if year < today.year - 1
        ),
    ]
    keep = {name: request.args[name] for name in DIMENSIONS if name in request.args}
    return [
        {"label": label, "period": period, "url": _chip_url(period, keep)}
        for label, period in offered
    ]


def _chip_url(period: Period, keep: Address) -> str:
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    return url_for("kpi.show", **{**keep, **days})


def _tables(
    report: Report, period: Period, known: Directory, now: datetime
) -> list[tuple[str, str, list[TableRow]]]:
    """Id, heading and rows of the tables; months in their order, the others ranked."""
    months = [
        TableRow(
            _("%(year)d年%(month)d月", year=month.first.year, month=month.first.month),
            report.months.get(month.first.replace(day=1)) or queries.nothing(),
            {"from": month.first.isoformat(), "to": month.last.isoformat()},
        )
        for month in period.months
        if month.first <= local_day(now)
    ]
    departments = {NOWHERE: _("暂无承办单位"), **known.departments}
    return [
        ("months", _("按月"), months),
        ("departments", _("按承办单位"), _ranked(report.departments, departments, "department")),
        ("categories", _("按诉求类别"), _ranked(report.categories, known.categories, "category")),
    ]


def _ranked(groups: Mapping[int, Measures], names: Mapping[int, str], key: str) -> list[TableRow]:
    """The best rate first; those under 20 tickets follow unranked, the larger first."""
    rows = [TableRow(names[one], found, {key: str(one)}) for one, found in groups.items()]
    enough = [row for row in rows if row.measures[RANKED_BY].ranked]
    few = [row for row in rows if not row.measures[RANKED_BY].ranked]
    enough.sort(key=lambda row: (-(row.measures[RANKED_BY].rate or 0), row.label))
    few.sort(key=lambda row: (-row.measures[RANKED_BY].d, row.label))
    rates = [row.measures[RANKED_BY].rate for row in enough]
    placed = [
        TableRow(row.label, row.measures, row.narrow, 1 + rates.index(rate))
        for row, rate in zip(enough, rates, strict=True)
    ]
    return placed + few
