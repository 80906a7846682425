"""The sentences of a bulletin, in plain official Chinese made from the figures. Pure.

Every rate comes with n / d; a change is called one only where the intervals do not overlap; what
is bad is named with how much, and nothing is praised.
"""

from collections.abc import Iterable, Sequence

from portal.kpi.figures import RANKED_FROM
from portal.kpi.periods import Period
from portal.publish.disclosure import SMALL
from portal.supervision.cycles import name
from portal.supervision.facts import LARGE, REST, Count, Facts, Unit, groups

Section = tuple[str, list[str]]
NAMED = 5  # units or fields named one by one in a sentence
EXCLUDED = {
    "withdrawn": "企业撤回",
    "merged": "合并",
    "transferred": "移送",
    "exclusion": "经批准剔除",
}
RATES = {
    "contact_rate": "响应率",
    "on_time_rate": "按时办结率",
    "satisfaction": "满意率",
    "once_done": "一次办结率",
    "rework_rate": "重办率",
    "return_rate": "退单率",
}


def title(facts: Facts) -> str:
    """“企业诉求办理情况通报（2023年5月）”."""
    return f"企业诉求办理情况通报（{span(facts)}）"


def span(facts: Facts) -> str:
    """The period in words."""
    return name("week" if facts.kind == "week" else "month", Period(facts.first, facts.last))


def sections(facts: Facts) -> list[Section]:
    """Headings with their sentences, in the order of the bulletin; none is empty."""
    parts = (
        ("总体情况", _whole(facts)),
        ("办理时限", _times(facts)),
        ("承办单位", _units(facts)),
        ("诉求集中的领域", _fields(facts)),
        ("督办情况", _orders(facts)),
        ("需要跟进的事项", _todo(facts)),
    )
    numbered = zip("一二三四五六", parts, strict=True)
    return [
        (f"{place}、{heading}", [_close(one) for one in said])
        for place, (heading, said) in numbered
    ]


def _close(sentence: str) -> str:
    """Without blanks about numbers, as official texts are set."""
    return sentence.replace(" ", "")


def notes(facts: Facts) -> str:
    """How the figures are counted, for the foot of the bulletin."""
    day = f"{facts.made_on.year}年{facts.made_on.month}月{facts.made_on.day}日"
    return _close(
        f"说明：本通报由诉求通按办理记录自动生成，数据截至{day}。解决率以企业确认为准，"
        f"分母为期内受理的诉求；“毛”不剔除，“净”剔除撤回、合并、移送和经第二人批准剔除的诉求。"
        f"括号内为件数，区间为 95% 置信区间；两期区间重叠的，不作升降判断。"
        f"受理不足 {RANKED_FROM} 件的单位（表中标＊）不排名；不足 {SMALL} 件的类别和"
        f"密件合在“{REST}”里。逐件清单见附表。"
    )


def percent(count: Count) -> str:
    """“98.1%”; “–” where nothing was due."""
    return "–" if count.rate is None else f"{count.rate * 100:.1f}%"


def share(count: Count) -> str:
    """“52/53”."""
    return f"{amount(count.n)}/{count.d}"


def amount(value: float) -> str:
    """A count; one with a fraction, where a row weighs less than one, with one decimal."""
    return f"{value:.1f}" if value % 1 else str(int(value))


def rate(count: Count) -> str:
    """“98.1%（52/53）”; where nothing was due, says so."""
    return f"{percent(count)}（{share(count)}）" if count.d else "没有可计算的诉求"


def compared(now: Count, past: Count, before: str) -> str:
    """How a rate moved against the period before, and whether that says anything."""
    if now.interval is None:
        return ""
    if past.rate is None or past.interval is None:
        return f"{before}没有可比的数据"
    points = (now.n / now.d - past.rate) * 100
    moved = (
        "持平"
        if abs(points) < 0.05
        else f"{'上升' if points > 0 else '下降'} {abs(points):.1f} 个百分点"
    )
    apart = now.interval[0] > past.interval[1] or now.interval[1] < past.interval[0]
    sure = "" if apart or moved == "持平" else "，两期区间重叠，不足以判断升降"
    return f"比{before}（{share(past)}）{moved}{sure}"


