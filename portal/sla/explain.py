"""The arithmetic of a due as lines of data: what was counted, skipped, moved, and why. Pure.

The lines are made by walking the days and windows, not by the sums of sla.worktime; that both agree
is a property test. sla.explain_words turns lines into sentences.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from portal.errors import N_
from portal.sla import targets
from portal.sla.calendar_days import DayInfo, dates
from portal.sla.targets import Target
from portal.sla.worktime import Calendar

COUNTED = frozenset({"workdays", "window", "makeup", "half", "plain"})
"""The kinds of line that add up to the target."""

_ORDINARY = frozenset({"workday", "weekend"})
_NOTHING = timedelta(0)


@dataclass(frozen=True)
class Move:
    """What moved a due: a 'pause' from `begin` to `end`, or an 'extension' granted at `end`.

    `by` is the extension's amount; instants are UTC; `name` is the reason.
    """

    kind: str
    begin: datetime
    end: datetime
    by: Target | None = None
    name: str = ""


@dataclass(frozen=True)
class Line:
    """One line: `begin` to `end` (dates, both included, or instants), and what it counts.

    `days` are working days, `worked` is time; `rest` are weekend days inside a run; `at` is the due
    after this line.
    """

    kind: str
    begin: date | datetime | None = None
    end: date | datetime | None = None
    days: int = 0
    worked: timedelta = _NOTHING
    rest: int = 0
    name: str = ""
    at: datetime | None = None

    def to_json(self, calendar: Calendar) -> dict[str, Any]:
        """kind, from, to, days, minutes, name, due; local ISO 8601; what says nothing is left out.

        A whole number of minutes is an int.
        """
        minutes = self.worked.total_seconds() / 60
        found = {
            "kind": self.kind,
            "from": _iso(self.begin, calendar),
            "to": _iso(self.end, calendar),
            "days": self.days or None,
            "minutes": (int(minutes) if minutes == int(minutes) else minutes) or None,
            "weekend_days": self.rest or None,
            "name": self.name or None,
            "due": _iso(self.at, calendar),
        }
        return {key: value for key, value in found.items() if value is not None}


Counted = list[tuple[date, DayInfo, int, timedelta]]


def explain(
    calendar: Calendar,
    start: datetime,
    target: Target,
    moves: Iterable[Move] = (),
    *,
    paused_since: datetime | None = None,
    calendar_name: str = "",
    policy_name: str = "",
) -> list[Line]:
    """The lines from `start` to the due; those of COUNTED add up to `target` exactly.

    `moves` in the order in which they were made. `paused_since`: the clock stands still now, the
    last line says what is left. Raises OutsideCalendarError past the end of the calendar.
    """
    due = targets.due(calendar, start, target).at
    lines = [Line("start", start, name=str(target)), *_count(calendar, start, due, target)]
    moved = list(moves)
    if moved:
        lines.append(Line("first_due", at=due))
    for move in moved:
        line = _moved(calendar, target, due, move)
        due = line.at or due
        lines.append(line)
    lines.append(Line("due", at=due))
    if target.unit in ("wd", "wm") and calendar.provisional(due):
        lines.append(Line("provisional", name=str(due.astimezone(calendar.zone).year)))
    if paused_since is not None:
        lines.append(_left(calendar, target, due, paused_since))
    lines.append(Line("calendar", name=calendar_name or str(calendar.version)))
    if policy_name:
        lines.append(Line("policy", name=policy_name))
    return lines


def total(lines: Iterable[Line]) -> tuple[int, timedelta]:
    """The working days and the time that the counted lines add up to."""
    counted = [line for line in lines if line.kind in COUNTED]
    return sum(line.days for line in counted), sum((one.worked for one in counted), _NOTHING)


def final_due(lines: Sequence[Line]) -> datetime:
    """The due that the lines arrive at."""
    return next(line.at for line in lines if line.kind == "due" and line.at is not None)


def _count(calendar: Calendar, start: datetime, due: datetime, target: Target) -> list[Line]:
    if target.unit == "wd":
        return _count_days(calendar, start, target.amount)
    if target.unit == "wm":
        return _count_minutes(calendar, start, due)
    return [Line("plain", start, due, worked=due - start)]


def _count_days(calendar: Calendar, start: datetime, amount: int) -> list[Line]:
    """Day 0, then each day until the last working day that is needed."""
    day = start.astimezone(calendar.zone).date()
    found: Counted = []
    first = Line("day_zero", day, day)
    while amount:
        day += timedelta(days=1)
        info = calendar.day_info(day)
        works = int(bool(info.windows))
        amount -= works
        found.append((day, info, works, _NOTHING))
    return [first, *_runs(found)]


def _count_minutes(calendar: Calendar, start: datetime, due: datetime) -> list[Line]:
    """Each window of the first and the last day; the days between as runs."""
    spans: dict[date, list[tuple[datetime, datetime]]] = {}
    for opened, ended in _spans(calendar, start, due):
        spans.setdefault(opened.astimezone(calendar.zone).date(), []).append((opened, ended))
    first, last = min(spans), max(spans)
    lines: list[Line] = []
    pending: Counted = []
    begun = min(first, start.astimezone(calendar.zone).date())
    for day in dates(begun, last + timedelta(days=1)):
        info, pieces = calendar.day_info(day), spans.get(day, [])
        if first < day < last or not pieces:
            worked = sum((ended - opened for opened, ended in pieces), _NOTHING)
            pending.append((day, info, 0, worked))
            continue
        lines += _runs(pending)
        pending = []
        if info.kind not in _ORDINARY:
            lines.append(Line(info.kind, day, day, name=info.name))
        lines += [Line("window", opened, ended, worked=ended - opened) for opened, ended in pieces]
    return lines + _runs(pending)


def _spans(
    calendar: Calendar, start: datetime, due: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The open stretches between the two instants; windows that overlap are one."""
    first, last = start.astimezone(calendar.zone).date(), due.astimezone(calendar.zone).date()
    reached = start.astimezone(UTC)
    # A window of the day before may run past midnight.
    for day in dates(max(first - timedelta(days=1), calendar.first), last + timedelta(days=1)):
        midnight = datetime(day.year, day.month, day.day, tzinfo=calendar.zone)
        for opens, ends in calendar.day_info(day).windows:
            opened = max((midnight + timedelta(minutes=opens)).astimezone(UTC), reached)
            ended = min((midnight + timedelta(minutes=ends)).astimezone(UTC), due)
            if opened < ended:
                yield opened, ended
                reached = ended


