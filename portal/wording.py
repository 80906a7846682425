"""Words for stored codes, times, amounts and rates; the filters of the pages."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from portal.amounts import duration, filesize, mask_phone, number, percent
from portal.db import utcnow
from portal.errors import N_
from portal.language import lazy as _l
from portal.language import lazy_in

LOCAL = ZoneInfo("Asia/Shanghai")

STATUSES: dict[str, str] = {
    "submitted": _l("待受理"),
    "triage": _l("待派单"),
    "assigned": _l("待签收"),
    "in_progress": _l("办理中"),
    "needs_info": _l("待补正"),
    "in_review": _l("待审核"),
    "awaiting_confirmation": _l("待企业确认"),
    "on_hold": _l("挂账"),
    "closed": _l("已办结"),
}
OUTCOMES: dict[str, str] = {
    "solved": _l("已解决"),
    "explained": _l("解释办结"),
    "rejected": lazy_in("outcome", "不予受理"),
    "transferred": lazy_in("outcome", "移送"),
    "merged": lazy_in("outcome", "合并"),
    "withdrawn": _l("撤回"),
    "terminated": _l("终止"),
}
CONFIRMATIONS: dict[str, str] = {
    "confirmed": _l("企业已确认"),
    "disputed": _l("企业认为未解决"),
    "unconfirmed": _l("企业未确认"),
    "call_back": _l("电话回访"),
}
URGENCIES: dict[str, str] = {
    "normal": _l("一般"),
    "urgent": _l("紧急"),
    "critical": _l("特急"),
}
CHANNELS: dict[str, str] = {
    "web": _l("网上提交"),
    "cadre": _l("干部代填"),
    "api": _l("接口"),
    "import": _l("历史导入"),
}
ROLES: dict[str, str] = {
    "applicant": _l("企业经办人"),
    "cadre": _l("助企干部"),
    "reviewer": _l("分管负责人"),
    "dispatcher": _l("派单员"),
    "supervisor": _l("督办员"),
    "leader": _l("领导"),
    "admin": _l("系统管理员"),
    "security_admin": _l("安全管理员"),
    "auditor": _l("审计员"),
    "system": _l("系统"),
    "none": _l("待授权"),
}
CLOCKS: dict[str, str] = {
    "accept": _l("受理时限"),
    "sign": _l("签收时限"),
    "contact": _l("首次联系时限"),
    "verify": _l("启动核实时限"),
    "reply": _l("答复时限"),
    "resolve": _l("办结时限"),
    "confirm": _l("企业确认时限"),
    "supply": _l("补正时限"),
    "report": _l("挂账报告时限"),
    "order": _l("督办单回复时限"),
}
ACTIONS: dict[str, str] = {
    "submit": _l("提交诉求"),
    "route": _l("自动派单"),
    "dispatch": _l("派单"),
    "ask_info": _l("要求补正"),
    "supply_info": _l("补充材料"),
    "lapse": _l("逾期处理"),
    "reject": _l("不予受理"),
    "transfer": _l("移送"),
    "merge": _l("合并"),
    "sign": _l("签收"),
    "return": _l("同意退单"),
    "reassign": _l("改派"),
    "redirect": _l("裁定退单并指定承办人"),
    "resolve": _l("办结"),
    "approve": _l("审核通过"),
    "send_back": _l("退回修改"),
    "confirm": _l("确认已解决"),
    "dispute": _l("仍未解决"),
    "hold": _l("同意挂账"),
    "resume": _l("恢复办理"),
    "reopen": _l("申请重办"),
    "withdraw": _l("撤回诉求"),
    "terminate": _l("终止办理"),
    "comment": _l("补充说明"),
    "vouch": _l("核实代填"),
    "reply": _l("答复企业"),
    "note": _l("内部备注"),
    "record_contact": _l("登记联系"),
    "recategorise": _l("更正类别"),
    "urge": _l("催办"),
    "supervise": _l("督办"),
    "answer_order": _l("回复督办单"),
    "call_back": _l("电话回访"),
    "ask_return": _l("申请退单"),
    "refuse_return": _l("不同意退单"),
    "ask_extension": _l("申请延期"),
    "grant_extension": _l("同意延期"),
    "refuse_extension": _l("不同意延期"),
    "ask_hold": _l("申请挂账"),
    "refuse_hold": _l("不同意挂账"),
    "ask_exclusion": _l("申请剔除"),
    "grant_exclusion": _l("同意剔除"),
    "refuse_exclusion": _l("不同意剔除"),
    "link": _l("关联诉求"),
    "unlink": _l("解除关联"),
    "split": _l("拆分诉求"),
    "join_problem": _l("归入共性问题"),
    "leave_problem": _l("移出共性问题"),
    "answer_problem": _l("统一答复"),
    "warn": _l("临期提醒"),
    "breach": _l("超期记录"),
    "remind": _l("提醒企业"),
    "elevate": _l("提级"),
    "expire": _l("申请失效"),
    "recompute": _l("截止时间重新计算"),
    "wait": _l("等待空位"),
    "offer": _l("提交交接"),
    "seal": _l("设为密件"),
    "unseal": _l("解除密件"),
    "reveal": _l("查看密件身份"),
    "recuse": _l("所涉单位回避"),
}
LIGHTS: dict[str, str] = {
    "green": _l("正常"),
    "yellow": _l("临期"),
    "red": _l("超期"),
    "blue": _l("暂停"),
    "purple": _l("督办"),
}
SIZES: dict[str, str] = {
    "large": _l("大型"),
    "medium": _l("中型"),
    "small": _l("小型"),
    "micro": _l("微型"),
}
RATING_WORDS: dict[int, str] = {
    5: _l("非常满意"),
    4: _l("满意"),
    3: _l("基本满意"),
    2: _l("不满意"),
    1: _l("非常不满意"),
}
WEEKDAYS = (_l("周一"), _l("周二"), _l("周三"), _l("周四"), _l("周五"), _l("周六"), _l("周日"))


def status_name(code: str) -> str:
    """The word for a status."""
    return str(STATUSES[code])


def outcome_name(code: str) -> str:
    """The word for an outcome."""
    return str(OUTCOMES[code])


def confirmation_name(code: str) -> str:
    """The word for what the firm said."""
    return str(CONFIRMATIONS[code])


def urgency_name(code: str) -> str:
    """The word for an urgency."""
    return str(URGENCIES[code])


def channel_name(code: str) -> str:
    """The word for a channel."""
    return str(CHANNELS[code])


def role_name(code: str) -> str:
    """The word for a role."""
    return str(ROLES[code])


def clock_name(code: str) -> str:
    """The word for a clock."""
    return str(CLOCKS[code])


def action_name(code: str) -> str:
    """The word for an action."""
    return str(ACTIONS[code])


def firm_name(ticket: Any) -> str:
    """The firm of a ticket as staff may read it: of a sealed one no name (domain.md §7)."""
    return _("密件企业") if ticket.sealed else ticket.enterprise.name


def size_name(code: str) -> str:
    """The word for a firm's size."""
    return str(SIZES[code])


