"""Charts as data: what static/charts.js draws, the same as a table, and one sentence about it.

Nothing here counts: measures and counts come in, words, numbers and links go out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from flask_babel import gettext as _

from portal.amounts import number, percent
from portal.kpi.figures import FIGURES, RANKED_FROM, Measure

Measures = Mapping[str, Measure]
# How many bars a chart shows; its table shows all.
BARS = 12


@dataclass(frozen=True)
class Cell:
    """A cell of a chart's table; `label` is read aloud instead of a bare number."""

    text: str
    url: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Chart:
    """One chart: `data` is for the script; `headings` and `rows` are the same for everybody.

    `more`: the list of all that is drawn, where the parts have none of their own.
    """

    id: str
    title: str
    summary: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    data: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    more: Cell | None = None


@dataclass(frozen=True)
class Bar:
    """One bar: a name, its length, the words at its end, where it leads."""

    label: str
    value: float
    text: str
    url: str | None = None


def bars(
    chart_id: str, title: str, summary: str, heading: str, found: Sequence[Bar], note: str = ""
) -> Chart:
    """Bars of counts; the table has the same rows."""
    rows = [
        [Cell(one.label), Cell(one.text, one.url, f"{one.label}{_('：')}{one.text}")]
        for one in found
    ]
    data = _drawn(found) if found else {}
    return Chart(chart_id, title, summary, [heading, _("件数")], rows, data, note if found else "")


def _drawn(found: Sequence[Bar], most: float | None = None) -> dict[str, Any]:
    return {
        "kind": "bars",
        "labels": [one.label for one in found],
        "values": [round(one.value, 1) for one in found],
        "texts": [one.text for one in found],
        "urls": [one.url for one in found],
        "max": most,
    }


def counted(
    chart_id: str, title: str, heading: str, parts: Sequence[tuple[str, int, str | None]]
) -> Chart:
    """Counts that add up to a whole, such as open tickets by status: label, count, address."""
    total = sum(n for _label, n, _url in parts)
    found = [Bar(label, n, number(n), url if n else None) for label, n, url in parts]
    if not total:
        return bars(chart_id, title, _("现在没有诉求。"), heading, found)
    label, most, _url = max(parts, key=lambda one: one[1])
    summary = _(
        "共 %(total)s 件，最多的是“%(label)s”%(n)s 件，占 %(share)s。",
        total=number(total),
        label=label,
        n=number(most),
        share=percent(most / total),
    )
    return bars(chart_id, title, summary, heading, found)


def rates(
    chart_id: str,
    title: str,
    heading: str,
    name: str,
    rows: Sequence[tuple[str, Measure, str, str]],
) -> Chart:
    """One rate of many: label, measure, the addresses of n and of d; those with most first.

    Only those with tickets enough have a bar; the table has all.
    """
    ordered = sorted(rows, key=lambda row: (-row[1].d, row[0]))
    enough = [row for row in ordered if row[1].ranked]
    found = [
        Bar(label, 100 * (m.rate or 0), _share(m), d_url) for label, m, _n, d_url in enough[:BARS]
    ]
    colon = _("：")
    cells = [
        [
            Cell(label),
            Cell(percent(m.rate)),
            Cell(number(m.n), n_url, f"{label}{colon}{number(m.n)}"),
            Cell(number(m.d), d_url, f"{label}{colon}{number(m.d)}"),
            Cell(_interval(m)),
        ]
        for label, m, n_url, d_url in ordered
    ]
    headings = [heading, _(FIGURES[name].title), _("分子"), _("分母"), _("置信区间")]
    note = ""
    if len(enough) > BARS:
        note = _("图中是诉求最多的 %(n)d 个，表中是全部。", n=BARS)
    elif len(ordered) > len(enough):
        note = _("不足 %(n)d 件的只列在表中，不画图、不比较。", n=RANKED_FROM)
    data = _drawn(found, 100) if found else {}
    return Chart(chart_id, title, _told(enough, len(ordered)), headings, cells, data, note)


