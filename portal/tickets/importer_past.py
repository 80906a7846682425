"""Makes one answered request of the past out of a row, or says why the row makes no sense."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from portal.errors import Invalid
from portal.sla.worktime import Calendar, OutsideCalendarError
from portal.tickets.importer_files import Row
from portal.tickets.importer_profiles import Profile

LOCAL = ZoneInfo("Asia/Shanghai")
MAX_KEY, MAX_TITLE, MAX_TEXT = 100, 200, 50_000
_SLASHED = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Past:
    """One answered request of the past; instants in UTC."""

    key: str
    title: str
    body: str
    reply: str
    submitted_at: datetime
    replied_at: datetime


def past_of(row: Row, profile: Profile, calendar: Calendar, now: datetime) -> Past:
    """What a row says; no instant lies outside `calendar` or after `now` (UTC).

    Raises Invalid with the reason.
    """
    if row.problem is not None:
        raise Invalid(row.problem)
    for column in profile.columns:
        if not row.cells[column]:
            raise Invalid(f"缺少 {column}")
        if "\x00" in row.cells[column]:
            raise Invalid(f"{column} 含有空字符")
    past = Past(
        key=_short(row, profile.key, MAX_KEY),
        title=_short(row, profile.title, MAX_TITLE),
        body=_short(row, profile.body, MAX_TEXT),
        reply=_short(row, profile.reply, MAX_TEXT),
        submitted_at=_instant(row, profile.submitted_at, calendar, now),
        replied_at=_instant(row, profile.replied_at, calendar, now),
    )
    if past.replied_at < past.submitted_at:
        raise Invalid(f"{profile.replied_at} 早于 {profile.submitted_at}")
    return past


def _short(row: Row, column: str, limit: int) -> str:
    value = row.cells[column]
    if len(value) > limit:
        raise Invalid(f"{column} 有 {len(value)} 个字，最多 {limit} 个")
    return value


def _instant(row: Row, column: str, calendar: Calendar, now: datetime) -> datetime:
    """The instant of a cell, in UTC; without an offset it is Asia/Shanghai."""
    written = row.cells[column]
    local = _parsed(written)
    if local is None:
        raise Invalid(f"{column}“{written[:40]}”不是日期时间，应如 2019-09-30T09:15:00")
    try:
        instant = (local if local.tzinfo else local.replace(tzinfo=LOCAL)).astimezone(UTC)
    except OverflowError:
        raise Invalid(f"{column}“{written[:40]}”超出可用的年份") from None
    if instant > now:
        raise Invalid(f"{column}“{written[:40]}”在将来")
    try:
        calendar.closes_between(instant, instant)
    except OutsideCalendarError:
        raise Invalid(f"{column}“{written[:40]}”早于工作日历") from None
    return instant


def _parsed(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass
    for shape in _SLASHED:
        try:
            return datetime.strptime(written, shape)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    return None
