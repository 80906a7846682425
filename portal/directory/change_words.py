"""The history of a row of the directory in words: which field, from what, to what."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from portal.directory.changes import IMPORT
from portal.directory.class_words import class_name
from portal.directory.models import DirectoryChange
from portal.language import lazy as _l
from portal.wording import local_date, role_name, size_name

# The fields in the order in which a change names them.
LABELS: dict[str, str] = {
    "uscc": _l("信用代码"),
    "username": _l("用户名"),
    "name": _l("名称"),
    "short_name": _l("简称"),
    "region": _l("县市区"),
    "chain": _l("产业链"),
    "size": _l("企业规模"),
    "industry": _l("行业"),
    "contact_name": _l("联系人"),
    "contact_phone": _l("联系电话"),
    "contact": _l("其他联系人"),
    "title": _l("资质"),
    "pairing": _l("包联"),
    "phone": _l("电话"),
    "role": _l("角色"),
    "department": _l("所在单位"),
    "firm": _l("企业"),
    "parent": _l("上级"),
    "chief": _l("链长"),
    "template": _l("填写提示"),
    "needs_review": _l("办结须审核"),
    "by_pairing": _l("优先派给包联干部"),
    "complex": _l("复杂事项"),
    "consult": _l("咨询事项"),
    "skills": _l("专长"),
    "capacity": _l("容量"),
    "leave": _l("请假"),
    "password": _l("密码"),
    "sessions": _l("登录"),
    "firm_admin": _l("本企业管理员"),
    "link": _l("一次性链接"),
    "lock": _l("登录锁定"),
    "factor": _l("动态验证码"),
    "factor_lock": _l("验证码锁定"),
    "asked_role": _l("申请的角色"),
    "identity": _l("统一身份"),
    "recovery_codes": _l("恢复码"),
    "shown": _l("查看完整号码"),
    "position": _l("排列顺序"),
    "active": _l("状态"),
}

LINKS: dict[str, str] = {
    "invitation": _l("已发出邀请链接"),
    "reset": _l("已发出重设密码链接"),
    "revoked": _l("已作废"),
    "used": _l("已使用"),
}


@dataclass(frozen=True)
class Line:
    """One field of a change; `old` and `new` in words, None where there was or is nothing."""

    label: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Said:
    """One change: when, who, its lines, and the import that wrote it where one did."""

    at: datetime
    who: str
    lines: list[Line]
    import_id: int | None = None


def said(changes: Iterable[DirectoryChange]) -> list[Said]:
    """Changes as a page shows them."""
    return [
        Said(
            change.at,
            change.actor.name if change.actor is not None else _("系统"),
            [
                Line(str(label), _words(name, change.old), _words(name, change.new))
                for name, label in LABELS.items()
                if name in change.old or name in change.new
            ],
            change.new.get(IMPORT),
        )
        for change in changes
    ]


def _words(name: str, values: Mapping[str, Any]) -> str | None:
    if name not in values:
        return None
    value = values[name]
    if name in _IN_WORDS:
        return _IN_WORDS[name](value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return str(value)


def _contact(value: Mapping[str, Any]) -> str:
    return " ".join(value[part] for part in ("name", "phone", "post") if part in value)


def _title(value: Mapping[str, Any]) -> str:
    return _("%(what)s（%(days)s）", what=class_name(value["name"]), days=_days(value))


def _spell(value: Mapping[str, Any]) -> str:
    """“李明，代理人孙强（3月2日(周一) 至今）”."""
    people = [value["name"]] if "name" in value else []
    if "deputy" in value:
        people.append(_("代理人%(name)s", name=value["deputy"]))
    days = _days(value)
    return _("%(what)s（%(days)s）", what=_("，").join(people), days=days) if people else days


def _days(value: Mapping[str, Any]) -> str:
    begin = value.get("starts_on") or value.get("valid_from")
    end = value.get("ends_on") or value.get("valid_to")
    first, last = _day(begin), _day(end) if end else _("长期")
    return _("%(first)s 至 %(last)s", first=first, last=last)


def _day(text: Any) -> str:
    return local_date(date.fromisoformat(str(text)))


_IN_WORDS: dict[str, Callable[[Any], str]] = {
    "active": lambda value: _("在用") if value else _("已停用"),
    "password": lambda _value: _("已重设"),
    "sessions": lambda value: _("已退出 %(n)s 处登录", n=value),
    "link": lambda value: str(LINKS[value]),
    "lock": lambda _value: _("已解除"),
    "factor_lock": lambda _value: _("已解除"),
    "asked_role": role_name,
    "factor": lambda _value: _("已启用"),
    "recovery_codes": lambda _value: _("已重新生成"),
    "size": size_name,
    "role": role_name,
    "skills": lambda value: _("、").join(value),
    "contact": _contact,
    "title": _title,
    "pairing": _spell,
    "leave": _spell,
}
