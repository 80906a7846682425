"""The settings that protect accounts, in words; no secret among them."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from portal.language import lazy as _l

SECOND_FACTOR: dict[str, str] = {
    "staff": _l("全部工作人员和管理员必须启用"),
    "admins": _l("三类管理员必须启用"),
    "off": _l("自愿启用"),
}


def settings(config: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What is set: in words, its value in words, and the name of the setting."""
    return [
        (_("动态验证码"), str(SECOND_FACTOR[config["SECOND_FACTOR_STAFF"]]), "SECOND_FACTOR_STAFF"),
        (_("工作人员无操作自动退出"), _minutes(config["IDLE_MINUTES_STAFF"]), "IDLE_MINUTES_STAFF"),
        (_("企业用户无操作自动退出"), _minutes(config["IDLE_MINUTES_FIRMS"]), "IDLE_MINUTES_FIRMS"),
        (_("登录最长时间"), _("%(n)d 小时", n=config["SESSION_HOURS"]), "SESSION_HOURS"),
        (_("统一身份认证"), config.get("OIDC_ISSUER") or _("未启用"), "OIDC_ISSUER"),
        (_("HTTPS"), _("是") if config["HTTPS"] else _("否"), "PORTAL_HTTPS"),
    ]


def _minutes(count: int) -> str:
    return _("%(n)d 分钟", n=count)
