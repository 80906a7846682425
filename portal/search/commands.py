"""`flask search`: the index of tickets' texts."""

import sys

import click
from flask.cli import AppGroup

from portal.db import transaction, utcnow
from portal.search import fill

search = AppGroup("search", help="Search: the index of tickets' texts.")


@search.command("rebuild")
def rebuild_command() -> None:
    """Write the index anew for every ticket, with progress; stopped, it goes on where it was.

    The pages go on meanwhile, and so does whatever is written.
    """
    with transaction():
        fill.start(utcnow())
    total = seen = 0
    with click.progressbar(length=1, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while True:
            with transaction():
                run = fill.step(utcnow())
                if run is None or run.state == "done":
                    break
                total, seen = run.total, run.seen
            bar.length = max(total, seen, 1)
            bar.update(seen - bar.pos)
    click.echo(f"已为 {seen} 件诉求建立检索。")
