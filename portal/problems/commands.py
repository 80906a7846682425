"""`flask problems`: fingerprints of old tickets, and groups of requests in a file."""

import json
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.problems import fingerprints, messages

BATCH = 500

problems = AppGroup("problems", help="Similar tickets and common problems.")


@problems.command("rebuild")
@click.option("--all", "everything", is_flag=True, help="Anew for all, not only where it lacks.")
@click.option("--after", default=0, help="Go on after this ticket id (printed when stopped).")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rebuild_command(everything: bool, after: int, as_json: bool) -> None:
    """Count how common each pair of characters is, and write the fingerprints of old tickets.

    Each batch is a transaction: stopped anywhere, run it again and it goes on.
    """
    with transaction():
        counted = fingerprints.count_grams(utcnow())
    done, last = 0, after
    while True:
        with transaction():
            batch = fingerprints.rebuild(last, BATCH, missing=not everything)
        if batch is None:
            break
        last, done = batch.last_id, done + batch.written
        if not as_json:
            click.echo(f"{done} written, last ticket id {last}", err=True)
    if as_json:
        click.echo(json.dumps({"counted_over": counted, "written": done, "last_id": last}))
    else:
        click.echo(f"counted over {counted} tickets, {done} fingerprints written")


@problems.command("clusters")
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--top", default=5, show_default=True, help="How many groups, the hottest.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def clusters_command(file: Path, top: int, as_json: bool) -> None:
    """Find the groups of messages in FILE (CSV) that speak of one problem, most writers first."""
    try:
        board = messages.read(file)
    except Invalid as error:
        raise click.ClickException(error.message) from error
    found = board.groups()[:top]
    if as_json:
        rows = [
            {
                "writers": group.firms,
                "messages": [
                    {"message_id": one, "subject": board.subjects[one]} for one in group.members
                ],
            }
            for group in found
        ]
        click.echo(json.dumps({"groups": rows}, ensure_ascii=False))
        return
    for group in found:
        click.echo(f"{group.firms} writers, {len(group.members)} messages")
        for one in group.members:
            click.echo(f"  {one} {board.subjects[one]}")
