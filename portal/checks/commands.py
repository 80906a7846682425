"""`flask check`: what is unsafe in this configuration; exit 1 on an error in production."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from portal.checks import database, installation, settings
from portal.checks.finding import Check, Finding, Severity
from portal.extensions import db

# Other packages add their rows here.
ROWS: tuple[Check, ...] = (*settings.ROWS, *installation.ROWS, *database.ROWS)
WORDS = {Severity.ERROR: "错误 error", Severity.WARNING: "警告 warning"}


def run(rows: Iterable[Check], config: Mapping[str, Any]) -> list[Finding]:
    """What the rows find, in their order; a row that cannot be asked is a finding too."""
    found = []
    for row in rows:
        try:
            detail = row.look(config)
        except SQLAlchemyError as error:
            db.session.rollback()
            detail = f"? {type(error).__name__}"
        if detail is not None:
            found.append(Finding(row.id, row.severity, row.chinese, row.english, detail))
    return found


@click.command("check")
@click.option("--strict", is_flag=True, help="Exit 1 on errors outside production, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def check(strict: bool, as_json: bool) -> None:
    """List what is unsafe in this configuration."""
    found = run(ROWS, current_app.config)
    errors = sum(one.severity is Severity.ERROR for one in found)
    if as_json:
        body = {"checked": len(ROWS), "errors": errors, "findings": [asdict(one) for one in found]}
        click.echo(json.dumps(body, ensure_ascii=False))
    else:
        for one in found:
            detail = f" ({one.detail})" if one.detail else ""
            click.echo(f"{WORDS[one.severity]} [{one.id}] {one.chinese}；{one.english}{detail}")
        click.echo(f"检查 {len(ROWS)} 项，错误 {errors}，警告 {len(found) - errors}。")
    if errors and (strict or current_app.config["ENVIRONMENT"] == "production"):
        raise SystemExit(1)
