"""The administrator's pages of import and export."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from portal import queue
from portal.audit import noting
from portal.audit.watermark import Mark
from portal.auth.proof import PERSONAL_REGISTERS
from portal.db import transaction, utcnow
from portal.errors import Conflict, Invalid
from portal.fields import blame
from portal.language import said
from portal.paging import cursor_from
from portal.sheets import files, queries, service, showing, writing
from portal.sheets.forms import ConfirmForm, UploadForm
from portal.sheets.kinds import SHEETS
from portal.sheets.models import SheetImport
from portal.sheets.registry import register_of

Answer = AnyResponse | str | tuple[str, int]
LOCAL = ZoneInfo("Asia/Shanghai")
KIND = f"<any({', '.join(SHEETS)}):kind>"
FORM = f"<any({', '.join(writing.FORMATS)}):form>"
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

blueprint = Blueprint("sheets", __name__, url_prefix="/admin/sheets")


@blueprint.get("/")
def index() -> str:
    """The registers, each with its file to take away or bring."""
    return render_template("sheets/index.html", sheets=list(SHEETS.values()))


@blueprint.get("/imports")
def imports() -> str:
    """All imports, newest first."""
    page = queries.imports(cursor_from(request.args), _address("sheets.imports"))
    return render_template("sheets/imports.html", page=page, showing=showing)


@blueprint.get("/exports")
def exports() -> str:
    """Who took which register away."""
    page = queries.exports(cursor_from(request.args), _address("sheets.exports"))
    return render_template("sheets/exports.html", page=page, showing=showing)


@blueprint.route(f"/{KIND}", methods=["GET", "POST"])
def register(kind: str) -> Answer:
    """One register: its template, its export, and the upload of a file."""
    form = UploadForm()
    if form.validate_on_submit():
        try:
            return _uploaded(kind, form)
        except Invalid as error:
            noting.note("upload")
            blame(form, error)
    context = {"sheet": SHEETS[kind], "recent": queries.recent(kind), "showing": showing}
    status = 422 if form.errors else 200
    return render_template("sheets/register.html", form=form, **context), status


@blueprint.get(f"/{KIND}/template.{FORM}")
def template(kind: str, form: str) -> AnyResponse:
    """The headings, an example row and notes."""
    sheet = SHEETS[kind]
    name = _("%(title)s导入模板", title=showing.title(kind))
    if form == "csv":
        return _csv(writing.template_csv(sheet), name)
    with _scratch() as path:
        writing.template_xlsx(sheet, path)
        return _xlsx(path, name)


@blueprint.get(f"/{KIND}/export.{FORM}")
def export(kind: str, form: str) -> AnyResponse:
    """A whole register; who took it is logged, and stands in it where it holds persons."""
    source = register_of(kind, _today())
    with transaction():
        service.log_export(kind, form, source.count(), current_user.actor, utcnow())
    mark = Mark(current_user.name, current_user.username, utcnow())
    name = f"{showing.title(kind)} {mark.for_file}"
    if form == "csv":
        inside = mark if kind in PERSONAL_REGISTERS else None
        return _csv(writing.export_csv(source.sheet, source.export(), inside), name)
    with _scratch() as path:
        writing.export_xlsx(source.sheet, source.export(), path, mark)
        return _xlsx(path, name)


@blueprint.get("/imports/<int:import_id>")
def show(import_id: int) -> str:
    """One import: what it would change, how far it is, what became of it."""
    return _page(queries.get(import_id), ConfirmForm())


@blueprint.post("/imports/<int:import_id>/confirm")
def confirm(import_id: int) -> Answer:
    """Lets the plan be applied."""
    form = ConfirmForm()
    if form.validate_on_submit():
        try:
            with transaction():
                service.confirm(import_id, form.mode.data, utcnow())
            queue.nudge(queue.SHEETS)
            return redirect(url_for("sheets.show", import_id=import_id), 303)
        except Invalid as error:
            blame(form, error)
        except Conflict as error:
            flash(said(error), "danger")
            return redirect(url_for("sheets.show", import_id=import_id), 303)
    return _page(queries.get(import_id), form), 422


@blueprint.post("/imports/<int:import_id>/cancel")
def cancel(import_id: int) -> AnyResponse:
    """Ends an import that has written nothing."""
    try:
        with transaction():
            row = service.cancel(import_id, utcnow())
            files.discard(row.stored_name, _folder())
            row.stored_name = None
        flash(_("已取消，没有写入任何数据。"), "success")
    except Conflict as error:
        flash(said(error), "danger")
    return redirect(url_for("sheets.show", import_id=import_id), 303)


@blueprint.get("/imports/<int:import_id>/wrong.csv")
def wrong(import_id: int) -> AnyResponse:
    """The lines that were not taken, with the reason, to be corrected and uploaded again."""
    row = queries.get(import_id)
    sheet = SHEETS[row.kind]
    with transaction():
        count = row.wrong + row.refused
        service.log_export(row.kind, "csv", count, current_user.actor, utcnow())
    lines = (
        (number, cells, showing.reason(sheet, problems))
        for number, cells, problems in queries.wrong_lines(import_id)
    )
    name = _("%(title)s错误行", title=showing.title(row.kind))
    return _csv(writing.wrong_csv(sheet, row.columns, lines), name)


def _uploaded(kind: str, form: UploadForm) -> AnyResponse:
    """Keeps the file, notes the import, and asks a worker to plan it."""
    upload = form.file.data
    kept = files.keep(upload.stream, upload.filename or "", _folder())
    try:
        with transaction():
            import_id = service.start(kind, vars(kept), current_user.actor, utcnow()).id
    except BaseException:
        files.discard(kept.stored_name, _folder())
        raise
    queue.nudge(queue.SHEETS)
    return redirect(url_for("sheets.show", import_id=import_id), 303)


def _page(row: SheetImport, form: ConfirmForm) -> str:
    sheet = SHEETS[row.kind]
    chosen = showing.chosen_of(row, request.args.get("show", ""))
    after = request.args.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 9 else 0
    lines, more = queries.lines(row.id, chosen, start)
    return render_template(
        "sheets/show.html",
        row=row,
        form=form,
        title=showing.title(row.kind),
        chosen=chosen,
        lines=[showing.line_view(sheet, line) for line in lines],
        next_after=lines[-1].seq if more else None,
        paged=start > 0,
        counts=showing.counts_of(row),
        showing=showing,
    )


def _address(endpoint: str) -> Any:
    return lambda **place: url_for(endpoint, **place)


def _today() -> date:
    return utcnow().astimezone(LOCAL).date()


def _folder() -> Path:
    return Path(current_app.config["UPLOAD_DIR"])


@contextmanager
def _scratch() -> Iterator[Path]:
    """A path for one file, removed at the end; whoever has it open can still read it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "sheet.xlsx"


def _csv(lines: Iterator[str], name: str) -> Response:
    response = Response(stream_with_context(lines), content_type=CSV)
    disposition = f"attachment; filename*=UTF-8''{quote(name)}.csv"
    response.headers["Content-Disposition"] = disposition
    return response


def _xlsx(path: Path, name: str) -> AnyResponse:
    return send_file(
        path.open("rb"), mimetype=XLSX, as_attachment=True, download_name=f"{name}.xlsx"
    )
