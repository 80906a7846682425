"""The supervisor's inbox of petitions: the oldest deadline first, many ruled on in one go."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.auth.roles import Actor
from portal.db import transaction, utcnow
from portal.errors import PortalError, Repeated
from portal.extensions import db
from portal.language import lazy as _l
from portal.language import said
from portal.paging import cursor_from
from portal.queue import nudge
from portal.tickets import forms, petition_queries, petition_showing
from portal.tickets.petition_forms import RuleManyForm
from portal.tickets.petition_models import Petition
from portal.tickets.petition_words import PETITIONS
from portal.tickets.service import exclusion, extension, hold, triage
from portal.tickets.service.move import Ask

blueprint = Blueprint("petitioning", __name__)

MOST = 100  # rulings in one go
GRANT = {
    "extension": extension.grant_extension,
    "hold": hold.hold,
    "exclusion": exclusion.grant_exclusion,
}
REFUSE = {
    "extension": extension.refuse_extension,
    "hold": hold.refuse_hold,
    "exclusion": exclusion.refuse_exclusion,
    "return": triage.refuse_return,
}
RULINGS = {"grant": GRANT, "refuse": REFUSE}
LABELS = {"grant": _l("同意"), "refuse": _l("不同意")}


@blueprint.get("/petitions")
def inbox() -> str:
    """What waits for the reader's ruling, the oldest deadline first; many can be ticked at once."""
    actor, now = current_user.actor, utcnow()
    kind = request.args.get("kind")
    kind = kind if kind in PETITIONS else None
    page = petition_queries.inbox(
        actor,
        kind,
        cursor_from(request.args),
        lambda **place: url_for("petitioning.inbox", kind=kind, **place),
    )
    counted = petition_queries.counts(actor.role)
    return render_template(
        "tickets/petitions.html",
        page=page,
        rows=_rows(page.items, actor, now),
        chips=_chips(kind, counted),
        ticked=request.args.get("ticked") == "1",
        tick_url=url_for("petitioning.inbox", **{**_place(), "ticked": "1"}),
        filtered=kind is not None,
    )


def _place() -> dict[str, Any]:
    """Where in the list the reader is, as its address says it."""
    return {name: request.args.get(name) for name in ("kind", "after", "before")}


def _rows(petitions: Iterable[Petition], actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """Each petition with its ticket; `own`: the reader asked it and cannot rule on it."""
    listed = list(petitions)
    shown = petition_showing.views(listed, now)
    return [
        {"petition": view, "ticket": one.ticket, "own": one.asked_by_id == actor.id}
        for one, view in zip(listed, shown, strict=True)
    ]


def _chips(kind: str | None, counted: dict[str, int]) -> list[dict[str, Any]]:
    everything = {
        "label": _("全部"),
        "url": url_for("petitioning.inbox"),
        "current": kind is None,
        "count": sum(counted.values()),
    }
    kinds = [
        {
            "label": label,
            "url": url_for("petitioning.inbox", kind=name),
            "current": name == kind,
            "count": counted.get(name, 0),
        }
        for name, label in PETITIONS.items()
    ]
    return [everything, *kinds]


@blueprint.route("/petitions/rule", methods=["GET", "POST"])
def rule() -> str | tuple[str, int]:
    """Confirms a ruling on what was ticked, then does each in a transaction of its own."""
    actor, now = current_user.actor, utcnow()
    decision = request.values.get("decision", "")
    decision = decision if decision in RULINGS else "grant"
    ids = [int(one) for one in request.values.getlist("id") if one.isdigit() and len(one) < 19]
    found = petition_queries.chosen(actor, ids[:MOST])
    form = RuleManyForm()
    if request.method == "POST" and found and form.validate_on_submit():
        return _done(found, decision, form, actor, now)
    if request.method == "GET":
        form.key.data = forms.new_key()
    open_ones = [one for one in found if one.state == "asked"]
    able = [one for one in open_ones if _able(one, decision, actor)]
    page = render_template(
        "tickets/petitions_rule.html",
        form=form,
        decision=decision,
        label=LABELS[decision],
        rows=_rows(able, actor, now),
        alone=_rows([one for one in open_ones if one not in able], actor, now),
        gone=_rows([one for one in found if one.state != "asked"], actor, now),
    )
    return page if request.method == "GET" or not found else (page, 422)


def _able(one: Petition, decision: str, actor: Actor) -> bool:
    """A second return is granted by naming a cadre, one by one; nobody rules on an own petition."""
    return one.kind in RULINGS[decision] and one.asked_by_id != actor.id


def _done(
    found: list[Petition], decision: str, form: RuleManyForm, actor: Actor, now: datetime
) -> str:
    """The result of each row; what could not be done says what happened meanwhile."""
    todo = [(one.id, one.kind, one.ticket_id) for one in found]
    words = {petition_id: "" for petition_id, _kind, _ticket in todo}
    for petition_id, kind, ticket_id in todo:
        db.session.rollback()  # each is decided on what is true now
        key = f"{form.key.data}:{petition_id}" if form.key.data else None
        verb = RULINGS[decision].get(kind)
        if verb is None:
            words[petition_id] = _("第二次退单要指定承办人，请打开诉求逐件裁定。")
            continue
        try:
            with transaction():
                verb(Ask(actor, ticket_id, now, key=key), form.text.data or "", petition_id)
        except Repeated:
            pass  # the first sending has done it
        except PortalError as error:
            changed = _("您打开页面之后这件申请有了变化，没有执行。")
            words[petition_id] = said(error) or changed
    nudge()
    db.session.rollback()
    rows = _rows(petition_queries.chosen(actor, words), actor, now)
    results = [{**row, "problem": words[row["petition"].id]} for row in rows]
    good = sum(not one["problem"] for one in results)
    return render_template(
        "tickets/petitions_done.html", results=results, good=good, label=LABELS[decision]
    )
