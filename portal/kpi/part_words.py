"""What the parts of portal.kpi.parts are called."""

from flask_babel import gettext as _

from portal.language import lazy as _l
from portal.wording import status_name

# Open tickets by calendar days since they were submitted.
AGE_WORDS: dict[str, str] = {
    "0": _l("不到 3 天"),
    "3": _l("3 天至 7 天"),
    "7": _l("7 天至 15 天"),
    "15": _l("15 天至 30 天"),
    "30": _l("30 天至 60 天"),
    "60": _l("60 天以上"),
}
# Why an accepted ticket is not in the resolution rate (portal.kpi.gaps).
GAP_WORDS: dict[str, str] = {
    "overdue": _l("已超期、还没有办结"),
    "unconfirmed": _l("报已解决，企业没有确认"),
    "awaiting": _l("等企业确认"),
    "disputed": _l("企业说没有解决"),
    "working": _l("正在办理，没有超期"),
    "held": _l("挂账"),
    "explained": _l("解释办结"),
    "ended": _l("撤回、移送、合并、终止或不予受理"),
}


def part_words(kind: str, key: str) -> str:
    """The heading of a part's list; the key was found to be one before."""
    match kind:
        case "status":
            return _("现在%(status)s的诉求", status=status_name(key))
        case "age":
            return _("未办结的诉求：提交以来%(age)s", age=AGE_WORDS[key])
        case "hour":
            return _("按星期和时段看提交的诉求")
        case "late":
            return _("现在超期的诉求")
        case _:
            return _("没有计入解决的诉求：%(why)s", why=GAP_WORDS[key])
