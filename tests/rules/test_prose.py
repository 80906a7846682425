"""What a bulletin says is true for all figures, large, small or none; when it is due; its lines."""

import re
from datetime import date, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kpi.periods import Period
from portal.publish.disclosure import SMALL
from portal.sla.calendar_days import DayOverride
from portal.sla.worktime import Calendar
from portal.supervision import breaking, cycles, prose
from portal.supervision.facts import REST, Count, Facts, Orders, Point, Unit, fields_told, groups

names = st.text("市区金融工信人社局", min_size=2, max_size=8)


@st.composite
def counts(draw: st.DrawFn) -> Count:
    d = draw(st.integers(0, 3000))
    return Count(draw(st.integers(0, d)), d)


fields = st.dictionaries(names, st.integers(0, 99) | st.integers(0, 9), max_size=6)
times = st.floats(0, 500).map(lambda hours: Count(9, 9, hours, hours * 2)) | st.just(Count())
units = st.builds(Unit, names, counts(), counts(), st.integers(0, 50), st.integers(0, 50))
whole = st.integers(0, 99)
figures = st.fixed_dictionaries(
    {
        **{
            name: counts()
            for name in (
                "resolution_gross",
                "resolution_net",
                "overclaim",
                "close_rate",
                *prose.RATES,
            )
        },
        "time_to_resolve": times,
        "overdue": counts(),
    }
)
facts = st.builds(
    Facts,
    st.sampled_from(["week", "month"]),
    st.just(date(2026, 2, 23)),
    st.just(date(2026, 3, 1)),
    st.just(date(2026, 3, 2)),
    figures,
    figures | st.just({}),
    st.dictionaries(st.sampled_from(sorted(prose.EXCLUDED)), whole),
    st.lists(units, max_size=9).map(tuple),
    st.builds(fields_told, fields, st.integers(0, 7)),
    st.lists(st.builds(Point, names, whole, counts()), max_size=3).map(tuple),
    st.builds(Orders, whole, whole, whole, whole, whole, whole),
    whole,
    st.booleans(),
)
RATE = re.compile(r"([0-9.]+)%（([0-9.]+)/(\d+)）")


@settings(max_examples=120, deadline=None)
@given(facts)
def test_every_rate_stands_with_its_counts_and_every_section_says_something(one: Facts) -> None:
    said = prose.sections(one)
    assert len(said) == 6
    text = "".join("".join(sentences) for _heading, sentences in said)
    for heading, sentences in said:
        assert sentences and all(each.endswith("。") and " " not in each for each in sentences)
        assert heading[1] == "、"
    for percent, n, d in RATE.findall(text):
        assert abs(float(percent) - 100 * float(n) / int(d)) < 0.051
    assert not re.search(r"nan|inf|None|优秀|良好|成效|显著|圆满|扎实", text)
    ranked = {unit.name for unit in one.units if unit.ranked}
    small = dict(groups(one.units))["small"]
    assert all(unit.accepted < 20 for unit in small)
    listed = "".join(said[2][1])
    assert ranked or "不作排名" in listed


@given(fields, st.integers(0, 7))
def test_no_field_of_a_few_is_told_and_none_is_lost(counts: dict[str, int], apart: int) -> None:
    told = fields_told(counts, apart)
    assert sum(n for _name, n in told) == sum(counts.values()) + apart
    assert all(n >= SMALL for _name, n in told) or told == ((REST, sum(counts.values()) + apart),)
    assert all(counts[name] == n for name, n in told if name != REST)


def test_a_change_is_one_only_where_the_intervals_part() -> None:
    assert "不足以判断" in prose.compared(Count(9, 10), Count(8, 10), "上月")
    assert prose.compared(Count(900, 1000), Count(800, 1000), "上月") == (
        "比上月（800/1000）上升 10.0 个百分点"
    )
    assert prose.compared(Count(5, 10), Count(), "上周") == "上周没有可比的数据"
    assert prose.compared(Count(), Count(5, 10), "上周") == ""


@given(st.text("一二，。（）《》“”12.%3/件", max_size=60), st.integers(8, 30))
def test_lines_lose_nothing_and_begin_with_no_closing_mark(text: str, width: int) -> None:
    lines = breaking.lines(text, width, len)
    assert "".join(lines) == text
    for before, line in pairwise(lines):
        assert line[0] not in "，。）》”%件" and before[-1] not in "（《“"


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def test_a_holiday_shifts_the_day_and_a_long_stop_is_not_made_up_for() -> None:
    holiday = [DayOverride(date(2026, 10, day), "holiday", "国庆节") for day in range(1, 8)]
    calendar = Calendar.build(overrides=holiday)
    september, week = Period.of_month(2026, 9), cycles.week_of(date(2026, 10, 1))
    assert cycles.due(calendar, local("2026-10-07T23:00")) == []
    assert cycles.due(calendar, local("2026-10-08T08:29")) == []
    assert cycles.due(calendar, local("2026-10-08T08:30")) == [("week", week), ("month", september)]
    later = cycles.due(calendar, local("2026-10-29T12:00"))
    assert later == [("week", cycles.week_of(date(2026, 10, 19))), ("month", september)]
    assert cycles.due(calendar, local("2026-11-02T09:00"))[-1] == (
        "month",
        Period.of_month(2026, 10),
    )
    assert cycles.name("week", cycles.week_of(date(2026, 1, 1))) == "2025年12月29日至2026年1月4日"
