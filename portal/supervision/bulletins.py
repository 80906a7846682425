"""The archive of bulletins 通报 for supervisors, leaders and reviewers.

What reviewers read names units and counts; the workbook names firms and tickets, and is for those
who may see all of them.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, current_app, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit.watermark import Mark
from portal.auth.gate import roles_for
from portal.auth.roles import Role
from portal.db import transaction, utcnow
from portal.paging import cursor_from
from portal.sheets import service as sheets
from portal.supervision import cycles, making, paper, queries, showing
from portal.supervision.compiling import period_of
from portal.supervision.facts import Count
from portal.supervision.models import Bulletin
from portal.supervision.words import BULLETINS, bulletin_title, figure_name

TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEAD = ("resolution_gross", "resolution_net", "on_time_rate", "satisfaction")

blueprint = Blueprint("bulletins", __name__, url_prefix="/bulletins")


@blueprint.get("/")
def index() -> str:
    """All bulletins, or those of weeks or months, the newest first."""
    kind = request.args.get("kind")
    kind = kind if kind in BULLETINS else None

    def address(**place: Any) -> str:
        return url_for("bulletins.index", kind=kind, **place)

    chips = [(None, _("全部")), *BULLETINS.items()]
    return render_template(
        "supervision/bulletins.html",
        page=queries.bulletins(kind, cursor_from(request.args), address),
        title=bulletin_title,
        tabs=showing.tabs("bulletins.index") if _oversees() else [],
        chips=[
            {"label": label, "url": url_for("bulletins.index", kind=one), "current": one == kind}
            for one, label in chips
        ],
    )


@blueprint.get("/<int:bulletin_id>")
def show(bulletin_id: int) -> str:
    """One bulletin: its four figures, its sentences, its files."""
    row = queries.bulletin(bulletin_id)
    figures, previous = (row.content.get(one, {}) for one in ("figures", "previous"))
    return render_template(
        "supervision/bulletin.html",
        row=row,
        title=bulletin_title,
        boxes=[
            (name, Count(**figures[name]), Count(**previous[name]))
            for name in HEAD
            if name in figures
        ],
        titles={name: figure_name(name) for name in HEAD},
        lists=_oversees(),
    )


@blueprint.get("/<int:bulletin_id>/bulletin.pdf")
def pdf(bulletin_id: int) -> Response:
    """The two pages."""
    return _file(queries.bulletin(bulletin_id), "pdf")


@blueprint.get("/<int:bulletin_id>/bulletin.xlsx")
def xlsx(bulletin_id: int) -> Response:
    """The figures and the lists of tickets; who took it is logged."""
    row = queries.bulletin(bulletin_id)
    answer = _file(row, "xlsx")
    with transaction():
        sheets.log_export("bulletin", "xlsx", _rows(row), current_user.actor, utcnow())
    return answer


def _oversees() -> bool:
    return Role(current_user.role) in roles_for("bulletins.xlsx")


def _rows(row: Bulletin) -> int:
    """How many tickets the lists of the workbook are about."""
    return row.content["figures"]["resolution_gross"]["d"]


def _file(row: Bulletin, form: str) -> Response:
    path = making.path_of(row, form, Path(current_app.config["UPLOAD_DIR"]))
    if row.state != "made" or not path.is_file():
        abort(404)
    kind, period = period_of(row)
    mark = Mark(current_user.name, current_user.username, utcnow())
    name = f"企业诉求办理情况通报 {cycles.name(kind, period)} {mark.for_file}.{form}"
    whole = path.read_bytes()  # two pages, or lists of a month
    body = paper.marked(whole, f"{mark.username} {mark.time}") if form == "pdf" else whole
    return send_file(
        BytesIO(body), mimetype=TYPES[form], as_attachment=form == "xlsx", download_name=name
    )
