"""Figures as tables: the tickets behind one side of a figure, and all figures of a period."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from portal.auth.roles import Actor
from portal.errors import Invalid, NotFound
from portal.exports.tables import Cells, Table, by_key, of_rows
from portal.exports.ticket_columns import HANDLES, LOADED, cells, columns_for
from portal.kpi import queries
from portal.kpi.conditions import NOWHERE, definitions
from portal.kpi.figures import FIGURES, Measure
from portal.kpi.forms import FiltersForm
from portal.kpi.members import SIDES, as_members, members
from portal.kpi.periods import Period, local_day
from portal.kpi.reasons import reason
from portal.sla.models import Clock
from portal.tickets.models import Ticket
from portal.tickets.queries import visible

Asked = Mapping[str, str]


def figure_table(actor: Actor, asked: Asked, now: datetime) -> Table:
    """The tickets, or promises, behind one side of a figure: `name`, `side`, and the filters."""
    name, side = asked.get("name", ""), asked.get("side", "")
    if name not in FIGURES or side not in SIDES:
        raise NotFound("没有可以导出的内容。")
    form, period, words = _filters(asked, now)
    columns = columns_for(actor)
    key = Ticket.id if definitions(now)[name].source == "ticket" else Clock.id
    query = members(name, side, period, form.dimensions(), now).where(visible(actor))
    query = query.options(*LOADED[2:])

    def rows(found) -> list[Cells]:
        return [
            [
                *cells(one.ticket, columns, actor),
                one.clock.round if one.clock else "",
                _("是") if one.counted else _("否"),
                reason(name, one),
            ]
            for one in as_members(found)
        ]

    chunk, count = by_key(query, key, rows, lambda row: row.Ticket.id)
    headings = [str(column.heading) for column in columns]
    headings += [_("时限的轮次"), _("计入分子"), _("情况")]
    words = {_("指标"): _(FIGURES[name].title), **words}
    return Table(_("指标诉求"), headings, chunk, count, words, actor.role in HANDLES)


def figures_table(_actor: Actor, asked: Asked, now: datetime) -> Table:
    """Every figure of a period: in all, by month, by department and by category."""
    form, period, words = _filters(asked, now)
    report, known = queries.report(period, form.dimensions(), now), queries.directory()
    departments = {NOWHERE: _("暂无承办单位"), **known.departments}
    rows = list(_measures(_("全部"), "", report.total))
    for month, found in sorted(report.months.items()):
        rows += _measures(_("按月"), f"{month:%Y-%m}", found)
    for row_id, found in report.departments.items():
        rows += _measures(_("按承办单位"), departments[row_id], found)
    for row_id, found in report.categories.items():
        rows += _measures(_("按诉求类别"), known.categories[row_id], found)
    headings = [
        *(_("范围"), _("名称"), _("指标"), _("分子"), _("分母"), _("比率（%）")),
        *(_("95% 区间下限（%）"), _("95% 区间上限（%）"), _("中位数（小时）")),
        *(_("九成不超过（小时）"), _("不计入"), _("怎么算的")),
    ]
    chunk, count = of_rows(rows)
    return Table(_("指标"), headings, chunk, count, words)


def _filters(asked: Asked, now: datetime) -> tuple[FiltersForm, Period, dict[str, str]]:
    form = FiltersForm(MultiDict(asked), queries.directory())
    if not form.validate():
        raise Invalid("筛选条件不对，请回到指标页重新筛选。")
    period = form.period(local_day(now))
    words = {_("时段"): f"{period.first} – {period.last}"}
    if chosen := form.words():
        words[_("条件")] = _("、").join(chosen)
    return form, period, words


def _measures(scope: str, name: str, found: Mapping[str, Measure]) -> Iterator[Cells]:
    for measure in found.values():
        low, high = measure.interval or (None, None)
        yield [
            *(scope, name, _(measure.figure.title), measure.n, measure.d),
            *(_percent(measure.rate), _percent(low), _percent(high)),
            "" if measure.median is None else measure.median,
            "" if measure.p90 is None else measure.p90,
            *(sum(measure.excluded.values()), _(measure.figure.formula)),
        ]


def _percent(rate: float | None) -> float | str:
    return "" if rate is None else round(100 * rate, 1)
