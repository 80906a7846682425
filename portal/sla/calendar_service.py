"""Makes new versions of the working calendar; a version is never changed (domain.md §3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.sla import recompute_runs
from portal.sla.calendar_data import LineError, Table, read_table
from portal.sla.calendars import calendar_of, current_calendar_id
from portal.sla.models import CalendarDay, CalendarVersion
from portal.sla.worktime import Calendar, DayOverride, Season

EMPTY_SPAN = N_("这份日历有连续 40 天以上没有办公时间，无法计算截止时间，请核对放假日期。")
SHOWN = 50


class BadTable(Invalid):
    """422: a calendar table with faults; `errors` names each line."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        super().__init__(N_("日历表有错误，请按行改正后重新导入。"), "file")
        self.errors = tuple(errors)


@dataclass(frozen=True)
class Plan:
    """A calendar that could become the next version, and what it changes."""

    calendar: Calendar
    days: tuple[DayOverride, ...]
    confirmed: frozenset[int]
    years: tuple[int, ...]
    added: tuple[DayOverride, ...]
    removed: tuple[DayOverride, ...]


def versions() -> list[CalendarVersion]:
    """The newest versions, newest first."""
    query = select(CalendarVersion).order_by(CalendarVersion.id.desc()).limit(SHOWN)
    return list(db.session.scalars(query))


def get(calendar_id: int | None = None) -> CalendarVersion:
    """A version, by default the current one. Raises NotFound."""
    wanted = current_calendar_id() if calendar_id is None else calendar_id
    version = db.session.get(CalendarVersion, wanted)
    if version is None:
        raise NotFound("没有找到这一版工作日历。")
    return version


def days_of_year(calendar_id: int, year: int) -> list[CalendarDay]:
    """The days of a year that differ from their week, in order."""
    span = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    query = select(CalendarDay).where(CalendarDay.calendar_id == calendar_id, span)
    return list(db.session.scalars(query.order_by(CalendarDay.day)))


def decode(content: bytes) -> str:
    """The text of a table, as UTF-8 or as Chinese Excel writes it. Raises Invalid."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("文件无法读取，请另存为 UTF-8 编码的 CSV 文件。", "file")


def plan_years(text: str) -> Plan:
    """What loading a CSV would give: the current days with the years of the file replaced.

    Raises BadTable with every faulty line, Invalid (field `file`) for a calendar that 40 days on
    end would have no working time, or for an announced year replaced by an unannounced one.
    """
    table = read_table(text)
    if table.errors:
        raise BadTable(table.errors)
    current = get()
    if table.provisional & set(current.confirmed_years):
        raise Invalid("已公布的年份不能改成未公布：confirmed 应为 1。", "file")
    years = table.confirmed | table.provisional
    present = _overrides(current.id)
    kept = [one for one in present if one.day.year not in years]
    return _plan(current, present, [*kept, *table.overrides], table, "file")


def plan_day(override: DayOverride | None, day: date) -> Plan:
    """What changing one day would give; None makes it an ordinary day of its week again.

    Raises Invalid (field `kind`) when nothing would change or the calendar makes no sense.
    """
    current = get()
    present = _overrides(current.id)
    kept = [one for one in present if one.day != day]
    days = kept if override is None else [*kept, override]
    confirmed = frozenset(current.confirmed_years)
    plan = _plan(current, present, days, Table((), confirmed, frozenset(), ()), "kind")
    if not plan.added and not plan.removed:
        raise Invalid("这一天本来就是这样，没有改动。", "kind")
    return plan


def apply(plan: Plan, made_by: str, note: str) -> CalendarVersion:
    """Writes a plan as the new current version and starts counting provisional clocks anew.

    Raises Invalid when another version was made since the plan.
    """
    query = select(CalendarVersion).where(CalendarVersion.current).with_for_update()
    current = db.session.scalars(query).one_or_none()
    if current is None or current.id != plan.calendar.version:
        raise Invalid("工作日历刚刚被他人更新，请重新核对后再提交。", "file")
    current.current = False
    db.session.flush()
    version = CalendarVersion(
        time_zone=current.time_zone,
        seasons=current.seasons,
        confirmed_years=sorted(plan.confirmed),
        current=True,
        note=note,
        made_by=made_by,
    )
    db.session.add(version)
    db.session.flush()
    db.session.add_all(_row(version.id, one) for one in plan.days)
    db.session.flush()
    recompute_runs.start_calendar(version.id, made_by)
    return version


def overrides_of_year(year: int) -> dict[date, DayOverride]:
    """The days of a year of the current version that differ from their week."""
    return {one.day: one for one in _overrides(current_calendar_id()) if one.day.year == year}


def _plan(
    current: CalendarVersion,
    present: Collection[DayOverride],
    days: Collection[DayOverride],
    table: Table,
    field: str,
) -> Plan:
    """The plan, its calendar built (and so checked) under the version that it would follow."""
    confirmed = frozenset(current.confirmed_years) | table.confirmed
    seasons = [Season.from_json(season) for season in current.seasons]
    try:
        calendar = Calendar.build(
            seasons, days, confirmed, tz=current.time_zone, version=current.id
        )
    except ValueError as error:
        raise Invalid(EMPTY_SPAN, field) from error
    ordered = tuple(sorted(days, key=lambda one: one.day))
    before, after = set(present), set(days)
    return Plan(
        calendar=calendar,
        days=ordered,
        confirmed=confirmed,
        years=tuple(sorted(table.confirmed | table.provisional)),
        added=tuple(one for one in ordered if one not in before),
        removed=tuple(sorted(before - after, key=lambda one: one.day)),
    )


def _overrides(calendar_id: int) -> list[DayOverride]:
    days = db.session.scalars(select(CalendarDay).where(CalendarDay.calendar_id == calendar_id))
    return [DayOverride.from_json(one.day, one.kind, one.name, one.windows) for one in days]


def _row(calendar_id: int, one: DayOverride) -> CalendarDay:
    return CalendarDay(
        calendar_id=calendar_id,
        day=one.day,
        kind=one.kind,
        name=one.name,
        windows=None if one.windows is None else [list(window) for window in one.windows],
    )


def year_facts(year: int) -> dict[str, object]:
    """Holidays, make-up days and whether the year is announced, of the current version."""
    calendar_id = current_calendar_id()
    days = days_of_year(calendar_id, year)
    return {
        "holidays": [f"{d.day}" for d in days if d.kind in ("holiday", "statutory")],
        "makeup_days": [f"{d.day}" for d in days if d.kind == "makeup"],
        "confirmed": year in calendar_of(calendar_id).confirmed_years,
    }
