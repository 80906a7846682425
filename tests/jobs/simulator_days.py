"""The calendar and one promise of the simulator's model: plain walking, from the CSV alone."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

TABLE = Path(__file__).parents[2] / "portal" / "sla" / "data" / "calendar_cn.csv"
LOCAL = ZoneInfo("Asia/Shanghai")
DAY_SECONDS = 450 * 60
ONE = timedelta(days=1)
AFTER = timedelta(seconds=1)
LADDER = {"order": 2, "elevate": 5}  # working days after the due
LADDERED = ("reply", "resolve")
AFTER_DUE = ("due", *LADDER)
REMINDERS = {"remind_1": 2, "remind_2": 4}  # working days after the start of the confirm clock


class Days:
    """One calendar: the table, and days that an edit has closed."""

    def __init__(self, closed: list[date]) -> None:
        with TABLE.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.special = {date.fromisoformat(r["day"]): r["kind"] == "makeup" for r in rows}
        self.special |= dict.fromkeys(closed, False)
        self.known = {int(r["day"][:4]) for r in rows if r["confirmed"] == "1"}

    def works(self, day: date) -> bool:
        return self.special.get(day, day.weekday() < 5)

    def windows(self, day: date) -> list[tuple[datetime, datetime]]:
        hours = ((time(8, 30), time(12)), (time(13, 30), time(17, 30))) if self.works(day) else ()
        return [(datetime.combine(day, a), datetime.combine(day, b)) for a, b in hours]

    def pieces(self, a: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The open stretches from `a` on."""
        day = a.date()
        while True:
            for opens, ends in self.windows(day):
                if ends > a:
                    yield max(opens, a), ends
            day += ONE

    def worked(self, a: datetime, b: datetime) -> float:
        if a > b:
            return -self.worked(b, a)
        total = 0.0
        for opens, ends in self.pieces(a):
            if opens >= b:
                return total
            total += (min(ends, b) - opens).total_seconds()
        return total

    def add(self, a: datetime, seconds: float) -> datetime:
        if seconds <= 0:
            return a
        for opens, ends in self.pieces(a):
            if seconds <= (ends - opens).total_seconds():
                return opens + timedelta(seconds=seconds)
            seconds -= (ends - opens).total_seconds()
        raise AssertionError

    def close_of(self, day: date, n: int) -> datetime:
        """The close of the nth working day after `day`, before it when negative."""
        step = 1 if n > 0 else -1
        while n:
            day += step * ONE
            n -= step * self.works(day)
        return datetime.combine(day, time(17, 30))

    def closes(self, a: datetime, b: datetime) -> int:
        """Closes of business in (a, b]."""
        day, found = a.date(), 0
        while day <= b.date():
            found += self.works(day) and a < datetime.combine(day, time(17, 30)) <= b
            day += ONE
        return found


@dataclass
class Promise:
    """One clock of the model, in local time."""

    kind: str
    days: Days
    calendar: int
    amount: int
    unit: str
    start: datetime
    due: datetime
    original: datetime
    warn: datetime
    state: str = "running"
    stopped: datetime | None = None
    armed: dict[str, datetime] = field(default_factory=dict)
    fired: list[tuple[str, datetime]] = field(default_factory=list)
    done: set[str] = field(default_factory=set)

    @property
    def open(self) -> bool:
        return self.state in ("running", "paused")

    @property
    def pausable(self) -> bool:
        return self.kind not in ("confirm", "supply")

    def set_warn(self) -> None:
        """A fifth of the target is left, or one working day where the target is longer."""
        fifth = self.amount * (60 if self.unit == "wm" else DAY_SECONDS) / 5
        self.warn = self.days.add(self.start, self.days.worked(self.start, self.due) - fifth)
        if self.unit == "wd" and self.amount > 1:
            self.warn = min(self.warn, self.days.close_of(self.due.date(), -1))

    def levels(self) -> dict[str, datetime]:
        """When each level fires; what hangs on the due, at the first second after it."""
        if self.kind == "confirm":
            found = {n: self.days.close_of(self.start.date(), d) for n, d in REMINDERS.items()}
        else:
            found = {"warn": self.warn}
        found["due"] = self.due + AFTER
        if self.kind in LADDERED:
            found |= {n: self.days.close_of(self.due.date(), d) + AFTER for n, d in LADDER.items()}
        return found

    def arm(self, now: datetime) -> None:
        """Sets what is still to come; what hangs on the due and was missed unseen still counts."""
        self.armed = {
            level: at
            for level, at in self.levels().items()
            if at >= now or (level in AFTER_DUE and level not in self.done)
        }

    def shift(self, since: datetime, now: datetime) -> None:
        """The pause from `since` moves the due in the measure of the target."""
        for name in ("due", "original"):
            due = getattr(self, name)
            if self.unit == "wd":
                n = self.days.closes(since, now)
                due = self.days.close_of(due.date(), n) if n else due
            else:
                due = self.days.add(due, self.days.worked(since, now))
            setattr(self, name, due)
        self.set_warn()

    def end(self, state: str, now: datetime) -> None:
        self.state, self.stopped, self.armed = state, now, {}


def local(instant: datetime) -> datetime:
    """The instant as the clock on the wall in Shanghai shows it."""
    return instant.astimezone(LOCAL).replace(tzinfo=None)