def _before(facts: Facts) -> str:
    return "上周" if facts.kind == "week" else "上月"


def _whole(facts: Facts) -> list[str]:
    gross, net, reported = (facts.of(f"resolution_{one}") for one in ("gross", "net", "reported"))
    was, before = facts.past("resolution_gross"), _before(facts)
    if not gross.d:
        return [f"{span(facts)}，没有受理企业诉求（{before} {was.d} 件）。"]
    low, high = gross.interval or (0.0, 1.0)
    said = [
        f"{span(facts)}，受理企业诉求 {gross.d} 件，{_more(gross.d, was.d, before)}；"
        f"已办结 {amount(facts.of('close_rate').n)} 件，企业确认解决 {amount(gross.n)} 件"
        f"{f'，仍在办理 {facts.open} 件' if facts.open else ''}。",
        f"解决率（毛）{rate(gross)}，95% 区间 {low * 100:.1f}% 至 {high * 100:.1f}%，"
        f"{_moved(facts, gross, was)}。",
    ]
    left_out = [f"{EXCLUDED[why]} {n} 件" for why, n in facts.excluded.items() if n]
    if left_out:
        said.append(f"剔除{'、'.join(left_out)}后，解决率（净）{rate(net)}。")
    else:
        said.append("没有剔除的诉求，解决率（净）与毛相同。")
    claimed = facts.of("overclaim")
    if claimed.n:
        said.append(
            f"承办单位自报解决率 {rate(reported)}，其中 {amount(claimed.n)} 件企业没有确认，"
            f"虚报差 {claimed.n / claimed.d * 100:.1f} 个百分点。"
        )
    return [*said, *_pleased(facts)]


def _moved(facts: Facts, gross: Count, was: Count) -> str:
    """The change against the period before; none while tickets of the period are open."""
    if facts.open:
        return f"在办的办结后才能与{_before(facts)}比较"
    return compared(gross, was, _before(facts))


def _pleased(facts: Facts) -> list[str]:
    pleased, rated = facts.of("satisfaction"), facts.of("rating_coverage")
    if not pleased.d:
        return []
    return [f"满意率 {rate(pleased)}；评价率 {rate(rated)}，没有评价的不计为满意。"]


def _more(now: int, past: int, before: str) -> str:
    if now == past:
        return f"与{before}持平"
    return f"比{before}{'增加' if now > past else '减少'} {abs(now - past)} 件"


def _times(facts: Facts) -> list[str]:
    said = []
    for figure in ("contact_rate", "on_time_rate"):
        count = facts.of(figure)
        if count.d:
            moved = compared(count, facts.past(figure), _before(facts))
            said.append(f"{RATES[figure]} {rate(count)}，{moved}。")
    said += _hours("首次联系用时", facts.of("time_to_contact"))
    said += _hours("办结用时", facts.of("time_to_resolve"))
    late = facts.of("overdue")
    if late.n:
        said.append(f"期内受理的诉求中超期 {rate(late)}。")
    if facts.current and facts.late_now:
        said.append(
            f"截至本通报制作时，在办诉求已过时限的 {facts.late_now} 件："
            f"{_named([(unit.name, unit.late_now) for unit in facts.units if unit.late_now])}。"
        )
    if not late.n and not (facts.current and facts.late_now):
        said.append("没有超期的诉求。")
    return said


def _hours(what: str, count: Count) -> list[str]:
    if count.median is None or count.p90 is None:
        return []
    return [
        f"{what}（{count.d} 件）中位数 {count.median:.1f} 个工作小时，"
        f"九成不超过 {count.p90:.1f} 个工作小时。"
    ]


