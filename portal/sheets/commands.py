"""`flask registry`: registers from files and to files, as the pages do it."""

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask import current_app
from flask.cli import AppGroup

from portal.auth.roles import SYSTEM, Actor
from portal.db import transaction, utcnow
from portal.errors import Invalid
from portal.sheets import files, job, queries, service, showing, writing
from portal.sheets.kinds import SHEETS
from portal.sheets.models import SheetImport
from portal.sheets.registry import register_of

SHOWN = 20  # wrong lines printed one by one; --json prints all
LOCAL = ZoneInfo("Asia/Shanghai")
OPERATOR = Actor(id=None, role=SYSTEM.role, name="命令行")
KIND = click.Choice(list(SHEETS))

registry = AppGroup(
    "registry", help="Registers (firms, staff, units, rules ...) from and to XLSX and CSV files."
)


@registry.command("import")
@click.argument("kind", type=KIND)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Say what would change, and write nothing.")
@click.option("--all-or-nothing", is_flag=True, help="One bad line holds back the whole file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(
    kind: str, file: Path, dry_run: bool, all_or_nothing: bool, as_json: bool
) -> None:
    """Create and change rows of the register KIND from FILE (.xlsx, or .csv in UTF-8 or GB 18030).

    Nothing is ever deleted. A line that is wrong is named with its line and the reason, and the
    rest goes in; a second run of the same file changes nothing. Exits with 1 when a line was
    wrong.
    """
    folder = Path(current_app.config["UPLOAD_DIR"])
    import_id = _start(kind, file, folder)
    job.step(import_id, "uploaded", folder, utcnow(), wait=True)
    row = _row(import_id)
    if row.state == "planned" and (dry_run or (all_or_nothing and row.wrong)):
        with transaction():
            row = service.cancel(import_id, utcnow())
            files.discard(row.stored_name, folder)
            row.stored_name = None
    elif row.state == "planned":
        with transaction():
            service.confirm(import_id, "all" if all_or_nothing else "good", utcnow())
        _apply(import_id, folder, hidden=as_json or not sys.stderr.isatty())
    _say(import_id, dry_run, as_json)


@registry.command("export")
@click.argument("kind", type=KIND)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def export_command(kind: str, file: Path) -> None:
    """Write the register KIND to FILE; its end, .xlsx or .csv, says which format."""
    form = _form_of(file)
    source = register_of(kind, _today())
    count = source.count()
    with transaction():
        service.log_export(kind, form, count, OPERATOR, utcnow())
    with click.progressbar(source.export(), length=count, label=file.name, file=sys.stderr) as rows:
        if form == "xlsx":
            writing.export_xlsx(source.sheet, rows, file)
        else:
            _write_text(file, writing.export_csv(source.sheet, rows))
    click.echo(f"已导出 {count} 行到 {file}")


@registry.command("template")
@click.argument("kind", type=KIND)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
def template_command(kind: str, file: Path) -> None:
    """Write the headings of KIND with an example row to FILE; .xlsx has a sheet of notes, too."""
    if _form_of(file) == "xlsx":
        writing.template_xlsx(SHEETS[kind], file)
    else:
        _write_text(file, writing.template_csv(SHEETS[kind]))
    click.echo(f"模板已写到 {file}")


def _start(kind: str, file: Path, folder: Path) -> int:
    try:
        with file.open("rb") as stream:
            kept = files.keep(stream, file.name, folder)
    except Invalid as error:
        raise click.ClickException(error.message) from error
    with transaction():
        return service.start(kind, vars(kept), OPERATOR, utcnow()).id


def _row(import_id: int) -> SheetImport:
    with transaction():
        return queries.get(import_id)


def _apply(import_id: int, folder: Path, *, hidden: bool) -> None:
    """Chunk by chunk; a worker that takes a chunk at the same time does no harm."""
    row, failures = _row(import_id), 0
    with click.progressbar(
        length=row.total, label=row.file_name, file=sys.stderr, hidden=hidden
    ) as bar:
        while row.state == "applying" and failures < service.MAX_ATTEMPTS:
            job.step(import_id, "applying", folder, utcnow(), wait=True)
            row = _row(import_id)
            failures = 0 if row.after_seq > bar.pos else failures + 1
            bar.update(row.after_seq - bar.pos)


def _say(import_id: int, dry_run: bool, as_json: bool) -> None:
    row = _row(import_id)
    sheet = SHEETS[row.kind]
    wrong = [
        {"line": number, "reason": showing.reason(sheet, problems)}
        for number, _cells, problems in queries.wrong_lines(import_id)
    ]
    problem = showing.sentence(row.problem) if row.problem else None
    names = ("new", "changed", "unchanged", "wrong", "written", "refused")
    found: dict[str, Any] = {name: getattr(row, name) for name in names}
    found |= {"import": import_id, "state": row.state, "dry_run": dry_run, "problem": problem}
    if as_json:
        click.echo(json.dumps({**found, "problems": wrong}, ensure_ascii=False))
    else:
        _say_words(found, wrong, lambda text: click.echo(text, err=True))
    if wrong or problem:
        sys.exit(1)


def _say_words(
    found: dict[str, Any], wrong: list[dict[str, Any]], aside: Callable[[str], None]
) -> None:
    for one in wrong[:SHOWN]:
        aside(f"第 {one['line']} 行：{one['reason']}")
    if len(wrong) > SHOWN:
        aside(f"……另有 {len(wrong) - SHOWN} 行，用 --json 查看全部")
    if found["problem"]:
        aside(found["problem"])
    text = "新增 {new}，修改 {changed}，不变 {unchanged}，有错 {wrong}".format(**found)
    if found["dry_run"] or found["state"] != "done":
        click.echo(f"试算：{text}。没有写入任何数据。")
    else:
        click.echo(f"{text}。已写入 {found['written']} 行，未写入 {found['refused']} 行。")


def _form_of(file: Path) -> str:
    form = file.suffix.lower().lstrip(".")
    if form not in writing.FORMATS:
        raise click.ClickException("文件名应以 .xlsx 或 .csv 结尾。")
    return form


def _write_text(file: Path, pieces: Any) -> None:
    with file.open("w", encoding="utf-8", newline="") as target:
        target.writelines(pieces)


def _today() -> date:
    return utcnow().astimezone(LOCAL).date()
