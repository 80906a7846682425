"""`flask rights`: who may do what, as the page docs/rights.md."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from portal.auth import rights_page

rights = AppGroup("rights", help="Roles, pages and actions.")


@rights.command("show")
@click.option("--write", type=click.Path(path_type=Path), help="Write it there, not on screen.")
def show_command(write: Path | None) -> None:
    """Every page and action with the roles that reach it, made from the tables that decide."""
    text = rights_page.page(current_app)
    if write is None:
        click.echo(text, nl=False)
    else:
        write.write_text(text, encoding="utf-8")