def _named(counted: Iterable[tuple[str, int]]) -> str:
    """The largest one by one, the rest together."""
    ordered = sorted(counted, key=lambda one: (-one[1], one[0]))
    said = [f"{who} {n} 件" for who, n in ordered[:NAMED]]
    rest = ordered[NAMED:]
    if rest:
        said.append(f"其余 {len(rest)} 个单位共 {sum(n for _who, n in rest)} 件")
    return "、".join(said)


def _units(facts: Facts) -> list[str]:
    named = dict(groups(facts.units))
    said = [
        _ranking(f"受理 {LARGE} 件及以上的单位", named["large"]),
        _ranking(f"受理 {RANKED_FROM} 至 {LARGE - 1} 件的单位", named["middle"]),
    ]
    said = [one for one in said if one]
    small = named["small"]
    if not said:
        said.append(f"本期没有受理满 {RANKED_FROM} 件的单位，不作排名。")
    if small:
        total = sum(unit.accepted for unit in small)
        said.append(
            f"受理不足 {RANKED_FROM} 件、不排名的单位 {len(small)} 个，共受理 {total} 件，"
            f"企业确认解决 {amount(sum(unit.solved.n for unit in small))} 件。"
        )
    return said


def _ranking(who: str, units: Sequence[Unit]) -> str:
    """The rates of a group from high to low, at most so many; then how many are not named."""
    if not units:
        return ""
    told = [f"{unit.name} {rate(unit.solved)}" for unit in units[: NAMED * 2]]
    more = f"，其余 {len(units) - len(told)} 个单位见附表" if len(units) > len(told) else ""
    return f"{who} {len(units)} 个，解决率由高到低：{'、'.join(told)}{more}。"


def _fields(facts: Facts) -> list[str]:
    total = sum(n for _name, n in facts.fields)
    if not total:
        return ["本期没有受理的诉求。"]
    leading = [one for one in facts.fields if one[0] != REST][:3]
    if not leading:
        return [f"各类别受理的都不足 {SMALL} 件，不分列。"]
    said = "、".join(f"{what} {n} 件（{n / total * 100:.1f}%）" for what, n in leading)
    together = sum(n for _name, n in leading)
    if len(leading) == 1:
        return [f"诉求集中在：{said}。"]
    return [f"诉求较多的类别：{said}，合计占 {together / total * 100:.1f}%（{together}/{total}）。"]


def _orders(facts: Facts) -> list[str]:
    orders = facts.orders
    said = []
    if orders.issued:
        said.append(
            f"期内发出督办单 {orders.issued} 件，已回复 {orders.answered} 件，"
            f"其中按期回复 {orders.in_time} 件"
            f"{f'；诉求已结束、不再要求回复的 {orders.dropped} 件' if orders.dropped else ''}。"
        )
    else:
        said.append("期内没有发出督办单。")
    if facts.current and orders.waiting:
        late = f"其中逾期 {orders.late} 件" if orders.late else "都未到期"
        said.append(f"截至本通报制作时，未回复的督办单 {orders.waiting} 件，{late}。")
    if facts.current and facts.alerts:
        said.append(f"截至本通报制作时，{facts.alerts} 项指标越过预警线。")
    return said


def _todo(facts: Facts) -> list[str]:
    """Who has to do what; without anything to do, which of it there is none of."""
    said = []
    if facts.current and facts.late_now:
        said.append(f"对已超期的 {facts.late_now} 件在办诉求，请承办单位逐件说明原因和完成时间。")
    claimed = facts.of("overclaim")
    if claimed.n:
        said.append(f"对报“已解决”而企业没有确认的 {amount(claimed.n)} 件，请督办员电话回访。")
    if facts.current and facts.orders.late:
        said.append(f"对逾期未回复的 {facts.orders.late} 件督办单，请承办单位立即书面回复。")
    unsolved = facts.of("resolution_gross")
    others = unsolved.d - facts.open - int(unsolved.n) - int(claimed.n)
    if others > 0:
        said.append(f"已办结而未计入解决的其余 {others} 件，原因见附表“未解决”。")
    return said or ["没有需要跟进的超期、未确认解决或逾期未回复事项。"]
