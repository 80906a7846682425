"""`flask kpi`: the figures on the command line."""

import json
from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup
from sqlalchemy import func, select

from portal.db import transaction, utcnow
from portal.extensions import db
from portal.kpi import asof, cells, checking, documentation, job, queries, reading, rollup
from portal.kpi.conditions import Dimensions, definitions
from portal.kpi.figures import Measure, plain
from portal.kpi.history_commands import history_command
from portal.kpi.periods import FIRST_YEAR, LAST_YEAR, LOCAL, Period, local_day
from portal.tickets.models import Ticket

INSTANT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
DAY = click.DateTime(formats=["%Y-%m-%d"])

kpi = AppGroup(
    "kpi", help="Figures: n, d and rate of every figure, as the figures page shows them."
)
kpi.add_command(history_command)


@kpi.command("show")
@click.option("--from", "first", type=DAY, help="First local day, e.g. 2023-01-01.")
@click.option("--to", "last", type=DAY, help="Last local day, counted too; default: today.")
@click.option("--department", help="Only tickets of the department of this name.")
@click.option("--category", help="Only tickets of the category of this name.")
@click.option("--as-of", type=INSTANT, help="As they were known then, local time.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(
    first: datetime | None,
    last: datetime | None,
    department: str | None,
    category: str | None,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """The figures of a period; by default the present year to date."""
    now = utcnow() if as_of is None else as_of.replace(tzinfo=LOCAL)
    today = local_day(now)
    end = last.date() if last else today
    start = first.date() if first else end.replace(month=1, day=1)
    if end < start:
        raise click.UsageError(f"--to {end} lies before --from {start}.")
    for day in (start, end):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise click.UsageError(f"{day} lies outside the years {FIRST_YEAR} to {LAST_YEAR}.")
    known = queries.directory()
    chosen = Dimensions(
        _id(known.departments, department, "department"),
        _id(known.categories, category, "category"),
    )
    read = cells.totals if as_of is None else asof.totals_as_of
    total = read(Period(start, end), chosen, now)
    if as_json:
        figures = {name: plain(measure) for name, measure in total.items()}
        click.echo(json.dumps(figures, ensure_ascii=False))
        return
    for name, measure in total.items():
        click.echo(f"{name:<20} {_line(measure):<40} {measure.figure.title}")


@kpi.command("rebuild")
def rebuild_command() -> None:
    """Count all cells anew; killed half-way, the next run, or a worker, goes on from there."""
    now = utcnow()
    with transaction():
        if reading.ready():
            rollup.start_rebuild(now)
    _go_on()


def _go_on() -> None:
    """Steps until nothing waits, telling how far it is."""
    total = db.session.scalar(select(func.count(Ticket.id))) or 0
    done = job.bring_up(utcnow, say=lambda n: click.echo(f"{n} of {total} tickets", err=True))
    click.echo(f"{done} tickets counted")


@kpi.command("check")
def check_command() -> None:
    """Count everything anew from the events; each difference is printed, and any ends in 1."""
    job.bring_up(utcnow)
    found = 0
    with transaction():
        for difference in checking.differences(utcnow(), _progress):
            click.echo(difference)
            found += 1
    if found:
        raise click.exceptions.Exit(1)
    click.echo("no difference")


def _progress(done: int) -> None:
    if done % 50_000 < checking.BATCH:
        click.echo(f"{done} tickets folded", err=True)


@kpi.command("define")
@click.option("--write", type=click.Path(path_type=Path), help="Write it there, not on screen.")
def define_command(write: Path | None) -> None:
    """What every figure is, as the page docs/figures.md."""
    excluded = {name: tuple(one.excluded) for name, one in definitions(utcnow()).items()}
    text = documentation.page(excluded)
    if write is None:
        click.echo(text, nl=False)
    else:
        write.write_text(text, encoding="utf-8")


def _id(names: dict[int, str], wanted: str | None, what: str) -> int | None:
    if wanted is None:
        return None
    for row_id, name in names.items():
        if name == wanted:
            return row_id
    raise click.UsageError(f"There is no {what} {wanted!r}. There are: {', '.join(names.values())}")


def _line(measure: Measure) -> str:
    answer = plain(measure)
    if measure.figure.unit == "hours":
        if not measure.d:
            return "–"
        return f"median {measure.median} h, p90 {measure.p90} h, n = {measure.d}"
    if measure.rate is None or measure.interval is None:
        return f"{answer['n']} / {measure.d} = –"
    low, high = measure.interval
    return f"{answer['n']} / {measure.d} = {measure.rate:.1%} ({low:.1%}–{high:.1%})"
