"""The log in words: what was done, to what, from what to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.auth.models import User
from portal.directory.change_words import LABELS
from portal.extensions import db
from portal.language import lazy as _l
from portal.wording import action_name, role_name, size_name, status_name

LOOK_NAMES: dict[str, str] = {
    "view": _l("查看"),
    "download": _l("下载附件"),
    "print": _l("打印"),
    "export": _l("导出"),
    "open": _l("打开密件"),
    "reveal": _l("查看完整联系方式"),
}
REFUSAL_NAMES: dict[str, str] = {
    "refused": _l("无权打开或办理"),
    "missing": _l("查找看不到或不存在的内容"),
    "forgery": _l("表单没有有效的防伪标记"),
    "limit": _l("超过次数限制"),
    "upload": _l("上传的文件被拒收"),
    "virus": _l("上传的文件有病毒"),
    "sign_in": _l("登录失败"),
    "factor": _l("动态验证码错误"),
    "proof": _l("再次验证密码错误"),
    "query": _l("查询码错误"),
}
KIND_NAMES: dict[str, str] = {
    "ticket": _l("诉求办理"),
    "access": _l("查看诉求"),
    "account": _l("账号和角色"),
    "sign_in": _l("登录"),
    "security": _l("安全事件"),
    "directory": _l("名录改动"),
    "rules": _l("规则和时限"),
    "export": _l("导出"),
    "publish": _l("公开和答复"),
    "row": _l("数据行改动"),
}
# What a row of a table is called; what is not here keeps its table's name.
NOUNS: dict[str, str] = {
    "user": _l("账号"),
    "user_session": _l("登录会话"),
    "sign_in_lock": _l("登录锁定"),
    "sign_in_try": _l("登录尝试"),
    "refusal": _l("安全事件"),
    "one_time_link": _l("一次性链接"),
    "second_factor": _l("第二重验证"),
    "recovery_code": _l("恢复码"),
    "external_identity": _l("统一身份"),
    "role_request": _l("角色申请"),
    "join_request": _l("加入企业的申请"),
    "category": _l("诉求类别"),
    "department": _l("承办单位"),
    "region": _l("县市区"),
    "chain": _l("产业链"),
    "enterprise": _l("企业"),
    "enterprise_class": _l("企业资质"),
    "enterprise_contact": _l("企业联系人"),
    "pairing": _l("包联"),
    "skill": _l("专长"),
    "leave": _l("请假"),
    "policy": _l("时限规则"),
    "calendar": _l("工作日历"),
    "rulebook": _l("派单规则版本"),
    "rulebook_edit": _l("派单规则改动"),
    "dispatch_rule": _l("派单规则"),
    "threshold": _l("预警线"),
    "threshold_change": _l("预警线改动"),
    "export_log": _l("导出"),
    "published_case_step": _l("公开案例"),
    "problem_answer": _l("共性问题答复"),
    "visit_correction": _l("走访更正"),
}
_OPS = {"insert": _l("新增"), "update": _l("修改"), "delete": _l("删除")}
_FIELDS: dict[str, str] = {
    **LABELS,
    "department_id": _l("所在单位（编号）"),
    "enterprise_id": _l("企业（编号）"),
    "parent_id": _l("上级（编号）"),
    "owner_id": _l("包联干部（编号）"),
    "deputy_id": _l("代理人（编号）"),
    "cadre_id": _l("助企干部（编号）"),
    "category_id": _l("诉求类别（编号）"),
    "region_id": _l("县市区（编号）"),
    "chain_id": _l("产业链（编号）"),
    "must_change_password": _l("须改密码"),
    "starts_on": _l("开始"),
    "ends_on": _l("结束"),
    "valid_from": _l("生效"),
    "valid_to": _l("失效"),
    "current": _l("现行"),
    "version": _l("版本"),
    "revision": _l("修订"),
    "state": _l("状态"),
    "address": _l("网络地址"),
    "endpoint": _l("页面"),
    "ended_why": _l("结束原因"),
    "used_at": _l("使用时间"),
    "revoked_at": _l("撤销时间"),
    "until": _l("锁定至"),
    "lifted_at": _l("解锁时间"),
    "tries": _l("失败次数"),
    "rows": _l("行数"),
    "format": _l("格式"),
    "filter": _l("条件"),
    "personal": _l("含联系人"),
    "what": _l("做了什么"),
    "reason": _l("理由"),
    "unit": _l("单位"),
    "detail": _l("详情"),
    "round": _l("办理轮次"),
    "public": _l("企业可见"),
    "from_status": _l("原状态"),
    "to_status": _l("新状态"),
    "worse": _l("恶化方向"),
    "yellow": _l("黄线"),
    "red": _l("红线"),
    "urgency": _l("紧急程度"),
    "kind": _l("类别"),
    "number": _l("编号"),
    "profile": _l("方案"),
    "figure": _l("指标"),
    "dimension": _l("维度"),
    "issuer": _l("签发方"),
    "resolve_as": _l("办结方式"),
    "confirmed_years": _l("已确认的年份"),
    "confirmed_at": _l("确认时间"),
    "locked_until": _l("锁定至"),
    "chief_id": _l("链长（编号）"),
    "asked_by_id": _l("申请人（编号）"),
    "threshold_id": _l("预警线（编号）"),
    "rulebook_id": _l("派单规则版本（编号）"),
    "case_id": _l("公开案例（编号）"),
    "problem_id": _l("共性问题（编号）"),
    "visit_id": _l("走访（编号）"),
}
_KINDS: dict[str, str] = {
    "account": _l("账号"),
    "address": _l("网络地址"),
    "invitation": _l("邀请"),
    "reset": _l("重设密码"),
    "search": _l("诉求"),
    "queue": _l("诉求"),
    "orders": _l("督办单"),
    "problems": _l("共性问题"),
    "figure": _l("指标诉求"),
    "figures": _l("指标"),
    "audit": _l("审计日志"),
}
_WHATS = LOOK_NAMES | REFUSAL_NAMES
_VALUES: dict[str, Any] = {
    "role": role_name,
    "size": size_name,
    "from_status": status_name,
    "to_status": status_name,
    "what": lambda code: str(_WHATS.get(code, code)),
    "kind": lambda code: str(_KINDS.get(code, code)),
}


@dataclass(frozen=True)
class Line:
    """One field of an entry; None where there was or is nothing."""

    label: str
    old: str | None
    new: str | None


def subjects(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """What the entries are about, in words, by their subject; one statement."""
    all_of = {one.subject for one in entries}
    ids = [int(one.removeprefix("user:")) for one in all_of if one.startswith("user:")]
    query = select(User.id, User.name, User.username).where(User.id.in_(ids))
    people = {
        f"user:{row_id}": _("%(name)s（%(username)s）", name=name, username=username)
        for row_id, name, username in db.session.execute(query)
    }
    return {one: people.get(one) or _subject(one) for one in all_of}


def _subject(subject: str) -> str:
    noun, colon, row_id = subject.partition(":")
    return f"{noun_name(noun)} {row_id}" if colon else subject


def noun_name(source: str) -> str:
    """What a row of a watched table is called."""
    return str(NOUNS.get(source, source))


def done(entry: AuditEntry) -> str:
    """What was done, in a few words."""
    content = entry.content
    if entry.op == "insert" and entry.source == "ticket_event":
        return action_name(content["action"])
    if entry.op == "insert" and entry.source in ("ticket_access", "refusal"):
        return str(_WHATS.get(content["what"], content["what"]))
    if entry.source == "user_session":
        return _("登录") if entry.op == "insert" else _("会话结束")
    if entry.source in ("sign_in_try", "export_log") and entry.op == "insert":
        return noun_name(entry.source)
    if entry.source == "directory_change":
        return _("%(act)s%(noun)s", act=_changed(content), noun=noun_name(content["noun"]))
    act = str(_OPS.get(entry.op, entry.op))
    return _("%(act)s%(noun)s", act=act, noun=noun_name(entry.source))


def _changed(content: Mapping[str, Any]) -> str:
    kind = "update"
    if not content.get("old"):
        kind = "insert"
    elif not content.get("new"):
        kind = "delete"
    return str(_OPS[kind])


def lines(entry: AuditEntry) -> list[Line]:
    """The fields of an entry, before and after; what is not shown is named without its value."""
    content = dict(entry.content)
    old, new = content.pop("old", None) or {}, content.pop("new", None) or {}
    hidden = content.pop("also", None) or []
    told = [
        Line(_label(name), None, _value(name, value))
        for name, value in content.items()
        if name not in ("action", "noun", "row_id", "seq")
    ]
    told += [Line(_label(name), _side(name, old), _side(name, new)) for name in {**old, **new}]
    changed = _("有变化，内容只存摘要")
    return [*told, *(Line(_label(name), None, changed) for name in hidden)]


def _label(name: str) -> str:
    return str(_FIELDS.get(name, name))


def _side(name: str, values: Mapping[str, Any]) -> str | None:
    return _value(name, values[name]) if name in values else None


def _value(name: str, value: Any) -> str:
    if name in _VALUES and isinstance(value, str):
        return _VALUES[name](value)
    if name == "active" and isinstance(value, bool):
        return _("在用") if value else _("已停用")
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Mapping):
        return _("，").join(_("%(name)s：%(value)s", name=k, value=v) for k, v in value.items())
    if isinstance(value, list):
        return _("、").join(str(one) for one in value)
    return str(value)
