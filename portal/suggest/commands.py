"""`flask suggest`, and `flask routing evaluate`: the category suggestion on the command line."""

import json
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

import click
from flask.cli import AppGroup

from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.routing.commands import routing
from portal.suggest import library, service, training
from portal.suggest.labelled import read_labelled
from portal.suggest.models import SuggestModel

FIGURES = ("accuracy", "macro_f1", "top3")

suggest = AppGroup("suggest", help="The model that suggests a category: train it, show it.")


@routing.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True)
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Other partitions."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def evaluate_command(file: Path, folds: int, seeds: int, as_json: bool) -> None:
    """Cross-validate the category suggestion on FILE: accuracy, macro-F1 and top-3.

    FILE: CSV or XLSX with the columns subject (or title), body (or description) and category
    (标题、内容、类别); others are ignored. Nothing is stored; the method is the one the service
    trains with. With several seeds the figures are means, `spread` their standard deviations.
    """
    try:
        result, problems = _evaluated(file, folds, seeds)
    except Invalid as error:
        raise click.UsageError(error.message) from error
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo("{n} texts, {classes} categories, {folds} folds".format(**result))
        for name in FIGURES:
            spread = f" ± {result['spread'][name]:.4f}" if seeds > 1 else ""
            click.echo(f"{name:9} {result[name]:.4f}{spread}")
        click.echo(f"{result['alike']} almost the same as another, kept in one fold with it")
    for problem, n in problems.items():
        click.echo(f"{n} rows left out: {problem}", err=True)


def _evaluated(file: Path, folds: int, seeds: int) -> tuple[dict[str, Any], dict[str, int]]:
    """The figures as the command prints them, and the rows left out. Raises Invalid."""
    rows, problems = read_labelled(file)
    evaluation = library.evaluation()
    ready = evaluation.prepare([evaluation.Sample(*row) for row in rows])
    reports = [evaluation.cross_validate(ready, folds, seed) for seed in range(seeds)]
    figures = {name: [getattr(report, name) for report in reports] for name in FIGURES}
    result = {
        "n": reports[0].n,
        "classes": reports[0].classes,
        "folds": folds,
        "seeds": seeds,
        **{name: round(mean(values), 4) for name, values in figures.items()},
        "spread": {name: round(pstdev(values), 4) for name, values in figures.items()},
        "alike": reports[0].alike,
    }
    return result, dict(problems)


@suggest.command("train")
@click.option("--by", default="命令行", show_default=True, help="Who asks, as the page shows it.")
def train_command(by: str) -> None:
    """Train a model from the closed tickets now, in this process."""
    now = utcnow()
    with transaction():
        service.ask(by, now)
    row = training.work(now)
    if row is None:
        raise click.ClickException("另一个进程正在训练，请稍后用 flask suggest show 查看结果。")
    if row.state == "failed":
        raise click.ClickException(row.note or "")
    click.echo(_said(row))


@suggest.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(as_json: bool) -> None:
    """The versions of the model, newest first; the first one marked * is in use."""
    used, rows = service.used(), service.versions()
    used_id = None if used is None else used.id
    if as_json:
        plain = [_plain(row) | {"used": row.id == used_id} for row in rows]
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{'*' if row.id == used_id else ' '} {_said(row)}")
    if not rows:
        click.echo("还没有训练过模型。")


def _plain(row: SuggestModel) -> dict[str, Any]:
    ended = None if row.ended_at is None else row.ended_at.isoformat()
    known = {"n": row.n, "classes": row.classes, "note": row.note}
    figures = {name: row.figures.get(name) for name in FIGURES}
    return {"id": row.id, "state": row.state, "ended_at": ended, **known, **figures}


def _said(row: SuggestModel) -> str:
    if row.state != "trained":
        return f"{row.id} {row.state} {row.note or ''}".rstrip()
    figures = ", ".join(f"{name} {row.figures[name]:.3f}" for name in FIGURES)
    return f"{row.id} trained {row.ended_at:%Y-%m-%d %H:%M} UTC on {row.n} tickets: {figures}"
