"""`flask tickets`: real history from files."""

import json
import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.db import utcnow
from portal.errors import Invalid
from portal.tickets.importer import Summary, import_rows
from portal.tickets.importer_files import read_rows
from portal.tickets.importer_profiles import PROFILES

SHOWN = 20  # refusals printed one by one; --json prints all

tickets = AppGroup("tickets", help="Tickets: import of history.")


@tickets.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--profile",
    "profile_name",
    type=click.Choice(sorted(PROFILES)),
    required=True,
    help="which columns the file has",
)
@click.option("--department", help="name of the unit that answered")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(file: Path, profile_name: str, department: str | None, as_json: bool) -> None:
    """Add answered requests of the past from FILE (CSV in UTF-8, or XLSX) as closed tickets.

    Rows that are there already are left alone, so it can be run again. A row that makes no sense
    is named with its line and the reason, and the rest goes in. Nobody is notified.
    """
    profile = PROFILES[profile_name]
    summary = Summary()
    try:
        rows = read_rows(file, profile.columns)
        hidden = as_json or not sys.stderr.isatty()
        with click.progressbar(
            length=len(rows), label=file.name, file=sys.stderr, hidden=hidden
        ) as bar:
            for summary in import_rows(profile, rows, utcnow(), department):
                bar.update(summary.read - bar.pos)
    except Invalid as error:
        raise click.ClickException(error.message) from error
    _print(summary, as_json)
    if summary.problems and not summary.added and not summary.present:
        sys.exit(1)


def _print(summary: Summary, as_json: bool) -> None:
    counts = {
        "read": summary.read,
        "added": summary.added,
        "present": summary.present,
        "refused": len(summary.problems),
    }
    if as_json:
        problems = [{"line": line, "reason": reason} for line, reason in summary.problems]
        click.echo(json.dumps({**counts, "problems": problems}, ensure_ascii=False))
        return
    for line, reason in summary.problems[:SHOWN]:
        click.echo(f"第 {line} 行：{reason}", err=True)
    if len(summary.problems) > SHOWN:
        click.echo(f"……另有 {len(summary.problems) - SHOWN} 行，用 --json 查看全部", err=True)
    click.echo(
        "读取 {read} 行：新增 {added} 件，已有 {present} 件，未导入 {refused} 行。".format(**counts)
    )
