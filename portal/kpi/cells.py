"""What the pages read: figures in all, by dimension, over time, by hour, and how times lie.

From the cells, and from the tickets for what only the present can tell: promises due today, and
what is open and past its due. All is counted live, by the conditions of portal.kpi.conditions, for
two chosen dimensions at once and while the cells are built.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from portal.db import once
from portal.directory import category_queries
from portal.kpi import live, reading
from portal.kpi.columns import PROMISED, columns_of
from portal.kpi.conditions import Dimensions
from portal.kpi.define_work import OPEN_TOO_LONG
from portal.kpi.figures import FIGURES, TIMES, Measure
from portal.kpi.ledger import timed
from portal.kpi.live import FIELDS, Dimension, Grain, Measures, complete
from portal.kpi.periods import Period, local_day, start_of
from portal.kpi.reading import Group, Values
from portal.kpi.spreads import Spread, added, spread_of

_BY_FIELD: dict[str, Dimension] = {field: dimension for dimension, field in FIELDS.items()}
_CODES = ("channel", "class", "urgency")
# What the tickets have to complete: promises due today, what is open and old or late.
PRESENT = frozenset({*PROMISED, "backlog", "overdue"})


def totals(period: Period, chosen: Dimensions, now: datetime) -> Measures:
    """Every figure of the period as of `now` (UTC), the times included; in the usual order."""
    counted = totals_counted(period, chosen, now)
    for name, (taken, left_out) in _times(period, chosen).items():
        one = spread_of(name, taken)
        out = counted[name].excluded if left_out is None else left_out
        counted[name] = Measure(FIGURES[name], one.n, one.n, out, median=one.median, p90=one.p90)
    return {name: counted[name] for name in FIGURES}


def totals_counted(period: Period, chosen: Dimensions, now: datetime) -> Measures:
    """As `totals`, but of the times only how many tickets they count: the histogram is not read."""
    return _counted(period, chosen, now, None).get(None) or complete({})


def rates(
    name: str, dimension: Dimension, period: Period, chosen: Dimensions, now: datetime
) -> dict[int | str, Measure]:
    """One figure of each value, as `by` has it; its columns only, where they say all of it."""
    where = answerable(chosen)
    if name in PRESENT or where is None or where[0] not in ("all", dimension):
        return {key: one[name] for key, one in by(dimension, period, chosen, now).items()}
    own = where[1] if where[0] == dimension else None
    rows = reading.sums(dimension, own, period, "value", columns_of(name))
    found: dict[int | str, dict[str, Measure]] = {
        key if dimension in _CODES else int(key): {name: reading.measure(name, row)}
        for key, row in rows.items()
    }
    return {key: one[name] for key, one in _by_first_level(dimension, chosen, found).items()}


def by(
    dimension: Dimension, period: Period, chosen: Dimensions, now: datetime
) -> dict[int | str, Measures]:
    """The counted figures of each value that has tickets: ids, codes, or NOWHERE for none.

    A ticket of a firm with two titles counts under both classes; every other dimension adds up.
    Categories are those of the first level with their kinds, unless one of them is chosen.
    """
    return _by_first_level(dimension, chosen, cut(dimension, period, chosen, now))


def _by_first_level(
    dimension: Dimension, chosen: Dimensions, found: dict[int | str, Measures]
) -> dict[int | str, Measures]:
    if dimension != "category" or chosen.category_id is not None:
        return found
    above = category_queries.above()
    first: dict[int | str, Measures] = {}
    for key, one in found.items():
        upper = above.get(int(key), key)
        sofar = first.get(upper)
        first[upper] = one if sofar is None else {n: sofar[n].plus(m) for n, m in one.items()}
    return first


def cut(
    dimension: Dimension, period: Period, chosen: Dimensions, now: datetime
) -> dict[int | str, Measures]:
    """As `by`, with each kind of a category by itself."""
    return _counted(period, chosen, now, dimension)


def series(
    grain: Grain, period: Period, chosen: Dimensions, now: datetime
) -> list[tuple[date, Measures]]:
    """The counted figures of each day, week (from Monday) or month; the first day of each.

    The first and last are cut to the period. What has no tickets is there with nothing due.
    """
    found = _counted(period, chosen, now, grain)
    return [(day, found.get(day) or complete({})) for day in period.starts(grain)]


def hours(period: Period, chosen: Dimensions) -> list[list[int]]:
    """Submissions by local weekday, Monday first, and hour: 7 lists of 24."""
    where = answerable(chosen)
    whole, edges = (None, (period,)) if where is None else _timed(where[0], period)
    parts = [live.hours(edge, chosen) for edge in edges]
    if whole is not None and where is not None:
        parts.append(reading.hours(*where, whole))
    found = added(*parts)
    return [[found.get(weekday * 24 + hour, 0) for hour in range(24)] for weekday in range(7)]


def spreads(period: Period, chosen: Dimensions) -> dict[str, Spread]:
    """How `time_to_contact` and `time_to_resolve` lie, in working hours."""
    return {name: spread_of(name, taken) for name, (taken, _) in _times(period, chosen).items()}


def length(name: str, side: str, period: Period, chosen: Dimensions, now: datetime) -> int | None:
    """How long the list behind a side of a figure is; None where it must be counted."""
    if answerable(chosen) is None:
        return None
    one = _counted(period, chosen, now, None).get(None, {}).get(name)
    if one is None:
        return 0
    sides = {"n": one.rows, "d": one.d, "rest": one.rest}
    return sides.get(side, sum(one.excluded.values()))


def answerable(chosen: Dimensions) -> tuple[str, list[str]] | None:
    """The dimension and values whose cells answer; None when only the tickets can.

    One statement, to ask whether the cells are complete; one more for the kinds of a category.
    """
    named = chosen.chosen
    if len(named) > 1 or not reading.ready():
        return None
    for field, value in named.items():
        own = category_queries.with_kinds(int(value)) if field == "category_id" else {value}
        return _BY_FIELD[field], sorted(str(one) for one in own)
    return "all", [""]


def _times(
    period: Period, chosen: Dimensions
) -> dict[str, tuple[Counter[int], dict[str, int] | None]]:
    """How long it took, and who is left out; None where the sums of the cells say that."""
    where = answerable(chosen)
    if where is None:
        return {name: live.times(name, period, chosen) for name in TIMES}
    whole, edges = _timed(where[0], period)
    taken = reading.times(*where, whole) if whole is not None else {}
    for name in TIMES:
        parts = [live.times(name, edge, chosen)[0] for edge in edges]
        taken[name] = added(taken.get(name, Counter()), *parts)
    return {name: (taken[name], None) for name in TIMES}


def _timed(dimension: str, period: Period) -> tuple[Period | None, tuple[Period, ...]]:
    """The part of a period that has cells of hours and times, and what is counted live."""
    if timed(dimension, "day"):
        return period, ()
    return period.split() if timed(dimension, "month") else (None, (period,))


def _counted(
    period: Period, chosen: Dimensions, now: datetime, group: Dimension | Grain | None
) -> dict[Any, Measures]:
    where = answerable(chosen)
    across: Any = group if group in FIELDS else None
    if where is None or (across is not None and where[0] not in ("all", across)):
        return live.counts(period, chosen, now, group)
    dimension, values = where
    if across is None:
        rows: Group = group  # pyright: ignore[reportAssignmentType]
        return _Reading(dimension, values, period, chosen, now, group, rows).measures()
    wanted = values if dimension == across else None
    return _Reading(across, wanted, period, chosen, now, group, "value").measures()


class _Reading:
    """One read of the cells, completed by what only the tickets can tell of the present."""

    def __init__(
        self,
        dimension: str,
        values: Values,
        period: Period,
        chosen: Dimensions,
        now: datetime,
        group: Dimension | Grain | None,
        rows: Group,
    ) -> None:
        self.where = dimension, values
        self.period, self.chosen, self.now = period, chosen, now
        self.group: Dimension | Grain | None = group
        self.rows: Group = rows
        self.today = local_day(now)

    def measures(self) -> dict[Any, Measures]:
        sums = self._read(reading.sums, self.period)
        young = self._young(sums)
        promised = self._promised_today()
        late = live.late_now(self.period, self.chosen, self.now, self.group)
        found = {}
        for key in sums.keys() | promised.keys() | late.keys():
            row = sums.get(key, Counter())
            one = reading.measures(row)
            open_now = row["backlog_d"] - young.get(key, 0)
            one["backlog"] = reading.measure("backlog", row, open_now)
            one["overdue"] = reading.measure("overdue", row, row["overdue_n"] + late.get(key, 0))
            for name, measure in promised.get(key, {}).items():
                one[name] = one[name].plus(measure)
            if any(m.d or any(m.excluded.values()) for m in one.values()):
                found[key] = one
        return found

    def _read(self, read: Callable[..., dict[Any, Any]], period: Period) -> dict[Any, Counter[str]]:
        found = read(*self.where, period, self.rows)
        return {
            self._key(key): Counter({name: int(row[name] or 0) for name in row if name != "key"})
            for key, row in found.items()
        }

    def _key(self, key: Any) -> Any:
        if self.rows == "value":
            return key if self.group in _CODES else int(key)
        return key

    def _young(self, sums: dict[Any, Counter[str]]) -> dict[Any, int]:
        """Takes promises that are due from today on out of the sums; what is open and young."""
        first = max(self.period.first, self.today - timedelta(days=OPEN_TOO_LONG - 1))
        if first > self.period.last:
            return {}
        days = Period(first, self.period.last)

        def read(dimension: str, values: Values, period: Period, rows: Group) -> Any:
            return reading.recent(dimension, values, period, self.today, rows)

        young = {}
        for key, row in self._read(read, days).items():
            young[key] = row.pop("backlog_d")
            sums[key].subtract(row)
        return young

    def _promised_today(self) -> dict[Any, Measures]:
        if not self.period.first <= self.today <= self.period.last:
            return {}
        today, group = Period(self.today, self.today), self.group
        if group in FIELDS:
            return live.promised(today, self.chosen, self.now, group)
        # The same for the whole and for the one week or month of today: counted once a page.
        asked = today, self.chosen, self.now
        found = once(("promised", *asked), lambda: live.promised(*asked, None))
        start = start_of(group, self.today) if group is not None else None
        return dict.fromkeys([start] if found else [], found.get(None, {}))