def _runs(found: Counted) -> list[Line]:
    """Days side by side as one line: ordinary days and weekends, or one override's name."""
    lines = []
    for (kind, _), group in groupby(found, lambda one: _sort(one[1])):
        days = list(group)
        name = N_("、").join(dict.fromkeys(info.name for _, info, _, _ in days if info.name))
        works = sum(count for _, _, count, _ in days)
        worked = sum((time for _, _, _, time in days), _NOTHING)
        rest = sum(not info.windows for _, info, _, _ in days) if kind == "run" else 0
        if kind == "run":
            kind = "workdays" if works or worked else "weekend" if rest == len(days) else "waiting"
        elif works or worked:
            kind = kind if kind in COUNTED else "workdays"
        lines.append(Line(kind, days[0][0], days[-1][0], works, worked, rest, name))
    return lines


def _sort(info: DayInfo) -> tuple[str, str]:
    """What days side by side have in common; holidays that follow each other are one line."""
    if info.kind in _ORDINARY:
        return "run", ""
    return (info.kind, info.name) if info.windows else (info.kind, "")


def _moved(calendar: Calendar, target: Target, due: datetime, move: Move) -> Line:
    """The line of a pause or an extension, with the due it leads to."""
    if move.by is not None:
        at, days, worked = extended(calendar, due, move.by), 0, _NOTHING
        if move.by.unit == "wd":
            days = move.by.amount
        elif move.by.unit == "wm":
            worked = timedelta(minutes=move.by.amount)
        else:
            worked = at - due
        return Line(move.kind, move.begin, move.end, days, worked, name=move.name, at=at)
    at = targets.resume(calendar, target, due, move.begin, move.end)
    days, worked = _between(calendar, target, move.begin, move.end)
    return Line(move.kind, move.begin, move.end, days, worked, name=move.name, at=at)


def extended(calendar: Calendar, due: datetime, by: Target) -> datetime:
    """The due after an extension by an amount of the extension's own unit."""
    if by.unit == "wd":
        return calendar.shift_days(due, by.amount)
    if by.unit == "wm":
        return calendar.add_minutes(due, by.amount)
    return targets.due(calendar, due, by).at


def _left(calendar: Calendar, target: Target, due: datetime, since: datetime) -> Line:
    days, worked = _between(calendar, target, since, due)
    return Line("left", since, None, days, worked)


def _between(calendar: Calendar, target: Target, a: datetime, b: datetime) -> tuple[int, timedelta]:
    """From `a` to `b` in the target's own measure."""
    if target.unit == "wd":
        return calendar.closes_between(a, b), _NOTHING
    if target.unit == "wm":
        return 0, timedelta(minutes=calendar.minutes_between(a, b))
    return 0, b - a


def _iso(value: date | datetime | None, calendar: Calendar) -> str | None:
    if isinstance(value, datetime):
        return value.astimezone(calendar.zone).isoformat()
    return None if value is None else value.isoformat()
