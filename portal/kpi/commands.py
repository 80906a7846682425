"""`flask kpi`: the figures on the command line."""

import json
from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.db import utcnow
from portal.kpi import cells, documentation, queries
from portal.kpi.conditions import Dimensions, definitions
from portal.kpi.figures import Measure, plain
from portal.kpi.history_commands import history_command
from portal.kpi.periods import FIRST_YEAR, LAST_YEAR, Period, local_day

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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(
    first: datetime | None,
    last: datetime | None,
    department: str | None,
    category: str | None,
    as_json: bool,
) -> None:
    """The figures of a period; by default the present year to date."""
    now = utcnow()
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
    total = cells.totals(Period(start, end), chosen, now)
    if as_json:
        figures = {name: plain(measure) for name, measure in total.items()}
        click.echo(json.dumps(figures, ensure_ascii=False))
        return
    for name, measure in total.items():
        click.echo(f"{name:<20} {_line(measure):<40} {measure.figure.title}")


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
