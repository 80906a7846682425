"""Limits and deadlines of petitions: who rules, by when, how far a due may move. Pure.

domain.md §2 (hold), §3 (extension), §4 (returns), §5 (exclusion). Every instant is UTC; working
time is that of the calendar given. A refusal is a sentence with the form field it belongs to.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.auth.roles import Role
from portal.errors import N_
from portal.sla import targets
from portal.sla.worktime import Calendar

KINDS = ("return", "extension", "hold", "exclusion")
# Working days in which a petition is ruled; a return the same working day.
RULING_DAYS = {"return": 0, "extension": 1, "hold": 1, "exclusion": 3}
RETURN_DAYS = 1  # working days from the assignment in which a return may be asked
EXTENSIONS = 2  # in one round: by a supervisor, then by a leader
CAP_DAYS, LONG_CAP_DAYS = 30, 45  # working days in all; the longer one where the target is 30
# The deadline itself is in time: what nobody ruled on expires at the first instant after it.
AFTER_DEADLINE = timedelta(seconds=1)
HOLD_DAYS = 180  # the furthest promised date, in calendar days
HOLD_SPAN = timedelta(days=HOLD_DAYS)
REPORT_DAYS = 30  # the longest time between two reports of a hold, in calendar days

Refusal = tuple[str, str | None]


@dataclass(frozen=True)
class Promise:
    """What the rules need of a resolve clock; `target` as the clock keeps it, such as '15wd'."""

    target: str
    started_at: datetime
    due_at: datetime
    original_due_at: datetime


def ruler(kind: str, granted: int) -> Role:
    """Who rules on a petition of this kind when `granted` of its kind were granted before.

    The first return is the dispatcher's, a second one the supervisor's; a second extension is the
    leader's. A leader may rule wherever a supervisor may.
    """
    if kind == "return":
        return Role.SUPERVISOR if granted else Role.DISPATCHER
    return Role.LEADER if kind == "extension" and granted else Role.SUPERVISOR


def ruled_by(role: Role) -> tuple[Role, ...]:
    """Whose petitions a role may rule on."""
    if role is Role.LEADER:
        return (Role.SUPERVISOR, Role.LEADER)
    return (role,) if role in (Role.DISPATCHER, Role.SUPERVISOR) else ()


def decide_by(kind: str, calendar: Calendar, asked_at: datetime) -> datetime:
    """The last instant at which a petition asked at `asked_at` can be ruled.

    A return: the close of business of the same working day, of the next one when it was asked
    after hours. The others: the close of the nth working day after.
    """
    if days := RULING_DAYS[kind]:
        return calendar.add_days(asked_at, days)
    opening = calendar.next_open(asked_at)
    return calendar.add_days(opening - timedelta(days=1), 1)


def warn_at(calendar: Calendar, asked_at: datetime, decide_by: datetime) -> datetime:
    """When the deadline of a petition turns yellow: a fifth of its working time is left."""
    whole = calendar.minutes_between(asked_at, decide_by)
    return calendar.add_minutes(decide_by, -whole / 5) if whole > 0 else asked_at


def return_until(calendar: Calendar, assigned_at: datetime) -> datetime:
    """The last instant at which the department may ask for a return."""
    return calendar.add_days(assigned_at, RETURN_DAYS)


def cap_at(calendar: Calendar, promise: Promise) -> datetime:
    """The latest due that extensions may reach: 30 working days in all, 45 where 30 is the target.

    Counted from the start of the clock; the days that the firm's pauses took do not count, as they
    do not for the due itself.
    """
    target = targets.parse_target(promise.target)
    plain = targets.due(calendar, promise.started_at, target).at
    paused = calendar.closes_between(plain, promise.original_due_at)
    days = CAP_DAYS
    if plain >= calendar.add_days(promise.started_at, CAP_DAYS):
        days = LONG_CAP_DAYS
    return calendar.shift_days(calendar.add_days(promise.started_at, days), max(0, paused))


def extended_due(calendar: Calendar, due_at: datetime, days: int) -> datetime:
    """The due `days` working days later, at a close of business."""
    return calendar.shift_days(due_at, days)


def room(calendar: Calendar, promise: Promise) -> int:
    """How many working days the due may still move before it reaches the cap."""
    limit = cap_at(calendar, promise)
    days = max(0, calendar.closes_between(promise.due_at, limit))
    while days and extended_due(calendar, promise.due_at, days) > limit:
        days -= 1
    return days


def no_extension(
    calendar: Calendar, promise: Promise | None, granted: int, now: datetime
) -> str | None:
    """Why no extension can be asked for at `now`; None when one can."""
    if promise is None:
        return N_("这件诉求没有正在计算的办结时限，不需要延期。")
    if now > promise.due_at:
        return N_("办结时限已过，不能再申请延期；延期须在到期之前申请。")
    if granted >= EXTENSIONS:
        return N_("本轮办理已经延期两次，不能再申请。")
    if room(calendar, promise) < 1:
        return N_("已到延期上限，不能再申请。")
    return None


def bad_days(calendar: Calendar, promise: Promise, days: int) -> Refusal | None:
    """Why this number of working days cannot be granted; None when it can."""
    if days < 1:
        return N_("请填写要延长的工作日数，至少 1 个。"), "days"
    if days > room(calendar, promise):
        return N_("延长后会超过延期上限，请减少天数。"), "days"
    return None


def bad_hold(calendar: Calendar, promised: date, report: date, now: datetime) -> Refusal | None:
    """Why a hold cannot promise this; None when it can. Dates are local."""
    today = local_day(calendar, now)
    if not today < promised <= today + HOLD_SPAN:
        return N_("承诺恢复办理的日期须在今天之后、180 天以内。"), "promised_on"
    if not calendar.day_info(promised).windows:
        return N_("承诺恢复办理的日期须是工作日，请另选一天。"), "promised_on"
    if not today < report <= today + timedelta(days=REPORT_DAYS):
        return N_("下次报告进展的日期须在今天之后、30 天以内。"), "report_on"
    if report > promised:
        return N_("下次报告进展的日期不能晚于承诺恢复办理的日期。"), "report_on"
    return None


def last_hold(calendar: Calendar, now: datetime) -> date:
    """The last working day that a hold asked for at `now` may promise."""
    day = local_day(calendar, now) + HOLD_SPAN
    while not calendar.day_info(day).windows:
        day -= timedelta(days=1)
    return day


def next_report(now_day: date, promised: date) -> date:
    """When the next report is due after one on `now_day`: within 30 days, never past the end."""
    return min(promised, now_day + timedelta(days=REPORT_DAYS))


def opening(calendar: Calendar, day: date) -> datetime:
    """The first working instant on or after a local day."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
    return calendar.next_open(midnight)


def local_day(calendar: Calendar, instant: datetime) -> date:
    """The calendar's local date of an instant."""
    return instant.astimezone(calendar.zone).date()


def next_day(calendar: Calendar, instant: datetime) -> date:
    """The local date of the next working day after an instant's."""
    return local_day(calendar, calendar.add_days(instant, 1))
