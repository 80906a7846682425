"""`flask audit`: seals, verifies and exports the chained log."""

import json
import re
from datetime import timedelta
from pathlib import Path

import click
from flask.cli import AppGroup

from portal.audit import job, parts, queries, verifying
from portal.audit.verifying import Finding, Report
from portal.db import transaction, utcnow
from portal.extensions import db

audit = AppGroup("audit", help="The chained log: seal, verify, export.")


@audit.command("seal")
def seal_command() -> None:
    """Seal what waits now, in this process."""
    click.echo(f"{job.bring_up(utcnow)} entries sealed")


@audit.command("checkpoint")
def checkpoint_command() -> None:
    """Sign the head of the log; note the line somewhere else."""
    made = job.checkpoint(utcnow(), "asked")
    if made is None:
        raise click.ClickException("the log is empty")
    click.echo(f"{made.seq} {made.hash} {made.signature}")


@audit.command("verify")
@click.argument("part", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--from", "first", type=click.IntRange(1), help="The first entry's number.")
@click.option("--to", "last", type=click.IntRange(1), help="The last entry's number.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def verify_command(
    context: click.Context, part: Path | None, first: int | None, last: int | None, as_json: bool
) -> None:
    """Recompute the chain and compare it with its sources and checkpoints; or check one PART.

    Exit code 1 when anything is wrong.
    """
    if part is not None:
        manifest, findings = parts.check(part, job.key())
        said = {"part": manifest}
        words = f"{manifest.get('entries', 0)} entries of {manifest.get('month', '?')}"
    else:
        db.session.rollback()  # the snapshot has to be the transaction's first statement
        report = verifying.verify(job.key(), job.folder(), first=first, last=last)
        findings, said, words = report.findings, _plain(report), _words(report)
    if as_json:
        found = [vars(one) for one in findings]
        click.echo(json.dumps({**said, "findings": found}, ensure_ascii=False))
    else:
        click.echo(words)
        for one in findings:
            click.echo(_line(one))
    if findings:
        context.exit(1)


@audit.command("export")
@click.option("--month", required=True, help="Which month, as 2026-11.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path))
def export_command(month: str, folder: Path | None) -> None:
    """Write a month as a signed part, after a checkpoint; into the audit folder by default."""
    if not re.fullmatch(r"\d{4}-\d{2}", month):
        raise click.ClickException("--month has to look like 2026-11")
    job.checkpoint(utcnow(), "export")
    target = (folder or job.folder() / "parts") / f"audit-{month}.zip"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with transaction():
        manifest = parts.write(month, target, job.key(), utcnow())
    click.echo(f"{target}: {manifest['entries']} entries, {manifest['first']}–{manifest['last']}")


@audit.command("refused")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 24 * 31))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def refused_command(hours: int, as_json: bool) -> None:
    """What was refused in the last hours, the oldest first: security events, for a monitor."""
    for row in queries.refused_since(utcnow() - timedelta(hours=hours)):
        who, whose = row.actor and row.actor.username, row.user and row.user.username
        told = {
            "at": row.at.isoformat(),
            "last_at": row.last_at.isoformat(),
            "what": row.what,
            "times": row.times,
            "who": who,
            "account": whose,
            "address": row.address,
            "endpoint": row.endpoint,
            "detail": row.detail,
        }
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(" ".join(str(one) for one in told.values() if one))


def _plain(report: Report) -> dict[str, object]:
    return {
        **{name: getattr(report, name) for name in ("entries", "first", "last", "anchors")},
        "unsealed": report.unsealed,
        "unsealed_since": report.since.isoformat() if report.since else None,
        "erased": report.erased,
    }


def _words(report: Report) -> str:
    words = f"{report.entries} entries, {report.anchors} checkpoints"
    if report.erased:
        words += f"; {report.erased} rows were changed by a rule that is noted"
    if report.since is not None:
        words += f"; {report.unsealed} changes wait to be sealed since {report.since.isoformat()}"
    return f"{words}: {'nothing is wrong' if not report.findings else 'WRONG'}"


def _line(one: Finding) -> str:
    where = f"entry {one.seq}" if one.seq is not None else "no entry"
    source = f", {one.source} {one.source_id}" if one.source else ""
    return f"{where}{source}: {one.what}"
