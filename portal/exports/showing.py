"""Exports in the reader's words: what was taken, narrowed to what, and where a run stands."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext as _

from portal.exports.models import ExportRun
from portal.kpi.periods import local_day
from portal.language import lazy as _l
from portal.sheets.kinds import SHEETS
from portal.sheets.reading import MARK_HEADING

SOURCES: dict[str, str] = {
    "search": _l("诉求"),
    "queue": _l("诉求"),
    "orders": _l("督办单"),
    "problems": _l("共性问题"),
    "figure": _l("指标诉求"),
    "figures": _l("指标"),
    "audit": _l("审计日志"),
    "own": _l("本人资料"),
}
STATES: dict[str, str] = {
    "waiting": _l("正在排队"),
    "running": _l("正在导出"),
    "done": _l("可以下载"),
    "failed": _l("没有完成"),
    "cancelled": _l("已取消"),
    "expired": _l("已过期"),
}


def source_words(kind: str) -> str:
    """What was taken away: a list, figures, or a register."""
    if kind in SHEETS:
        return _(SHEETS[kind].title)
    return str(SOURCES.get(kind, kind))


def state_words(run: ExportRun) -> str:
    """Where a run stands."""
    return str(STATES[run.state])


def filter_words(words: Mapping[str, str]) -> str:
    """What it was narrowed to, as the one who took it read it."""
    return _("；").join(f"{name}{_('：')}{value}" for name, value in words.items())


def today(now: datetime) -> str:
    """The local day for a file's name."""
    return local_day(now).isoformat()


def mark_column(personal: bool) -> str:
    """What the column is called that says in a CSV who took it; empty where there is none."""
    return _(MARK_HEADING) if personal else ""
