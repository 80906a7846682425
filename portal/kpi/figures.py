"""What every figure is, as data: name, words, formula, cohort and unit (domain.md §5). Pure.

What n and d are in SQL stands in portal.kpi.conditions, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from portal.errors import N_
from portal.kpi.intervals import wilson

Unit = Literal["rate", "points", "hours"]
Cohort = Literal["submitted_at", "accepted_at", "assigned_at", "closed_at", "due", "original_due"]
# Below this many tickets no rate is ranked (domain.md §5).
RANKED_FROM = 20


@dataclass(frozen=True)
class Figure:
    """One figure. `formula` and `left_out` say in words what a page shows under “怎么算的”.

    `left_out`: who is in no side of it, and why. `cohort`: the instant that decides the period.
    """

    name: str
    title: str
    cohort: Cohort
    formula: str
    left_out: str
    unit: Unit = "rate"


_IMPORT = N_("历史导入的诉求没有经过本平台办理，不计入任何指标。")
_CUT = N_(
    "到期前就终止的时限（例如企业撤回、移送）和补正暂停中的时限不计；每一轮办理的时限各算一项。"
)

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(
            "accept_rate",
            N_("受理率"),
            "submitted_at",
            N_("期内提交的诉求中，已派到承办人的 ÷ 全部提交的。"),
            N_("受理前并入另一件诉求的不计。"),
        ),
        Figure(
            "contact_rate",
            N_("响应率"),
            "due",
            N_("期内到期的首次联系时限中，按时联系企业的 ÷ 全部到期的。"),
            _CUT,
        ),
        Figure(
            "on_time_rate",
            N_("按时办结率"),
            "original_due",
            N_("期内到期的办结时限中，在最初承诺的截止时间前办结的 ÷ 全部到期的。延期不作数。"),
            _CUT,
        ),
        Figure(
            "on_time_extended",
            N_("按时办结率（含延期）"),
            "due",
            N_("期内到期的办结时限中，在批准延期后的截止时间前办结的 ÷ 全部到期的。"),
            _CUT,
        ),
        Figure(
            "close_rate",
            N_("办结率"),
            "accepted_at",
            N_("期内受理的诉求中，现已办结的 ÷ 全部受理的。无论以何种方式办结。"),
            _IMPORT,
        ),
        Figure(
            "resolution_gross",
            N_("解决率（毛）"),
            "accepted_at",
            N_("期内受理的诉求中，办结为“已解决”且企业确认（含电话回访）的 ÷ 全部受理的，不剔除。"),
            _IMPORT,
        ),
        Figure(
            "resolution_net",
            N_("解决率（净）"),
            "accepted_at",
            N_("分子与解决率（毛）相同，分母减去撤回、合并、移送和经第二人批准剔除的诉求。"),
            N_("剔除的诉求逐件列出，可以点开查看。挂账的不剔除。"),
        ),
        Figure(
            "resolution_reported",
            N_("解决率（自报）"),
            "accepted_at",
            N_("期内受理的诉求中，承办单位报“已解决”并已办结的 ÷ 全部受理的，不论企业是否认可。"),
            _IMPORT,
        ),
        Figure(
            "overclaim",
            N_("虚报差"),
            "accepted_at",
            N_(
                "解决率（自报）减去解决率（毛），单位是百分点；分子是报“已解决”而企业没有确认的诉求。越小越好。"
            ),
            _IMPORT,
            "points",
        ),
        Figure(
            "satisfaction",
            N_("满意率"),
            "closed_at",
            N_("期内办结且评价过的诉求中，满意以上计 1 件，基本满意计 0.9 件 ÷ 全部评价过的。"),
            N_("没有评价的不当作满意，也不计入分母。"),
        ),
        Figure(
            "rating_coverage",
            N_("评价率"),
            "closed_at",
            N_("期内以“已解决”或“解释办结”办结的诉求中，企业评价过的 ÷ 全部。"),
            _IMPORT,
        ),
        Figure(
            "once_done",
            N_("一次办结率"),
            "closed_at",
            N_("期内办结为“已解决”的诉求中，第一轮就解决的 ÷ 全部。"),
            _IMPORT,
        ),
        Figure(
            "rework_rate",
            N_("重办率"),
            "closed_at",
            N_("期内办结的诉求中，办了两轮以上的 ÷ 全部。越小越好。"),
            _IMPORT,
        ),
        Figure(
            "return_rate",
            N_("退单率"),
            "assigned_at",
            N_("期内派出（以最近一次为准）的诉求中，至少退单一次的 ÷ 全部派出的。越小越好。"),
            _IMPORT,
        ),
        Figure(
            "overdue",
            N_("超期"),
            "accepted_at",
            N_("期内受理的诉求中，未办结且已过当前时限的，加上超期办结的 ÷ 全部受理的。越小越好。"),
            _IMPORT,
        ),
        Figure(
            "hold_rate",
            N_("挂账率"),
            "accepted_at",
            N_("期内受理、尚未办结的诉求中，正在挂账的 ÷ 全部未办结的。"),
            _IMPORT,
        ),
        Figure(
            "time_to_contact",
            N_("首次联系用时"),
            "closed_at",
            N_(
                "期内办结的诉求，从首次派单到首次联系企业的工作时间：中位数，和九成诉求不超过的值。"
            ),
            N_("没有联系记录就结束的诉求（例如很快撤回）不计。"),
            "hours",
        ),
        Figure(
            "time_to_resolve",
            N_("办结用时"),
            "closed_at",
            N_(
                "期内以“已解决”或“解释办结”办结的诉求，从受理到办结的工作时间，包括补正和等待企业确认的时间。"
            ),
            N_("撤回、移送、合并、终止和不予受理的不计。"),
            "hours",
        ),
    )
}
# The first ten of domain.md §5: the head of the page and the columns of its tables.
FIRST_TEN: tuple[str, ...] = tuple(FIGURES)[:10]
TIMES: tuple[str, ...] = tuple(name for name, one in FIGURES.items() if one.unit == "hours")
COUNTED: tuple[str, ...] = tuple(name for name in FIGURES if name not in TIMES)


@dataclass(frozen=True)
class Measure:
    """One figure, counted: n ≤ d always.

    `excluded`: how many were left out, by reason. `listed`: the rows behind n where a row can
    weigh less than one (satisfaction), else n. `median` and `p90`: working hours, of times only.
    """

    figure: Figure
    n: float
    d: int
    excluded: Mapping[str, int] = field(default_factory=dict)
    listed: int | None = None
    median: float | None = None
    p90: float | None = None

    @property
    def rate(self) -> float | None:
        """n / d from 0 to 1; None when nothing was due, and for times."""
        return self.n / self.d if self.d and self.figure.unit != "hours" else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The Wilson 95 % interval of the rate; None where there is no rate."""
        return wilson(self.n, self.d) if self.rate is not None else None

    @property
    def rows(self) -> int:
        """How many rows the list behind n has."""
        return int(self.n) if self.listed is None else self.listed

    @property
    def rest(self) -> int:
        """How many rows are in d and not in n."""
        return self.d - self.rows

    @property
    def ranked(self) -> bool:
        """Whether there are tickets enough to compare it with others."""
        return self.d >= RANKED_FROM


def plain(measure: Measure) -> dict[str, float | int | None]:
    """The figure as `flask kpi show --json` prints it: n, d and rate, hours for the times."""
    n = int(measure.n) if measure.n == int(measure.n) else round(measure.n, 4)
    rate = None if measure.rate is None else round(measure.rate, 4)
    answer: dict[str, float | int | None] = {"n": n, "d": measure.d, "rate": rate}
    if measure.figure.unit == "hours":
        answer["median_hours"], answer["p90_hours"] = measure.median, measure.p90
    return answer
