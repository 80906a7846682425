"""`flask calendar`: loads a year, shows one, and compares with other sources."""

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from portal import queue
from portal.db import transaction
from portal.errors import Invalid
from portal.sla import calendar_service
from portal.sla.calendar_check import compare
from portal.sla.calendar_data import YEARS
from portal.sla.calendars import current_calendar

SOURCE = click.Path(exists=True, dir_okay=False, path_type=Path)

calendar = AppGroup("calendar", help="The working calendar: holidays, make-up days, versions.")


@calendar.command("load")
@click.argument("source", type=SOURCE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def load_command(source: Path, as_json: bool) -> None:
    """Make a new version with the years of SOURCE: a CSV of day,kind,name,confirmed.

    kind is holiday, makeup, half or statutory. Open clocks with a provisional due are counted anew
    by the workers.
    """
    try:
        with transaction():
            plan = calendar_service.plan_years(calendar_service.decode(source.read_bytes()))
            version = calendar_service.apply(plan, "flask calendar load", source.name)
            row = {
                "version": version.id,
                "years": list(plan.years),
                "confirmed_years": version.confirmed_years,
                "added": len(plan.added),
                "removed": len(plan.removed),
            }
    except calendar_service.BadTable as error:
        lines = "\n".join(map(str, error.errors))
        raise click.ClickException(f"{error.message}\n{lines}") from error
    except Invalid as error:
        raise click.ClickException(error.message) from error
    queue.nudge(queue.RECOMPUTE)
    if as_json:
        click.echo(json.dumps(row))
        return
    years = ", ".join(map(str, row["years"]))
    click.echo(
        f"version {row['version']} is current: {years} loaded, "
        f"{row['added']} days added, {row['removed']} removed"
    )


@calendar.command("show")
@click.option("--year", type=click.IntRange(YEARS.start, YEARS.stop - 1), required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(year: int, as_json: bool) -> None:
    """The holidays and make-up days of a year, by the current version."""
    try:
        facts = calendar_service.year_facts(year)
    except Invalid as error:
        raise click.ClickException(error.message) from error
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"{year}{'' if facts['confirmed'] else ' (provisional: not announced yet)'}")
    for one in sorted(calendar_service.overrides_of_year(year).values(), key=lambda o: o.day):
        click.echo(f"{one.day} {one.day:%a} {one.kind:9} {one.name}".rstrip())


@calendar.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check_command(as_json: bool) -> None:
    """Compare the announced years with chinesecalendar and holidays, where they are installed.

    Exits with 1 when chinesecalendar differs; holidays is known to be less exact.
    """
    try:
        checked = compare(current_calendar())
    except Invalid as error:
        raise click.ClickException(error.message) from error
    rows = [
        {"source": d.source, "day": f"{d.day}", "ours": d.ours, "theirs": d.theirs}
        for d in checked.differences
    ]
    if as_json:
        click.echo(json.dumps({"years": checked.years, "differences": rows}))
    else:
        for source, years in checked.years.items():
            span = "not installed, not compared" if years is None else _span(years)
            click.echo(f"{source}: {span}")
        for row in rows:
            ours, theirs = ("works" if row[who] else "rests" for who in ("ours", "theirs"))
            click.echo(f"{row['day']} {ours} here, {theirs} by {row['source']}")
    if any(d.source == "chinesecalendar" for d in checked.differences):
        raise SystemExit(1)


def _span(years: list[int]) -> str:
    return f"{len(years)} years compared ({years[0]}–{years[-1]})" if years else "no year in common"
