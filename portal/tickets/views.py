"""The firm's pages: my tickets, the ticket page, and the firm's actions."""

from pathlib import Path

from flask import Blueprint, current_app, render_template, request, send_file, url_for
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal.audit import access
from portal.auth.roles import Actor
from portal.db import utcnow
from portal.errors import Conflict, NotFound
from portal.extensions import db
from portal.language import lazy as _l
from portal.paging import cursor_from
from portal.tickets import doors, files, forms, queries
from portal.tickets.explained import explain_context
from portal.tickets.file_models import Attachment
from portal.tickets.lifecycle import OPEN, Action, Status
from portal.tickets.models import Ticket
from portal.tickets.pages import is_firm, rows
from portal.tickets.reasons import VouchAnswer
from portal.tickets.service import applicant, confirmation, vouch
from portal.tickets.showing import ticket_context
from portal.wording import FILE_STATES

blueprint = Blueprint("tickets", __name__)

_MINE = frozenset({Status.NEEDS_INFO, Status.AWAITING_CONFIRMATION})
VIEWS = {
    "all": (_l("全部"), None),
    "mine": (_l("需要我处理"), _MINE),
    "open": (_l("办理中"), OPEN - _MINE),
    "closed": (_l("已办结"), frozenset({Status.CLOSED})),
}


@blueprint.get("/tickets")
def mine() -> str:
    """The firm's tickets, newest first, with chips for those that wait for the firm."""
    actor, now = current_user.actor, utcnow()
    view = request.args.get("view", "all")
    statuses = VIEWS.get(view, VIEWS["all"])[1]
    page = queries.newest(
        actor,
        queries.Filter(statuses=statuses),
        now,
        cursor_from(request.args),
        lambda **place: url_for("tickets.mine", view=view, **place),
    )
    counted = queries.counts(actor, now)
    waiting = sum(count for (status, _light), count in counted.items() if status in _MINE)
    running = sum(count for (status, _light), count in counted.items() if status not in _MINE)
    ended = queries.closed_count(actor)
    totals = {
        "all": waiting + running + ended,
        "mine": waiting,
        "open": running,
        "closed": ended,
    }
    chips = [
        {
            "label": label,
            "url": url_for("tickets.mine", view=name),
            "current": name == view,
            "count": totals.get(name),
        }
        for name, (label, _statuses) in VIEWS.items()
    ]
    return render_template(
        "tickets/mine.html", page=page, rows=rows(page.items, now), chips=chips, waiting=waiting
    )


@blueprint.get("/tickets/<number>")
def show(number: str) -> str:
    """One ticket, for everybody who may see it."""
    actor = current_user.actor
    ticket = queries.get_visible(actor, number)
    access.note(ticket.id, "view")
    return render_template("tickets/show.html", **ticket_context(ticket, actor, utcnow()))


@blueprint.get("/tickets/<number>/explain")
def explain(number: str) -> str:
    """How each due of the ticket was worked out, line by line, for everybody who may see it."""
    ticket = queries.get_visible(current_user.actor, number)
    access.note(ticket.id, "view")
    return render_template("tickets/explain.html", **explain_context(ticket, utcnow()))


@blueprint.get("/tickets/<number>/receipt")
def receipt(number: str) -> str:
    """What the firm takes away after submitting: number, query code, what happens next."""
    ticket = queries.get_visible(current_user.actor, number)
    return render_template("tickets/receipt.html", ticket=ticket)


@blueprint.get("/tickets/<number>/files/<int:attachment_id>")
def download(number: str, attachment_id: int) -> Response:
    """A file of the ticket, always as a download, never run by the browser."""
    actor = current_user.actor
    ticket = queries.get_visible(actor, number)
    query = select(Attachment).where(
        Attachment.id == attachment_id, Attachment.ticket_id == ticket.id
    )
    if is_firm(actor):
        query = query.where(Attachment.public)
    attachment = db.session.scalar(query)
    if attachment is None:
        raise NotFound("没有找到这个附件。")
    if attachment.state != "ready":
        raise Conflict(FILE_STATES[attachment.state])
    path = files.path_of(attachment.stored_name, Path(current_app.config["UPLOAD_DIR"]))
    if not path.is_file():
        raise NotFound("这个附件已不在服务器上。")
    access.note(ticket.id, "download", detail=str(attachment.id))
    response = send_file(
        path,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=attachment.name,
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _as_filed(form: forms.VouchForm, ticket: Ticket, _actor: Actor) -> None:
    """The words that the cadre filed, to correct in place."""
    if request.method == "GET":
        form.description.data = ticket.description


doors.register(
    blueprint,
    doors.Door(
        Action.SUPPLY_INFO,
        lambda ask, form: applicant.supply_info(ask, form.text.data),
        _l("材料已提交，办理时限恢复计时。"),
        forms.SupplyInfoForm,
        _l("提交后诉求回到原来的环节，办理时限继续计时。"),
    ),
    doors.Door(
        Action.COMMENT,
        lambda ask, form: applicant.comment(ask, form.text.data),
        _l("说明已添加，承办人会看到。"),
        forms.CommentForm,
    ),
    doors.Door(
        Action.VOUCH,
        lambda ask, form: vouch.answer(
            ask, VouchAnswer(form.answer.data), form.description.data or "", form.text.data or ""
        ),
        _l("已登记您的答复，谢谢核实。"),
        forms.VouchForm,
        _l("选“不是我们提的”，这件诉求就撤回，承办人不再办理。办理时限不受核实影响。"),
        prepare=_as_filed,
    ),
    doors.Door(
        Action.URGE,
        lambda ask, form: applicant.urge(ask, form.text.data or ""),
        _l("已催办，承办人会收到提醒。"),
        forms.UrgeForm,
        _l("每个环节可以催办一次，承办人会立即收到提醒。"),
    ),
    doors.Door(
        Action.WITHDRAW,
        lambda ask, form: applicant.withdraw(ask, form.text.data, form.asked_by_unit.data),
        _l("诉求已撤回。"),
        forms.WithdrawForm,
        _l("撤回后这件诉求就结束了，承办人不再办理，也不能恢复；需要时可以重新提交。"),
        danger=True,
    ),
    doors.Door(
        Action.CONFIRM,
        lambda ask, form: confirmation.confirm(ask, int(form.rating.data), form.text.data or ""),
        _l("感谢您的确认，这件诉求已办结。"),
        forms.ConfirmForm,
        _l("确认后这件诉求按“已解决”办结；15 个工作日内仍可申请重办。"),
    ),
    doors.Door(
        Action.DISPUTE,
        lambda ask, form: confirmation.dispute(ask, int(form.rating.data), form.text.data),
        _l("已退回承办人重新办理。"),
        forms.DisputeForm,
        _l("承办人会按您写的情况重新办理，办理时限重新计算。"),
    ),
    doors.Door(
        Action.REOPEN,
        lambda ask, form: confirmation.reopen(ask, form.text.data),
        _l("已申请重办，承办人会重新办理。"),
        forms.ReopenForm,
        _l("承办人会重新办理，办理时限重新计算。"),
    ),
)
