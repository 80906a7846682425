"""`flask problems`: fingerprints of old tickets, and groups of requests in a file."""

import json

import click
from flask.cli import AppGroup

from portal.db import transaction, utcnow
from portal.problems import fingerprints

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
