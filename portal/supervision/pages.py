"""The supervisor's page of alerts, and the thresholds behind them with who changed what."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.db import transaction, utcnow
from portal.errors import N_, Invalid, Stale
from portal.fields import blame
from portal.kpi.queries import directory
from portal.paging import cursor_from
from portal.queue import WATCH, nudge
from portal.supervision import queries, service, showing
from portal.supervision.forms import SeenForm, ThresholdForm, values_of
from portal.uniqueness import unique

Answer = Response | str | tuple[str, int]
TWICE = {
    "uq_threshold_active": (
        N_("这个指标、范围和时段已经有一条预警线，请直接修改那一条。"),
        "figure",
    )
}

blueprint = Blueprint("supervision", __name__, url_prefix="/supervision")


@blueprint.get("/")
def alerts() -> str:
    """What is beyond a bound now, and what was."""
    standing = queries.open_alerts()
    past = queries.closed_alerts(
        cursor_from(request.args), lambda **place: url_for("supervision.alerts", **place)
    )
    return render_template(
        "supervision/alerts.html",
        standing=[showing.alert_view(alert) for alert in standing],
        past=[showing.alert_view(alert) for alert in past.items],
        page=past,
        tabs=showing.tabs("supervision.alerts"),
        watched=len(queries.thresholds()),
    )


@blueprint.get("/thresholds")
def thresholds() -> str:
    """The thresholds in use, and those taken out of use last."""
    known = directory()
    return render_template(
        "supervision/thresholds.html",
        rows=[showing.threshold_view(one, known) for one in queries.thresholds()],
        removed=[showing.threshold_view(one, known) for one in queries.removed()],
        tabs=showing.tabs("supervision.thresholds"),
    )


@blueprint.route("/thresholds/new", methods=["GET", "POST"])
def new_threshold() -> Answer:
    """One more threshold."""
    form = ThresholdForm(directory())
    if form.validate_on_submit():
        saved = _saved(form, lambda: service.add(current_user.actor, form.wanted, utcnow()))
        if saved is not None:
            return saved
    status = 422 if form.errors or form.form_errors else 200
    return render_template("supervision/threshold.html", form=form, row=None), status


@blueprint.route("/thresholds/<int:threshold_id>", methods=["GET", "POST"])
def threshold(threshold_id: int) -> Answer:
    """Other bounds for a threshold, and its history."""
    known, row = directory(), queries.threshold(threshold_id)
    form = ThresholdForm(known, **(values_of(row) if request.method == "GET" else {}))
    status = 200
    if form.validate_on_submit():
        actor, wanted = current_user.actor, form.wanted
        try:
            saved = _saved(
                form, lambda: service.change(actor, threshold_id, form.seen, wanted, utcnow())
            )
            if saved is not None:
                return saved
        except Stale:
            status, row = 409, queries.threshold(threshold_id)
            form.version.data = str(row.version)
    if form.errors or form.form_errors:
        status = 422
    return render_template(
        "supervision/threshold.html",
        form=form,
        row=row,
        history=[showing.change_view(one, row, known) for one in row.history],
        stale=status == 409,
    ), status


@blueprint.post("/thresholds/<int:threshold_id>/remove")
def remove_threshold(threshold_id: int) -> Answer:
    """Takes a threshold out of use."""
    form = SeenForm()
    try:
        with transaction():
            service.remove(current_user.actor, threshold_id, form.seen, utcnow())
    except Stale:
        flash(_("这条预警线刚被别人改过，没有停用。请看过再决定。"), "danger")
        return redirect(url_for("supervision.threshold", threshold_id=threshold_id), 303)
    flash(_("预警线已停用，历史记录保留。"), "success")
    return redirect(url_for("supervision.thresholds"), 303)


def _saved(form: ThresholdForm, write: Callable[[], Any]) -> Response | None:
    """Saves and asks for a look; None where the service refuses, with why in the form."""
    try:
        with transaction(), unique(TWICE):
            write()
    except Invalid as error:
        blame(form, error)
        return None
    nudge(WATCH)
    flash(_("预警线已保存，马上按新的线判断一次。"), "success")
    return redirect(url_for("supervision.thresholds"), 303)