def _told(enough: Sequence[tuple[str, Measure, str, str]], everybody: int) -> str:
    """Who has most tickets, and where the rate is highest and lowest."""
    if not everybody:
        return _("本期没有诉求。")
    if not enough:
        return _("每一项都不足 %(n)d 件，不作比较。", n=RANKED_FROM)
    high = max(enough, key=lambda row: row[1].rate or 0)
    low = min(enough, key=lambda row: row[1].rate or 0)
    if high[1].rate == low[1].rate:
        return _("满 %(n)d 件的各项都是 %(rate)s。", n=RANKED_FROM, rate=percent(high[1].rate))
    return _(
        "满 %(n)d 件的 %(all)d 项中，最高的是%(high)s %(most)s，最低的是%(low)s %(least)s。",
        n=RANKED_FROM,
        all=len(enough),
        high=high[0],
        most=_share(high[1]),
        low=low[0],
        least=_share(low[1]),
    )


def _share(m: Measure) -> str:
    return _("%(rate)s（%(n)s / %(d)s）", rate=percent(m.rate), n=number(m.n), d=number(m.d))


def _interval(m: Measure) -> str:
    if m.interval is None:
        return "–"
    return f"{percent(m.interval[0])}–{percent(m.interval[1])}"


# The lines of the trend: what the firms say, without and with exclusions, and the promises kept.
TREND = ("resolution_gross", "resolution_net", "on_time_rate")


def trend(labels: Sequence[str], steps: Sequence[Measures], links: Sequence[Any]) -> Chart:
    """Three rates over time. `links`: for each step, a function (name, side) → address."""
    rows = []
    for label, step, link in zip(labels, steps, links, strict=True):
        cells = [Cell(label)]
        for name in TREND:
            m = step[name]
            url = link(name, "d") if m.d else None
            cells.append(Cell(_share(m) if m.d else "–", url, f"{label}{_('：')}{_share(m)}"))
        rows.append(cells)
    series = [
        {
            "name": _(FIGURES[name].title),
            "values": [
                None if (r := step[name].rate) is None else round(100 * r, 1) for step in steps
            ],
        }
        for name in TREND
    ]
    data = {"kind": "lines", "labels": list(labels), "series": series, "max": 100}
    headings = [_("时间"), *(_(FIGURES[name].title) for name in TREND)]
    return Chart(
        "trend", _("解决率和按时办结率的变化"), _moved(labels, steps), headings, rows, data
    )


def _moved(labels: Sequence[str], steps: Sequence[Measures]) -> str:
    """Where the gross rate began and ended, and its lowest point."""
    known = [
        (label, m)
        for label, step in zip(labels, steps, strict=True)
        if (m := step["resolution_gross"]).d
    ]
    if not known:
        return _("本期没有受理诉求。")
    if len(known) == 1:
        return _(
            "只有%(when)s有受理，解决率（毛）%(rate)s。", when=known[0][0], rate=_share(known[0][1])
        )
    low = min(known, key=lambda one: one[1].rate or 0)
    return _(
        "解决率（毛）从%(first)s的 %(from)s 到%(last)s的 %(to)s，最低是%(low)s的 %(least)s。",
        first=known[0][0],
        last=known[-1][0],
        low=low[0],
        least=percent(low[1].rate),
        **{"from": percent(known[0][1].rate), "to": percent(known[-1][1].rate)},
    )


def volumes(labels: Sequence[str], steps: Sequence[Measures], links: Sequence[Any]) -> Chart:
    """How many tickets were accepted in each step, as columns."""
    counts = [step["resolution_gross"].d for step in steps]
    found = [
        Bar(label, n, number(n), link("resolution_gross", "d") if n else None)
        for label, n, link in zip(labels, counts, links, strict=True)
    ]
    total = sum(counts)
    summary = _("本期没有受理诉求。")
    if total:
        most = max(found, key=lambda one: one.value)
        summary = _(
            "共受理 %(total)s 件，最多的是%(when)s，%(n)s 件。",
            total=number(total),
            when=most.label,
            n=most.text,
        )
    chart = bars("volumes", _("受理件数"), summary, _("时间"), found)
    return replace(chart, data={**chart.data, "kind": "columns"})


def month_label(first: date, years: bool) -> str:
    """“3月”, or “2023年3月” where the steps lie in several years."""
    if years:
        return _("%(year)d年%(month)d月", year=first.year, month=first.month)
    return _("%(month)d月", month=first.month)
