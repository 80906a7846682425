"""What one ticket adds to the cells, and the sum of what many add or take away. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from portal.kpi.entries import Entry
from portal.kpi.facts import Facts
from portal.kpi.figures import TIMES
from portal.kpi.periods import LOCAL, start_of
from portal.kpi.spreads import tenths
from portal.sla.worktime import Calendar

ALL, NO_CLASS = "all", "none"
GRAINS = ("day", "month")
# dimension, grain, first day, value.
Key = tuple[str, str, date, str]


@dataclass(frozen=True)
class Added:
    """What one ticket adds: to the cells of each local day, to an hour of the week, to times.

    `cut`: the dimensions and values it stands under. `slot`: day, weekday × 24 + hour.
    """

    cut: tuple[tuple[str, str], ...] = ()
    days: Mapping[date, Mapping[str, int]] = field(default_factory=dict)
    slot: tuple[date, int] | None = None
    times: tuple[tuple[str, date, int], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "cut": [list(one) for one in self.cut],
            "days": {day.isoformat(): dict(cells) for day, cells in sorted(self.days.items())},
            "slot": [self.slot[0].isoformat(), self.slot[1]] if self.slot else None,
            "times": [[name, day.isoformat(), tenth] for name, day, tenth in self.times],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Added":
        """What was stored."""
        slot = stored["slot"]
        return cls(
            tuple((dimension, value) for dimension, value in stored["cut"]),
            {date.fromisoformat(day): cells for day, cells in stored["days"].items()},
            (date.fromisoformat(slot[0]), slot[1]) if slot else None,
            tuple((name, date.fromisoformat(day), at) for name, day, at in stored["times"]),
        )


NOTHING = Added()


def added_by(facts: Facts, rows: Iterable[Entry], calendar: Calendar) -> Added:
    """What a ticket adds; times are counted by `calendar`."""
    if not facts.counted or facts.submitted_at is None:
        return NOTHING
    days: defaultdict[date, Counter[str]] = defaultdict(Counter)
    times: list[tuple[str, date, int]] = []
    for row in rows:
        day = row.at.astimezone(LOCAL).date()
        days[day].update(entry_columns(row))
        if row.span is not None:
            took = tenths(calendar.minutes_between(*row.span))
            times.append((row.name, day, took))
    return Added(cut_of(facts), days, _slot(facts.submitted_at), tuple(times))


def entry_columns(row: Entry) -> dict[str, int]:
    """The columns of the cell that a row adds to, and how much."""
    name = row.name
    if row.excluded is not None:
        return {f"{name}_x_{row.excluded}": 1}
    if name in TIMES or not row.n:
        return {f"{name}_d": 1}
    counted = {f"{name}_n": 1, f"{name}_d": 1}
    return counted | {f"{name}_w": row.tenths} if name == "satisfaction" else counted


def cut_of(facts: Facts) -> tuple[tuple[str, str], ...]:
    """Under which values a ticket stands; under each title of its firm, or under none."""
    cut = facts.cut
    classes = cut["firm_classes"] or [NO_CLASS]
    return (
        (ALL, ""),
        ("department", str(facts.department_id or 0)),
        ("cadre", str(facts.assignee_id or 0)),
        ("region", str(cut["region_id"])),
        ("chain", str(cut["chain_id"] or 0)),
        ("category", str(facts.category_id)),
        ("channel", cut["channel"]),
        *(("class", name) for name in classes),
        ("urgency", cut["urgency"]),
    )


def _slot(at: datetime) -> tuple[date, int]:
    local = at.astimezone(LOCAL)
    return local.date(), local.weekday() * 24 + local.hour


def timed(dimension: str, grain: str) -> bool:
    """Whether hours and times have cells: of days and cadres they would outnumber tickets."""
    return dimension == ALL or (grain == "month" and dimension != "cadre")


class Ledger:
    """Sums of what tickets add; only what differs from nothing need be written."""

    def __init__(self) -> None:
        self.cells: defaultdict[Key, Counter[str]] = defaultdict(Counter)
        self.hours: Counter[tuple[Key, int]] = Counter()
        self.times: Counter[tuple[Key, str, int]] = Counter()

    def add(self, one: Added, sign: int = 1) -> None:
        """Adds what a ticket adds, or takes it away with the sign -1."""
        for dimension, value in one.cut:
            for grain in GRAINS:
                self._add(one, dimension, grain, value, sign)

    def _add(self, one: Added, dimension: str, grain: str, value: str, sign: int) -> None:
        for day, columns in one.days.items():
            cell = self.cells[dimension, grain, start_of(grain, day), value]
            for column, amount in columns.items():
                cell[column] += sign * amount
        if not timed(dimension, grain):
            return
        if one.slot is not None:
            key = dimension, grain, start_of(grain, one.slot[0]), value
            self.hours[key, one.slot[1]] += sign
        for name, day, tenth in one.times:
            key = dimension, grain, start_of(grain, day), value
            self.times[key, name, tenth] += sign
