"""The lines of a clock's arithmetic as sentences in the reader's language."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from portal.amounts import duration
from portal.errors import N_
from portal.sla.explain import Line
from portal.sla.worktime import Calendar
from portal.wording import LOCAL, in_english, local_date, local_time

MARKS = {
    **dict.fromkeys(("workdays", "window", "makeup", "half", "plain"), "+"),
    **dict.fromkeys(("weekend", "holiday", "statutory", "day_zero", "waiting"), "·"),
    **dict.fromkeys(("pause", "extension", "recount"), "→"),
}
"""How a line stands to the sum: it counts, it is left out, it moves the due."""


def profile_name(profile: str) -> str:
    """The word for a policy's profile; one that the city made keeps its own name."""
    shipped = {"default": _("默认（山东）"), "jiangmen": _("江门"), "zhuhai": _("珠海")}
    return shipped.get(profile, profile)


def target_words(target: str) -> str:
    """“15 个工作日”, “120 分钟工作时间”, “24 小时”, “7 天” of a stored target."""
    unit = target.lstrip("0123456789")
    n = int(target[: -len(unit)])
    if unit == "wd":
        return duration(n, 0)
    if unit == "wm":
        return _("%(amount)s工作时间", amount=duration(0, n))
    if unit == "h":
        return ngettext("%(num)d 小时", "%(num)d 小时", n)
    return ngettext("%(num)d 天", "%(num)d 天", n)


def name_words(name: str) -> str:
    """The names of holidays in the reader's language; one that the city made stays as it is."""
    return _("、").join(_(one) for one in name.split(N_("、"))) if name else ""


def sentence(line: Line, calendar: Calendar) -> str:
    """One line in words; where it has no words of its own, its span, name and amount."""
    if line.kind in ("start", "day_zero", "waiting", "first_due", "due", "computed", "recorded"):
        return _fixed(line)
    if line.kind == "left":
        return _left(line, calendar)
    if line.kind in ("pause", "extension"):
        return _movement(line)
    if line.kind == "provisional":
        return _("暂定：%(year)s 年的放假安排尚未公布，公布后重新计算", year=line.name)
    if line.kind == "recount":
        when, before = _instant(line.begin), _instant(line.end)
        words = _("%(when)s 工作日历或时限政策更新后重新计算：原为 %(before)s，改为 %(after)s")
        return words % {"when": when, "before": before, "after": local_time(line.at)}
    if line.kind == "calendar":
        return _("按工作日历第 %(version)s 版计算", version=line.name)
    if line.kind == "policy":
        profile, _space, version = line.name.rpartition(" ")
        return _(
            "时限政策：%(profile)s第 %(version)s 版",
            profile=profile_name(profile),
            version=version,
        )
    return _counted(line)


def _fixed(line: Line) -> str:
    when = local_time(line.begin if isinstance(line.begin, datetime) else line.at)
    match line.kind:
        case "start":
            return _("%(when)s 起算，时限 %(target)s", when=when, target=target_words(line.name))
        case "day_zero":
            return _("%(day)s 当天不计", day=span(line))
        case "waiting":
            return _("%(day)s 不在工作时间内", day=span(line))
        case "first_due":
            return _("按此最迟 %(when)s", when=when)
        case "computed":
            return _("按以上各项算得 %(when)s", when=when)
        case "recorded":
            return _("系统记录的截止时间是 %(when)s，以记录为准", when=when)
        case _:
            return _("截止时间 %(when)s", when=when)


def _left(line: Line, calendar: Calendar) -> str:
    """What is left while it stands still; whether the day of the pause is one of the days."""
    spent, amount = span(line), amount_words(line)
    if line.days < 0 or line.worked < timedelta(0):
        return _("%(when)s 暂停计时时已超期 %(amount)s", when=spent, amount=amount)
    if line.days and isinstance(line.begin, datetime) and _closes_today(calendar, line.begin):
        return _("%(when)s 起暂停计时，还剩 %(amount)s（含当天）", when=spent, amount=amount)
    return _("%(when)s 起暂停计时，还剩 %(amount)s", when=spent, amount=amount)