def rating_name(grade: int) -> str:
    """The word for a rating from 1 to 5."""
    return str(RATING_WORDS[grade])


def in_english() -> bool:
    """Whether the reader has chosen English."""
    locale = get_locale()
    return locale is not None and locale.language == "en"


def local_date(value: date | datetime | None) -> str:
    """“10月27日(周一)”, another year with the year; an instant is shown in Asia/Shanghai."""
    if value is None:
        return "–"
    day = value.astimezone(LOCAL).date() if isinstance(value, datetime) else value
    year = utcnow().astimezone(LOCAL).year
    weekday = WEEKDAYS[day.weekday()]
    if in_english():
        text = f"{weekday} {day.day} {day:%b}"
        return f"{text} {day.year}" if day.year != year else text
    text = f"{day.month}月{day.day}日({weekday})"
    return f"{day.year}年{text}" if day.year != year else text


def local_time(value: datetime | None) -> str:
    """“10月27日(周一)17:30” in Asia/Shanghai."""
    if value is None:
        return "–"
    return f"{local_date(value)}{', ' if in_english() else ''}{value.astimezone(LOCAL):%H:%M}"


def iso(value: datetime) -> str:
    """The instant in ISO 8601 with the offset of Asia/Shanghai."""
    return value.astimezone(LOCAL).isoformat(timespec="seconds")


def ago(value: datetime | None) -> str:
    """How long ago an event was, in words; from a week on the date."""
    if value is None:
        return "–"
    seconds = int((utcnow() - value.astimezone(UTC)).total_seconds())
    if seconds < 60:
        return _("刚刚")
    if seconds < 3600:
        return ngettext("%(num)d 分钟前", "%(num)d 分钟前", seconds // 60)
    if seconds < 86400:
        return ngettext("%(num)d 小时前", "%(num)d 小时前", seconds // 3600)
    if seconds < 7 * 86400:
        return ngettext("%(num)d 天前", "%(num)d 天前", seconds // 86400)
    return local_date(value)


def moment(value: datetime | None) -> str:
    """When an event was: in words within a day, then the full time, so that order is plain."""
    recent = value is not None and (utcnow() - value).total_seconds() < 86400
    return ago(value) if recent else local_time(value)


# Why an attachment is not to be had.
FILE_STATES = {
    "waiting": N_("正在检查病毒，请稍后再下载。"),
    "infected": N_("含有病毒，已删除。"),
    "expired": N_("已超过保存期限，已删除。"),
}


def file_state(state: str) -> str:
    """Why an attachment is not to be had, in words."""
    return _(FILE_STATES[state])


FILTERS = {
    function.__name__: function
    for function in (
        *(status_name, outcome_name, confirmation_name, urgency_name, channel_name, role_name),
        *(clock_name, action_name, size_name, rating_name, local_date, local_time, iso, ago),
        *(file_state, moment, duration, percent, number, filesize, mask_phone, firm_name),
    )
}
