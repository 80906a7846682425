"""The rules of visits: what may be planned, recorded and edited, and when. Pure."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal.errors import N_, Invalid

LINK_DAYS = 15  # working days in which the firm can answer by link
REMIND_DAYS = 12  # working days after which an unanswered link is called to mind, once
EDIT_FOR = timedelta(hours=24)  # afterwards corrections are appended
MAX_ITEMS = 20
RECORD_WITHIN = 60  # days: an older visit is no longer remembered
PLAN_WITHIN = 366
SHORTEST = 4  # characters of a problem
TITLE = 30  # characters taken from the words as a first title
_ENDS = "。！？；，,.!?;\n"


class VisitState(StrEnum):
    """Where a visit stands."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


class ItemKind(StrEnum):
    """What was heard: a problem, or that the firm has none."""

    PROBLEM = "problem"
    NONE = "none"


@dataclass(frozen=True)
class Heard:
    """One problem in the firm's words, and the category that the cadre thinks it belongs to."""

    text: str
    category_id: int | None = None


@dataclass(frozen=True)
class Record:
    """What a cadre writes down of a visit on a local `day`; no problem heard: no `heard`."""

    day: date
    met: str
    companions: str = ""
    heard: tuple[Heard, ...] = ()


def ensure_plan(day: date, today: date) -> None:
    """Raises Invalid for a plan in the past or more than a year ahead; both are local days."""
    if day < today:
        raise Invalid(N_("计划日期不能早于今天；已经去过的请登记走访。"), "day")
    if day > today + timedelta(days=PLAN_WITHIN):
        raise Invalid(N_("请安排一年以内的日期。"), "day")


def ensure_record(record: Record, today: date) -> None:
    """Raises Invalid for a record of the future, of long ago, or with too much or too little."""
    if record.day > today:
        raise Invalid(N_("走访日期不能晚于今天；还没去的请安排走访。"), "day")
    if record.day < today - timedelta(days=RECORD_WITHIN):
        raise Invalid(N_("只能登记 60 天以内的走访。"), "day")
    if len(record.heard) > MAX_ITEMS:
        raise Invalid(N_("一次走访最多记 20 个问题。"), "items")
    for heard in record.heard:
        if len(heard.text) < SHORTEST:
            raise Invalid(N_("每个问题至少写 4 个字。"), "items")


def editable(recorded_at: datetime | None, now: datetime) -> bool:
    """Whether a record is younger than a day; both instants are aware."""
    return recorded_at is not None and now - recorded_at < EDIT_FOR


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the day's calendar month."""
    last = monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)


def next_month(day: date, step: int) -> date:
    """The first day of the month `step` (1 or -1) months away."""
    first, last = month_of(day)
    return last + timedelta(days=1) if step > 0 else (first - timedelta(days=1)).replace(day=1)


def title_of(text: str) -> str:
    """A first title from the words heard: the first clause of some length, at most 30 characters.

    >>> title_of("贷款三月到期，银行不再续贷，影响备料。")
    '贷款三月到期'
    """
    flat = text.strip()
    for place, letter in enumerate(flat[:TITLE]):
        if letter in _ENDS and place >= SHORTEST:
            return flat[:place]
    return flat[:TITLE].rstrip(_ENDS)


def longest_unvisited(firms: Iterable[tuple[int, date | None]]) -> list[int]:
    """Ids of firms by their last visit: never visited first, then the longest ago."""
    rows = sorted(firms, key=lambda one: (one[1] is not None, one[1] or date.min, one[0]))
    return [firm for firm, _ in rows]
