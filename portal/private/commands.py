"""`flask retention`: what is kept how long, and taking away what is over its time."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from portal.db import utcnow
from portal.private import keeping, retention

retention_group = AppGroup("retention", help="What is kept how long; the timer runs it each night.")


@retention_group.command("run")
@click.option("--dry-run", is_flag=True, help="Count what would go, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def run_command(dry_run: bool, as_json: bool) -> None:
    """Take away what is over its time, by kind."""
    now, settings = utcnow(), current_app.config
    if dry_run:
        counts = retention.counted(settings, now)
    else:
        counts = keeping.sweep(Path(settings["UPLOAD_DIR"]), now) or {}
    if as_json:
        click.echo(json.dumps(counts))
        return
    kept = {kind.name: settings[kind.setting] for kind in retention.KINDS}
    every = (*retention.KINDS, retention.PEOPLE, retention.JOINS)
    words = {kind.name: kind.words for kind in every}
    for name, count in counts.items():
        rule = f"保存 {kept[name]} 个月" if name in kept else "到期执行"
        click.echo(f"{words[name]}({rule}):{count}{' 将清除' if dry_run else ' 已清除'}")
