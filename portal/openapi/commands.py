"""`flask openapi`: the description of every address and form, as JSON."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.openapi.document import document


@click.command("openapi")
@click.argument("path", required=False, type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def openapi(path: Path | None) -> None:
    """Print the OpenAPI description, or write it to PATH."""
    text = json.dumps(document(current_app), ensure_ascii=False, indent=1)
    if path is None:
        click.echo(text)
    else:
        path.write_text(text + "\n", encoding="utf-8")
