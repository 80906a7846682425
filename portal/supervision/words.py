"""Words for what thresholds and alerts hold: the figure, whom it is about, bounds and values."""

from flask_babel import gettext as _

from portal.amounts import number
from portal.directory.class_words import CLASS_NAMES, NO_CLASS_NAME
from portal.errors import N_
from portal.kpi.figures import FIGURES
from portal.kpi.ledger import NO_CLASS
from portal.language import lazy as _l
from portal.supervision.models import Bulletin
from portal.wording import CHANNELS, URGENCIES, local_date

DIMENSIONS: dict[str, str] = {
    "all": _l("全市"),
    "department": _l("每个承办单位"),
    "category": _l("每个诉求类别"),
    "region": _l("每个县市区"),
    "chain": _l("每条产业链"),
    "cadre": _l("每名助企干部"),
    "class": _l("每类企业资质"),
    "channel": _l("每种来源"),
    "urgency": _l("每种紧急程度"),
}
GROUPS: dict[str, str] = {
    "department": _l("承办单位"),
    "category": _l("诉求类别"),
    "region": _l("县市区"),
    "chain": _l("产业链"),
    "cadre": _l("助企干部"),
    "class": _l("企业资质"),
    "channel": _l("来源"),
    "urgency": _l("紧急程度"),
}
SPANS: dict[str, str] = {
    "rolling": _l("最近 30 天"),
    "month": _l("本月以来"),
    "year": _l("今年以来"),
}
WORSE: dict[str, str] = {"lower": _l("越低越差"), "higher": _l("越高越差")}
LEVELS: dict[str, str] = {"yellow": _l("黄线"), "red": _l("红线")}
BULLETINS: dict[str, str] = {"week": _l("周报"), "month": _l("月报")}
WHY_CLOSED: dict[str, str] = {
    "normal": _l("恢复正常"),
    "few": _l("件数不足，不再判断"),
    "better": _l("由红线降为黄线"),
    "worse": _l("由黄线升为红线"),
    "changed": _l("预警线已修改或停用"),
}
FIELDS: dict[str, str] = {
    "figure": N_("指标"),
    "dimension": N_("统计范围"),
    "member": N_("统计范围"),
    "span": N_("时段"),
    "worse": N_("方向"),
    "yellow": N_("黄线"),
    "red": N_("红线"),
    "minimum": N_("最少件数"),
    "active": N_("启用"),
}


def figure_name(name: str) -> str:
    """The figure in the reader's language."""
    return _(FIGURES[name].title) if name in FIGURES else name


def member_name(name: str) -> str:
    """Whom an alert is about: a row's name, a code in words, the whole city where it is empty."""
    for codes in (CHANNELS, URGENCIES, CLASS_NAMES, {NO_CLASS: NO_CLASS_NAME}):
        if name in codes:
            return str(codes[name])
    return name or _("全市")


def amount(figure: str, value: float) -> str:
    """A bound or a value with the unit of its figure."""
    unit = FIGURES[figure].unit if figure in FIGURES else "rate"
    if unit == "hours":
        return _("%(n)s 小时", n=number(round(value, 1)))
    if unit == "count":
        return _("%(n)s 件", n=number(value))
    if unit == "points":
        return _("%(n)s 个百分点", n=f"{value:.1f}")
    return f"{value:.1f}%"


def scope_name(dimension: str, member: str, known: dict[str, str]) -> str:
    """What a threshold is about. `known`: the names of the dimension's values."""
    if not member:
        return str(DIMENSIONS.get(dimension, dimension))
    return member_name(known.get(member, member))


def bulletin_title(bulletin: Bulletin) -> str:
    """“月报：2023年5月”, “周报：5月8日(周一)至5月14日(周日)”."""
    first, last = bulletin.first, bulletin.last
    if bulletin.kind == "month":
        days = _("%(year)d年%(month)d月", year=first.year, month=first.month)
    else:
        days = _("%(first)s至%(last)s", first=local_date(first), last=local_date(last))
    return f"{BULLETINS[bulletin.kind]}{_('：')}{days}"
