"""Sealed tickets 密件: the firm seals and unseals; staff sees the firm with a stated reason."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal.audit import access
from portal.auth.roles import Actor
from portal.db import utcnow
from portal.errors import NotFound
from portal.extensions import db
from portal.fields import offer
from portal.language import lazy as _l
from portal.tickets import choices, doors, forms, queries
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import seal
from portal.tickets.views import blueprint as firm_blueprint
from portal.wording import size_name

blueprint = Blueprint("sealing", __name__)
OPENED_FOR = timedelta(minutes=30)


@blueprint.get("/tickets/<number>/identity")
def identity(number: str) -> str | Response:
    """The firm and contact of a sealed ticket, for whoever has stated a reason just now."""
    actor, now = current_user.actor, utcnow()
    ticket = queries.get_visible(actor, number)
    if not ticket.sealed:
        raise NotFound("这件诉求不是密件。")
    query = select(TicketEvent).where(
        TicketEvent.ticket_id == ticket.id,
        TicketEvent.action == Action.REVEAL,
        TicketEvent.actor_id == actor.id,
        TicketEvent.at > now - OPENED_FOR,
    )
    opened = db.session.scalar(query.order_by(TicketEvent.seq.desc()).limit(1))
    if opened is None:
        return redirect(url_for("sealing.reveal", number=number), 303)
    reason, until = opened.payload["text"], opened.at + OPENED_FOR
    access.note(ticket.id, "open", reason)
    firm = ticket.enterprise
    facts = [
        (_("企业"), firm.name),
        (_("统一社会信用代码"), firm.uscc),
        (_("企业规模"), size_name(firm.size)),
        (_("联系人"), ticket.contact_name),
        (_("联系电话"), ticket.contact_phone),
        (_("查看的理由"), reason),
    ]
    return render_template("tickets/identity.html", ticket=ticket, facts=facts, until=until)


def _offer_units(form: Any, ticket: Ticket, actor: Actor) -> None:
    offer(form.about_id, choices.departments(), _("不指明单位"))
    if request.method == "GET":
        form.about_id.data = ticket.sealed_about_id


doors.register(
    firm_blueprint,
    doors.Door(
        Action.SEAL,
        lambda ask, form: seal.seal(ask, form.about_id.data),
        _l("已设为密件。"),
        forms.SealForm,
        _l(
            "所涉单位和它的上下级从此看不到这件诉求；已在该单位办理的，立即收回另派。"
            "承办人看不到企业名称和联系方式，只通过答复与您联系。"
        ),
        prepare=_offer_units,
        renamed=lambda ticket: _("更改所涉单位") if ticket.sealed else None,
    ),
    doors.Door(
        Action.UNSEAL,
        lambda ask, form: seal.unseal(ask, form.text.data or ""),
        _l("已解除密件。"),
        forms.UnsealForm,
        _l("解除后，这件诉求和其他诉求一样办理，承办人能看到企业名称和联系方式。"),
        danger=True,
    ),
)
doors.register(
    blueprint,
    doors.Door(
        Action.REVEAL,
        lambda ask, form: seal.reveal(ask, form.text.data),
        _l("已记录。"),
        forms.RevealForm,
        _l(
            "查看人、时间和理由会记录下来，企业看得到。身份显示 30 分钟，请勿转告承办人和所涉单位。"
        ),
        onward=lambda form, ticket: url_for("sealing.identity", number=ticket.number),
    ),
)
