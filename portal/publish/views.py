"""The open page: figures and solved cases for everybody, without login, script or session."""

import time
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from portal.db import utcnow
from portal.extensions import limiter
from portal.publish import queries
from portal.publish.disclosure import SMALL
from portal.publish.opening import OpenFigures, OpenRow, open_figures, open_years
from portal.sheets.writing import csv_lines

blueprint = Blueprint("opening", __name__, url_prefix="/open")
TABLES = ("months", "categories")
# A browser or a proxy may keep the page so long; the figures change once a month.
KEEP_SECONDS = 300
LIMIT = "60/minute"


@blueprint.get("")
@limiter.limit(LIMIT, key_func=get_remote_address)
def show() -> Response:
    """One year's figures with small counts hidden, and cases that supervisors chose."""
    years = open_years(utcnow())
    year = _year(years)
    page = render_template(
        "publish/open.html",
        years=[
            {"label": _("%(year)d 年", year=one), "url": _address(one), "current": one == year}
            for one in years
        ],
        year=year,
        found=_figures(year) if year else None,
        cases=queries.shown(),
        small=SMALL,
        places=[],  # the same page for everybody
    )
    return _kept(Response(page, mimetype="text/html"))


@blueprint.get(f"/<any({', '.join(TABLES)}):table>.csv")
@limiter.limit(LIMIT, key_func=get_remote_address)
def download(table: str) -> Response:
    """The months or the categories of a year as CSV, with the same counts hidden."""
    year = _year(open_years(utcnow()))
    if year is None:
        abort(404)
    rows = getattr(_figures(year), table)
    first = _("月份") if table == "months" else _("诉求类别")
    heading = [first, _("受理"), _("企业确认解决"), _("解决率（毛）")]
    lines = csv_lines(heading, (_cells(row) for row in rows))
    response = Response("".join(lines), content_type="text/csv; charset=utf-8")
    name = quote(f"{_('企业诉求办理公开数据')} {year} {first}")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}.csv"
    return _kept(response)


def _year(years: list[int]) -> int | None:
    """The year of the address, else the newest; 404 for one that is not offered."""
    asked = request.args.get("year", "")
    if not asked:
        return years[0] if years else None
    if asked not in map(str, years):
        abort(404)
    return int(asked)


def _address(year: int) -> str:
    return url_for("opening.show", year=year)


def _figures(year: int) -> OpenFigures:
    """The year's figures; counted anew after OPEN_KEEP_SECONDS, whoever asks."""
    kept: dict[int, tuple[float, OpenFigures]]
    kept = current_app.extensions.setdefault("opening", {})
    until, found = kept.get(year, (0.0, None))
    if found is None or until <= time.monotonic():
        found = open_figures(year, utcnow())
        kept[year] = time.monotonic() + current_app.config["OPEN_KEEP_SECONDS"], found
    return found


def _cells(row: OpenRow) -> list[str]:
    """A row as the file shows it; hidden counts are said to be so."""
    label = row.label if isinstance(row.label, str) else f"{row.label:%Y-%m}"
    counts = (row.accepted, row.solved)
    shown = [_("不公布") if count is None else str(count) for count in counts]
    return [label, *shown, "" if row.rate is None else f"{row.rate:.1%}"]


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={KEEP_SECONDS}"
    return response