def _closes_today(calendar: Calendar, instant: datetime) -> bool:
    """Whether the close of business of the local day is still to come."""
    local = instant.astimezone(calendar.zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return calendar.closes_between(instant, midnight) > 0


def _movement(line: Line) -> str:
    spent, amount = span(line), amount_words(line)
    due = local_time(line.at)
    if line.kind == "pause":
        return _(
            "%(span)s 暂停计时，顺延 %(amount)s，至 %(due)s", span=spent, amount=amount, due=due
        )
    when = _instant(line.end)
    words = _("%(when)s 批准延期 %(amount)s，至 %(due)s", when=when, amount=amount, due=due)
    return _("%(words)s（%(reason)s）", words=words, reason=line.name) if line.name else words


def _instant(value: date | datetime | None) -> str:
    return local_time(value if isinstance(value, datetime) else None)


def _counted(line: Line) -> str:
    spent, name = span(line), name_words(line.name)
    match line.kind:
        case "weekend":
            return _("%(span)s 周末", span=spent)
        case "holiday":
            return _("%(span)s %(name)s 放假", span=spent, name=name)
        case "statutory":
            return _("%(span)s %(name)s 法定节假日（暂定）", span=spent, name=name)
        case "makeup":
            words = _("%(span)s 调休上班（%(name)s）", span=spent, name=name)
        case "half":
            words = _("%(span)s 半天上班（%(name)s）", span=spent, name=name)
        case _:
            words = f"{spent} {name}".strip()
    amount = amount_words(line) if line.days or line.worked else ""
    if amount:
        words = _("%(words)s：%(amount)s", words=words, amount=amount)
    if line.rest:
        words = _("%(words)s，%(n)d 天周末不计", words=words, n=line.rest)
    return words


def amount_words(line: Line) -> str:
    """What the line counts or moves: working days, else time."""
    if line.days or not line.worked:
        return duration(abs(line.days), 0) if line.days else _("0 个工作日")
    seconds = abs(line.worked).total_seconds()
    if line.kind in ("plain", "pause", "left") and seconds >= 2 * 86400:
        days, rest = divmod(seconds, 86400)
        hours = duration(0, int(rest // 3600) * 60) if rest >= 3600 else ""
        whole = ngettext("%(num)d 天", "%(num)d 天", int(days))
        return f"{whole} {hours}".strip()
    words = duration(0, int(seconds // 60)) if seconds >= 60 else ""
    rest = seconds % 60
    return f"{words} {_seconds(rest)}".strip() if rest else words


def _seconds(n: float) -> str:
    return _("1 秒") if n == 1 else _("%(n)g 秒", n=n)


def span(line: Line) -> str:
    """“10月9日(周四)”, “10月1日–8日”, “10月9日(周四)08:30–11:00”."""
    begin, end = line.begin, line.end
    if isinstance(begin, datetime):
        if not isinstance(end, datetime):
            return local_time(begin)
        same = begin.astimezone(LOCAL).date() == end.astimezone(LOCAL).date()
        return (
            f"{local_time(begin)}–{f'{end.astimezone(LOCAL):%H:%M}' if same else local_time(end)}"
        )
    if begin is None or not isinstance(end, date) or begin == end:
        return local_date(begin)
    return f"{_day(begin)}–{_day(end, after=begin)}"


def _day(day: date, after: date | None = None) -> str:
    """The date without its weekday; of the same month only the day, in Chinese."""
    if in_english():
        return local_date(day).partition(" ")[2]
    parts = re.findall(r"\d+\D", local_date(day).partition("(")[0])
    if after is None or after.year != day.year:
        return "".join(parts)
    return "".join(parts[-1:] if after.month == day.month else parts[-2:])


def recomputed(payload: dict[str, Any]) -> str:
    """Why a due was counted anew, and what it was before."""
    why = _("工作日历已更新") if "calendar" in payload else _("时限政策已更新")
    old = local_time(datetime.fromisoformat(payload["old_due"]))
    if payload["new_due"] is None:
        return _("%(why)s，这项时限取消（原定 %(old)s）", why=why, old=old)
    new = local_time(datetime.fromisoformat(payload["new_due"]))
    if payload["new_due"] == payload["old_due"]:
        return _("%(why)s，截止时间不变：%(new)s", why=why, new=new)
    return _("%(why)s，截止时间由 %(old)s 改为 %(new)s", why=why, old=old, new=new)
