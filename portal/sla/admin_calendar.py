"""The administrator's calendar: a year at a glance, versions, loading a year, changing a day."""

from calendar import Calendar as MonthGrid
from collections.abc import Iterable
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from portal import queue
from portal.db import transaction, utcnow
from portal.directory.admin_blueprint import Answer, done, page, today
from portal.errors import Invalid
from portal.fields import blame
from portal.sla import calendar_service, impact
from portal.sla.admin_pages import blueprint, my_name, run_views
from portal.sla.calendar_data import YEARS
from portal.sla.calendars import calendar_of, ending_soon
from portal.sla.explain import Line
from portal.sla.explain_words import name_words, span
from portal.sla.forms import DAY_KINDS, MAX_TABLE, ConfirmLoadForm, DayForm, LoadForm
from portal.sla.worktime import Calendar, DayOverride


@blueprint.get("/calendar")
def calendar() -> str:
    """A year of a version (by default this year of the current one), and all versions."""
    version = calendar_service.get(request.args.get("version", type=int))
    wanted = request.args.get("year", today().year, type=int)
    year = min(max(wanted, YEARS.start), YEARS.stop - 1)
    pure = calendar_of(version.id)
    return render_template(
        "sla/calendar.html",
        version=version,
        versions=calendar_service.versions(),
        year=year,
        earlier=year - 1 if year > YEARS.start else None,
        later=year + 1 if year + 1 < YEARS.stop else None,
        confirmed=year in pure.confirmed_years,
        highlights=highlights(pure, year),
        months=[month(pure, year, number) for number in range(1, 13)],
        ends=ending_soon(utcnow()),
        runs=run_views("calendar"),
    )


@blueprint.route("/calendar/load", methods=["GET", "POST"])
def load_calendar() -> Answer:
    """Takes a table and shows what it would change; nothing is written yet."""
    form = LoadForm()
    errors: tuple[Any, ...] = ()
    if form.validate_on_submit():
        try:
            content = form.file.data.read(MAX_TABLE + 1)
            if len(content) > MAX_TABLE:
                raise Invalid("文件过大，一份日历表不超过 200 KB。", "file")
            text = calendar_service.decode(content)
            return _preview(text, form.file.data.filename or "")
        except calendar_service.BadTable as error:
            errors = error.errors
            blame(form, error)
        except Invalid as error:
            blame(form, error)
    return page("sla/calendar_load.html", form, errors=errors)


@blueprint.post("/calendar/load/confirm")
def confirm_calendar() -> Answer:
    """Makes the previewed table the current version."""
    form = ConfirmLoadForm()
    if not form.validate_on_submit():
        refused = LoadForm()
        refused.form_errors.append(_("没有收到日历表，请重新选择文件。"))
        return page("sla/calendar_load.html", refused, errors=())
    try:
        with transaction():
            plan = calendar_service.plan_years(form.table.data or "")
            calendar_service.apply(plan, my_name(), form.name.data or "")
            year = plan.years[0]
    except Invalid as error:
        refused = LoadForm()
        blame(refused, error)
        return page("sla/calendar_load.html", refused, errors=getattr(error, "errors", ()))
    queue.nudge(queue.RECOMPUTE)
    return done(_("新的工作日历已启用。"), "sla_admin.calendar", year=year)


@blueprint.route("/calendar/day", methods=["GET", "POST"])
def change_day() -> Answer:
    """One day that is different; a version of its own."""
    form = DayForm(request.form if request.method == "POST" else None)
    if form.validate_on_submit() and form.day.data is not None:
        try:
            with transaction():
                plan = calendar_service.plan_day(_override(form), form.day.data)
                calendar_service.apply(plan, my_name(), _day_note(form))
            queue.nudge(queue.RECOMPUTE)
            year = form.day.data.year
            return done(_("这一天已修改，新的工作日历已启用。"), "sla_admin.calendar", year=year)
        except Invalid as error:
            blame(form, error)
    return page("sla/calendar_day.html", form)


def _preview(text: str, name: str) -> str:
    plan = calendar_service.plan_years(text)
    changed = {one.day for one in plan.added}
    return render_template(
        "sla/calendar_preview.html",
        form=ConfirmLoadForm(formdata=None, table=text, name=name),
        plan=plan,
        added=_in_runs(plan.added),
        removed=_in_runs([one for one in plan.removed if one.day not in changed]),
        gone=sum(one.day not in changed for one in plan.removed),
        impact=impact.of_calendar(plan.calendar, utcnow()),
        back=url_for("sla_admin.load_calendar"),
    )


def _in_runs(days: Iterable[DayOverride]) -> list[dict[str, str]]:
    """Days of one kind and name that follow each other as one line, in the order of the year."""
    runs: list[list[DayOverride]] = []
    for one in sorted(days, key=lambda each: each.day):
        last = runs[-1][-1] if runs else None
        together = last is not None and one.day - last.day == timedelta(days=1)
        if last is not None and together and (one.kind, one.name) == (last.kind, last.name):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [
        {
            "kind": run[0].kind,
            "name": name_words(run[0].name),
            "span": span(Line(run[0].kind, run[0].day, run[-1].day)),
        }
        for run in runs
    ]


def _override(form: DayForm) -> DayOverride | None:
    if form.kind.data == "week" or form.day.data is None:
        return None
    windows = form.windows() if form.kind.data == "half" and form.hours.data else None
    return DayOverride(form.day.data, form.kind.data, form.name.data or "", windows)


def _day_note(form: DayForm) -> str:
    words = str(DAY_KINDS[form.kind.data])
    return f"{form.day.data} {words} {form.name.data or ''}".strip()


def highlights(calendar: Calendar, year: int) -> list[dict[str, Any]]:
    """What is special in a year in words: by name, the days off, at work and of half a day."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
    found: dict[str, dict[str, list[str]]] = {}
    for (kind, name), run in groupby(days, lambda day: _special(calendar, day)):
        if kind:
            spent = list(run)
            by_kind = found.setdefault(name, {"holiday": [], "makeup": [], "half": []})
            by_kind[kind].append(span(Line(kind, spent[0], spent[-1])))
    return [{"name": name_words(name), "days": by_kind} for name, by_kind in found.items()]


def _special(calendar: Calendar, day: date) -> tuple[str, str]:
    """Kind and name of what makes a day differ from its week; empty when nothing does."""
    info = calendar.day_info(day)
    kind = "holiday" if info.kind == "statutory" else info.kind
    return (kind, info.name) if kind in ("holiday", "makeup", "half") else ("", "")


def month(calendar: Calendar, year: int, number: int) -> dict[str, Any]:
    """A month as weeks from Monday; a cell is None outside it."""
    weeks = [
        [cell(calendar, day) if day.month == number else None for day in week]
        for week in MonthGrid().monthdatescalendar(year, number)
    ]
    return {"number": number, "weeks": weeks}


def cell(calendar: Calendar, day: date) -> dict[str, Any]:
    """One day: its number, what it is, and the name of what makes it differ."""
    info = calendar.day_info(day)
    return {
        "number": day.day,
        "kind": info.kind,
        "name": name_words(info.name),
        "works": bool(info.windows),
    }
