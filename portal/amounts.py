"""Words for amounts: working time, rates, counts, sizes of files and hidden numbers."""

from flask_babel import gettext as _
from flask_babel import ngettext

from portal import masks


def duration(days: int, minutes: int) -> str:
    """Working time in words: “2 个工作日 3 小时”, “45 分钟”."""
    parts = []
    if days:
        parts.append(ngettext("%(num)d 个工作日", "%(num)d 个工作日", days))
    hours, rest = divmod(int(minutes), 60)
    if hours:
        parts.append(ngettext("%(num)d 小时", "%(num)d 小时", hours))
    if rest and not days:
        parts.append(ngettext("%(num)d 分钟", "%(num)d 分钟", rest))
    return " ".join(parts) or _("不到 1 分钟")


def percent(rate: float | None) -> str:
    """A rate from 0 to 1 with one decimal; “–” where nothing was due."""
    return "–" if rate is None else f"{rate * 100:.1f}%"


def number(value: float | int | None) -> str:
    """A count with separators; a fraction with one decimal."""
    if value is None:
        return "–"
    return f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{int(value):,}"


def filesize(size: int) -> str:
    """A size in bytes in KB or MB."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / 1024 / 1024:.1f} MB"


def mask_phone(phone: str | None) -> str:
    """A telephone number with its middle hidden: 138****5678."""
    return masks.phone(phone)
