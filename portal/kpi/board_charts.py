"""The charts of the dashboard: reads the cells, gives each its words and its links."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _

from portal.amounts import number, percent
from portal.kpi import cells, charts, parts
from portal.kpi.asked import Asked
from portal.kpi.charts import Bar, Cell, Chart
from portal.kpi.figures import FIGURES
from portal.kpi.heat import Heat, heat
from portal.kpi.part_words import AGE_WORDS
from portal.kpi.periods import Period
from portal.kpi.spreads import Spread
from portal.language import lazy as _l
from portal.wording import status_name

# The dimensions that are drawn: id in the address, heading of the chart, of the first column.
CUTS: tuple[tuple[Any, str, str], ...] = (
    ("department", _l("各承办单位的解决率（毛）"), _l("承办单位")),
    ("region", _l("各县市区的解决率（毛）"), _l("县市区")),
    ("chain", _l("各产业链的解决率（毛）"), _l("产业链")),
    ("category", _l("各诉求类别的解决率（毛）"), _l("诉求类别")),
)
DRAWN_RATE = "resolution_gross"
# Weeks are drawn for up to a quarter, months for more, unless the address says otherwise.
WEEKS_UPTO = 100
STATUS_ORDER = (
    *("submitted", "triage", "needs_info", "assigned", "in_progress"),
    *("in_review", "awaiting_confirmation", "on_hold"),
)


def grain_of(asked: Asked, wanted: str | None) -> Any:
    """“week” or “month”: what the address asks for, else what suits the length."""
    if wanted in ("week", "month"):
        return wanted
    return "week" if (asked.days.last - asked.days.first).days < WEEKS_UPTO else "month"


def over_time(asked: Asked, grain: Any) -> tuple[Chart, Chart]:
    """The trend of three rates, and the number accepted, by week or month."""
    last = min(asked.days.last, asked.now.date() + timedelta(days=1))
    until = Period(asked.days.first, max(asked.days.first, last))
    found = cells.series(grain, until, asked.chosen, asked.now)
    years = until.first.year != until.last.year
    labels, links = [], []
    for place, (first, _measures) in enumerate(found):
        following = found[place + 1][0] if place + 1 < len(found) else None
        end = following - timedelta(days=1) if following else asked.days.last
        links.append(_stepping(asked, Period(max(first, asked.days.first), end)))
        labels.append(charts.month_label(first, years) if grain == "month" else f"{first:%m-%d}")
    steps = [measures for _first, measures in found]
    return charts.trend(labels, steps, links), charts.volumes(labels, steps, links)


def _stepping(asked: Asked, step: Period) -> Callable[[str, str], str]:
    days = {"from": step.first.isoformat(), "to": step.last.isoformat()}
    return lambda name, side: asked.link(name, side, days)


def names_of(asked: Asked, dimension: str) -> Mapping[int, str]:
    """The values of a dimension by id, the one without a value included."""
    known = asked.known
    match dimension:
        case "department":
            return {0: _("暂无承办单位"), **known.departments}
        case "region":
            return known.regions
        case "chain":
            return {0: _("不属于任何产业链"), **known.chains}
        case _:
            return known.categories


def cut(asked: Asked, dimension: Any, title: str, heading: str) -> Chart:
    """The resolution rate of each value of a dimension."""
    names = names_of(asked, dimension)
    found = cells.rates(DRAWN_RATE, dimension, asked.days, asked.chosen, asked.now)
    rows = []
    for key, measure in found.items():
        if measure.d and key in names:
            narrow = {dimension: str(key)}
            links = (asked.link(DRAWN_RATE, side, narrow) for side in ("n", "d"))
            rows.append((names[int(key)], measure, *links))
    return charts.rates(f"by-{dimension}", str(title), str(heading), DRAWN_RATE, rows)


def funnel(asked: Asked, total: Mapping[str, Any]) -> Chart:
    """What became of the accepted, step by step; each step is part of the one before."""
    steps = [
        (_("受理"), total["resolution_gross"].d, asked.link("resolution_gross", "d")),
        (_("已办结"), total["close_rate"].n, asked.link("close_rate", "n")),
        (_("报“已解决”"), total["resolution_reported"].n, asked.link("resolution_reported", "n")),
        (_("企业确认解决"), total["resolution_gross"].n, asked.link("resolution_gross", "n")),
    ]
    whole = steps[0][1]
    found = [
        Bar(
            label,
            n,
            _("%(n)s 件，%(share)s", n=number(n), share=percent(n / whole)) if whole else number(n),
            url if n else None,
        )
        for label, n, url in steps
    ]
    summary = _("本期没有受理诉求。")
    if whole:
        summary = _(
            "受理 %(d)s 件，办结 %(closed)s 件，承办单位报解决 %(said)s 件，企业确认 %(n)s 件。",
            d=number(whole),
            closed=number(steps[1][1]),
            said=number(steps[2][1]),
            n=number(steps[3][1]),
        )
    return charts.bars("funnel", _("受理以后走到哪一步"), summary, _("步骤"), found)


def standing(asked: Asked) -> tuple[Chart, Chart, int]:
    """Open tickets now by status and by age, and how many are overdue."""
    statuses, ages, late = parts.standing(asked.chosen, asked.now)
    by_status = [
        (status_name(one), statuses.get(one, 0), asked.part("status", one)) for one in STATUS_ORDER
    ]
    by_age = [
        (str(words), ages.get(key, 0), asked.part("age", key)) for key, words in AGE_WORDS.items()
    ]
    return (
        charts.counted("statuses", _("现在停在哪一步"), _("状态"), by_status),
        charts.counted("ages", _("未办结的等了多久"), _("提交以来"), by_age),
        late,
    )


def spreads(asked: Asked) -> list[Chart]:
    """How long it took to contact and to resolve, in classes of working hours."""
    return [_spread(asked, *one) for one in cells.spreads(asked.days, asked.chosen).items()]


def _spread(asked: Asked, name: str, found: Spread) -> Chart:
    rows = [Bar(_bucket(one.above, one.upto), one.n, number(one.n)) for one in found.buckets]
    title = _(FIGURES[name].title)
    summary = _("本期没有可计算的诉求")
    if found.median is not None and found.p90 is not None:
        summary = _(
            "%(n)s 件的中位数是 %(median)s 个工作小时，九成不超过 %(p90)s 个工作小时。",
            n=number(found.n),
            median=number(round(found.median, 1)),
            p90=number(round(found.p90, 1)),
        )
    chart = charts.bars(name.replace("_", "-"), title, summary, _("工作小时"), rows)
    every = Cell(_("全部 %(n)s 件，逐件看用时", n=number(found.n)), asked.link(name, "d"))
    return replace(chart, more=every if found.n else None)


def _bucket(above: float, upto: float | None) -> str:
    low = f"{above:g}"
    return _("%(low)s 以上", low=low) if upto is None else f"{low}–{upto:g}"


def heat_map(asked: Asked) -> Heat:
    """Submissions by weekday and hour."""
    return heat(cells.hours(asked.days, asked.chosen), lambda key: asked.part("hour", key))
