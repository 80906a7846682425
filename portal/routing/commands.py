"""`flask routing`: what the dispatch rules would do with the past, on the command line."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select

from portal.db import utcnow
from portal.directory.models import Department
from portal.errors import Invalid, NotFound
from portal.extensions import db
from portal.kpi.periods import Period, local_day
from portal.routing import balance, queries
from portal.routing.book import Book
from portal.routing.models import Rulebook
from portal.routing.past import past_tickets, people
from portal.routing.past_file import FileOfPast, read_past
from portal.routing.replay import Replay, replay

DAY = click.DateTime(formats=["%Y-%m-%d"])

routing = AppGroup("routing", help="Dispatch: replay the past by a set of rules.")


@routing.command("simulate")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--from", "first", type=DAY, help="First local day, e.g. 2023-01-01.")
@click.option("--to", "last", type=DAY, help="Last local day, counted too; default: today.")
@click.option("--version", type=int, help="By the rules of this version; default: in force.")
@click.option("--draft", is_flag=True, help="By the newest draft.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def simulate_command(
    file: str | None,
    first: datetime | None,
    last: datetime | None,
    version: int | None,
    draft: bool,
    as_json: bool,
) -> None:
    """Replay past tickets by the rules, those of FILE or of the days asked for; writes nothing.

    FILE: CSV or XLSX with the columns category and region (类别、县市区); if wanted chain, urgency
    and department (产业链、紧急程度、承办单位), submitted_at and closed_at (提交时间、办结时间).
    """
    if (file is None) == (first is None):
        raise click.UsageError("Give either FILE or --from.")
    chosen = _chosen(version, draft)
    past = _of_file(Path(file)) if file else FileOfPast(past_tickets(_period(first, last)))
    force = Book(queries.active_rules())
    book = Book(queries.rules_of(chosen.id)) if chosen else force
    row = _plain(replay(past.tickets, book, people(), force), chosen, past.problems)
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
    else:
        _print(row)


def _chosen(version: int | None, draft: bool) -> Rulebook | None:
    """The version asked for, else the one in force."""
    try:
        if version is not None:
            return queries.of_version(version)
        drafts = queries.drafts()
        if draft and not drafts:
            raise click.UsageError("There is no draft.")
        return drafts[0] if draft else queries.in_force()
    except NotFound as error:
        raise click.UsageError(error.message) from error


@routing.command("fairness")
@click.option("--from", "first", type=DAY, required=True, help="First local day.")
@click.option("--to", "last", type=DAY, help="Last local day, counted too; default: today.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def fairness_command(first: datetime, last: datetime | None, as_json: bool) -> None:
    """How evenly each unit's tickets were given among those who were there and able."""
    found = balance.units(_period(first, last), utcnow())
    rows = [
        {
            "department": unit.name,
            "n": unit.fairness.n,
            "d": unit.fairness.d,
            "spread": round(unit.fairness.spread, 2),
            "cadres": [
                {"name": cadre.name, "load": cadre.load, "given": share.given, "due": share.due}
                for cadre, share in zip(unit.cadres, unit.fairness.shares, strict=True)
            ],
        }
        for unit in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        rate = f"{row['n'] / row['d']:.1%}" if row["d"] else "–"
        click.echo(f"{row['n']} / {row['d']} = {rate}  spread {row['spread']}  {row['department']}")


def _of_file(path: Path) -> FileOfPast:
    try:
        return read_past(path)
    except Invalid as error:
        raise click.UsageError(error.message) from error


def _period(first: datetime | None, last: datetime | None) -> Period:
    end = last.date() if last else local_day(utcnow())
    start = first.date() if first else end
    if end < start:
        raise click.UsageError(f"--to {end} lies before --from {start}.")
    return Period(start, end)


def _plain(result: Replay, chosen: Rulebook | None, problems: Mapping[str, int]) -> dict[str, Any]:
    """The result with names for ids, busiest first."""
    units = dict(db.session.execute(select(Department.id, Department.name)).all())
    names = queries.people_names(result.cadres)
    numbers = ("tickets", "paired", "ruled", "unruled", "tied", "unmanned")
    compared = ("compared", "changed", "moved")
    return {
        "version": chosen.version if chosen else None,
        **{name: getattr(result, name) for name in (*numbers, *compared)},
        "departments": {units[one]: n for one, n in result.departments.most_common()},
        "cadres": [
            {"id": one, "name": names[one], "tickets": n, "most_open": result.peaks[one]}
            for one, n in result.cadres.most_common()
        ],
        "left_out": dict(problems),
    }


def _print(row: Mapping[str, Any]) -> None:
    click.echo(f"version {row['version']}, {row['tickets']} tickets:")
    click.echo(f"  {row['paired']} to the standing cadre,")
    click.echo(f"  {row['ruled']} by a rule ({row['unmanned']} with nobody present there),")
    click.echo(f"  {row['unruled']} reach no rule, {row['tied']} meet a tie")
    click.echo(f"{row['changed']} of {row['compared']} with a known desk would change desk")
    click.echo(f"{row['moved']} go elsewhere than by the rules in force")
    for name, n in row["departments"].items():
        click.echo(f"{n:>8}  {name}")
    for one in row["cadres"]:
        click.echo(f"{one['tickets']:>8}  {one['name']} ({one['most_open']} open at most)")
    for problem, n in row["left_out"].items():
        click.echo(f"{n} rows left out: {problem}", err=True)
