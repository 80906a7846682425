"""What a figure is, as data: its name, its words, its cohort and its unit (domain.md §5). Pure."""

from dataclasses import dataclass
from typing import Literal

from portal.errors import N_

Unit = Literal["rate", "points", "hours", "count"]
Cohort = Literal["submitted_at", "accepted_at", "assigned_at", "closed_at", "due", "original_due"]


@dataclass(frozen=True)
class Figure:
    """One figure, all in words: `formula` as a sentence, what `n` is and what `d` is.

    `left_out`: who is in no side of it, and why. `cohort`: the instant that decides the period.
    `low_is_good`: whether less is better. A `count` has n = d and no rate.
    """

    name: str
    title: str
    cohort: Cohort
    formula: str
    n: str
    d: str
    left_out: str
    unit: Unit = "rate"
    low_is_good: bool = False


# Which instant of a ticket or of its promise decides the period that it counts in.
COHORTS: dict[Cohort, str] = {
    "submitted_at": N_("提交时间"),
    "accepted_at": N_("受理时间（首次派到承办人）"),
    "assigned_at": N_("最近一次派单时间"),
    "closed_at": N_("办结时间"),
    "due": N_("截止时间（含延期）"),
    "original_due": N_("最初承诺的截止时间"),
}
UNITS: dict[Unit, str] = {
    "rate": N_("比率"),
    "points": N_("百分点"),
    "hours": N_("工作小时（中位数和九成值）"),
    "count": N_("件数"),
}

IMPORT = N_("历史导入的诉求没有经过本平台办理，不计入任何指标。")
CUT = N_(
    "到期前就终止的时限（例如企业撤回、移送）和补正暂停中的时限不计；每一轮办理的时限各算一项。"
)
ACCEPTED = N_("期内受理的诉求")
ANSWERED = N_("期内以“已解决”或“解释办结”办结的诉求")
SUBMITTED = N_("期内提交的诉求")
CLOSED = N_("期内办结的诉求")
RESOLVE_DUE = N_("期内到期的办结时限")
