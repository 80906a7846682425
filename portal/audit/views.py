"""Who looked at a ticket, for its firm and those who watch; log and events, for the auditor."""

import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.audit import access, checkpoints, job, parts, queries, sealing, showing
from portal.audit.forms import LogForm, RefusedForm
from portal.audit.refusals import REST
from portal.audit.verifying import states
from portal.auth.guard import network
from portal.db import transaction, utcnow
from portal.exports import service as exports
from portal.paging import cursor_from
from portal.tickets.queries import get_visible

blueprint = Blueprint("audit", __name__)
AT_ONCE = 20_000  # entries of a part that a page makes; more is for the command


@blueprint.get("/tickets/<number>/looks")
def looks(number: str) -> str:
    """Who of the staff looked at the ticket, when, and what was taken away."""
    ticket = get_visible(current_user.actor, number)
    page = queries.looks(
        ticket.id,
        cursor_from(request.args),
        lambda **place: url_for("audit.looks", number=number, **place),
    )
    return render_template("audit/looks.html", ticket=ticket, page=page, names=showing.LOOK_NAMES)


@blueprint.post("/tickets/<number>/printed")
def printed(number: str) -> tuple[str, int]:
    """The browser says that the ticket's page is being printed."""
    ticket = get_visible(current_user.actor, number)
    access.note(ticket.id, "print")
    return "", 204


@blueprint.get("/audit/")
def log() -> str | tuple[str, int]:
    """The log, narrowed to what is looked for, with the state of the chain."""
    form = LogForm(request.args)
    good = form.validate()
    wanted, kept = _wanted(form, (form.subject.data or "").strip()), _kept(form)
    page = queries.log(
        wanted, cursor_from(request.args), lambda **place: url_for("audit.log", **kept, **place)
    )
    context = {"form": form, "page": page, "showing": showing, **_state()}
    context["subjects"] = showing.subjects(page.items)
    answer = render_template("audit/log.html", **context)
    return answer if good else (answer, 422)


@blueprint.get("/audit/refused")
def refused() -> str | tuple[str, int]:
    """The security events: what was refused, to whom, from where, how often."""
    form = RefusedForm(request.args)
    good = form.validate()
    kept, typed = _kept(form), (form.network.data or "").strip()
    page = queries.refused(
        _wanted(form),
        network(typed) if typed and typed != REST else typed,
        cursor_from(request.args),
        lambda **place: url_for("audit.refused", **kept, **place),
    )
    answer = render_template("audit/refused.html", form=form, page=page, showing=showing, rest=REST)
    return answer if good else (answer, 422)


def _wanted(form: LogForm | RefusedForm, subject: str = "") -> queries.Wanted:
    return queries.Wanted(
        (form.person.data or "").strip(),
        subject,
        form.kind.data or "",
        _begin(form.first.data) if form.first.data else None,
        _begin(form.last.data + timedelta(days=1)) if form.last.data else None,
    )


def _kept(form: LogForm | RefusedForm) -> dict[str, str]:
    """What the addresses of other pages of the list carry."""
    return {name: value for name, value in request.args.items() if name in form and value}


def _begin(day: date) -> datetime:
    """The local day's first instant, in UTC."""
    return datetime.combine(day, time(), sealing.LOCAL).astimezone(UTC)


def _state() -> dict[str, object]:
    seq, last = checkpoints.head()
    made = queries.latest_checkpoints()
    return {"seq": seq, "hash": last, "checkpoints": made, "unsealed": queries.unsealed()}


@blueprint.get("/audit/<int:seq>")
def entry(seq: int) -> str:
    """One entry: what it says, and whether it is whole and follows the one before."""
    found = queries.entry(seq)
    return render_template(
        "audit/entry.html",
        entry=found,
        showing=showing,
        subjects=showing.subjects([found]),
        whole=states(found),
        follows=queries.hash_before(seq) == found.previous,
    )


@blueprint.get("/audit/parts")
def months() -> str:
    """The months of the log, to take away as signed parts, and the newest checkpoints."""
    return render_template("audit/parts.html", months=parts.months(), at_once=AT_ONCE, **_state())


@blueprint.post("/audit/checkpoint")
def checkpoint() -> Response:
    """Signs the head of the log now, to be noted elsewhere."""
    made = job.checkpoint(utcnow(), "asked")
    flash(_("已生成检查点，请抄录到系统以外保存。") if made else _("日志还是空的。"), "success")
    return redirect(url_for("audit.months"), 303)


@blueprint.post("/audit/parts/<month>")
def part(month: str) -> Response:
    """A month as a signed part; a large one is for the command."""
    count = parts.size(month)
    if count > AT_ONCE:
        flash(_("这个月的记录较多，请由运维人员用命令导出。"), "warning")
        return redirect(url_for("audit.months"), 303)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "part.zip"
        with transaction():
            parts.write(month, target, job.key(), utcnow())
            actor = current_user.actor
            exports.log(actor, "audit", "zip", count, {_("月份"): month}, False, utcnow())
        job.checkpoint(utcnow(), "export")
        opened = target.open("rb")
    name = f"audit-{month}.zip"
    return send_file(opened, mimetype="application/zip", as_attachment=True, download_name=name)
