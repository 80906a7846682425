"""Takes a list or figures away: small ones at once, large ones by a job with its own page."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import get_locale
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import queue
from portal.audit.watermark import Mark
from portal.auth.proof import FIELD
from portal.db import transaction, utcnow
from portal.errors import Conflict, Invalid, NotFound
from portal.exports import queries, service, showing, spool
from portal.exports.sources import table_of
from portal.exports.tables import Table
from portal.language import said
from portal.paging import cursor_from
from portal.web import back_url

blueprint = Blueprint("exports", __name__, url_prefix="/exports")
AT_ONCE = 2000  # rows; what has more is a job
NOT_ASKED = ("csrf_token", "format", FIELD)
MIMES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@blueprint.get("/")
def index() -> str:
    """The reader's large exports, the newest first."""
    runs = queries.runs(current_user.actor)
    return render_template("exports/index.html", runs=runs, showing=showing)


@blueprint.post("/<any(search, queue, orders, problems, figure, figures):source>")
def take(source: str) -> AnyResponse:
    """A file at once, or a run that a worker does; refused back to where the reader came from."""
    form = request.form.get("format", "")
    asked = {k: v for k, v in request.form.items() if k not in NOT_ASKED and v}
    try:
        if form not in service.FORMATS:
            raise Invalid("请选择导出的格式。")
        table = table_of(source, current_user.actor, asked, utcnow())
        total = table.count(service.MOST_ROWS + 1)
        if total <= AT_ONCE:
            return _at_once(source, table, form)
        run_id = _start(source, asked, form, total)
    except (Invalid, Conflict) as error:
        flash(said(error), "danger")
        return redirect(back_url(url_for("exports.index")), 303)
    queue.nudge(queue.EXPORT)
    return redirect(url_for("exports.show", run_id=run_id), 303)


@blueprint.get("/<int:run_id>")
def show(run_id: int) -> str:
    """How far a run is, and its file."""
    run = service.own(current_user.actor, run_id)
    return render_template("exports/show.html", run=run, showing=showing)


@blueprint.post("/<int:run_id>/cancel")
def cancel(run_id: int) -> AnyResponse:
    """Ends a run that is not finished."""
    with transaction():
        service.cancel(current_user.actor, run_id, utcnow())
    queue.nudge(queue.EXPORT)
    return redirect(url_for("exports.show", run_id=run_id), 303)


@blueprint.get("/<int:run_id>/file")
def download(run_id: int) -> AnyResponse:
    """The file of a finished run, to whoever asked for it."""
    run = service.own(current_user.actor, run_id)
    path = spool.path_of(run.stored_name or "-", Path(current_app.config["UPLOAD_DIR"]))
    if run.state != "done" or run.expires_at is None or run.expires_at <= utcnow():
        raise NotFound("文件已经过期，请重新导出。")
    if not path.is_file():
        raise NotFound("文件已经过期，请重新导出。")
    name = _name(showing.source_words(run.source), run.format)
    return send_file(
        path.open("rb"), mimetype=MIMES[run.format], as_attachment=True, download_name=name
    )


@blueprint.get("/log")
def log() -> str:
    """Who took what away."""
    page = queries.log(cursor_from(request.args), lambda **at: url_for("exports.log", **at))
    return render_template("exports/log.html", page=page, showing=showing)


def _at_once(source: str, table: Table, form: str) -> AnyResponse:
    """The file with its entry in the log: the rows are read once, so the entry is exact."""
    chunks = list(table.chunks())
    rows = [row for chunk in chunks for row in chunk.rows]
    tickets = frozenset[int]().union(*(chunk.tickets for chunk in chunks))
    with transaction():
        actor, now = current_user.actor, utcnow()
        service.log(actor, source, form, len(rows), table.words, table.personal, now)
        service.taken(actor, tickets, form, request.remote_addr or "", now)
    with _scratch(form) as path:
        spool.write(
            *(path, form, table.title, table.headings, rows, _mark()),
            column=showing.mark_column(table.personal),
        )
        opened = path.open("rb")
    name = _name(table.title, form)
    return send_file(opened, mimetype=MIMES[form], as_attachment=True, download_name=name)


def _start(source: str, asked: dict[str, str], form: str, total: int) -> int:
    language = str(get_locale() or "zh_CN")
    with transaction():
        actor = current_user.actor
        return service.start(actor, source, asked, form, total, language, utcnow()).id


def _name(title: str, form: str) -> str:
    """What it is, who took it and when."""
    return f"{title} {_mark().for_file}.{form}"


def _mark() -> Mark:
    return Mark(current_user.name, current_user.username, utcnow())


@contextmanager
def _scratch(form: str) -> Iterator[Path]:
    """A path for one file, removed at the end; whoever has it open can still read it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / f"file.{form}"
