"""A person's own data: everything kept about them, as JSON and as a page to read, in one ZIP."""

import io
import json
import zipfile
from datetime import datetime
from html import escape
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.auth.access_models import UserSession
from portal.auth.models import User
from portal.extensions import db
from portal.notify.models import Notice
from portal.private.consents import agreed
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.models import Ticket, TicketEvent

MOST = 5_000  # rows of a kind, the newest; nobody has more by hand


def collected(user: User) -> dict[str, Any]:
    """What is kept about a person, in sections; a fixed number of statements."""
    own = Ticket.applicant_id == user.id
    tickets = select(Ticket).where(own).options(joinedload(Ticket.category))
    acts = select(TicketEvent, Ticket.number).join(Ticket, Ticket.id == TicketEvent.ticket_id)
    acts = acts.where(TicketEvent.actor_id == user.id)
    files = select(Attachment).where(Attachment.uploaded_by_id == user.id)
    notices = select(Notice).where(Notice.user_id == user.id)
    sessions = select(UserSession).where(UserSession.user_id == user.id)
    draft = db.session.scalar(select(Draft).where(Draft.user_id == user.id))
    return {
        "account": _account(user),
        "consents": [{"version": one.version, "at": _at(one.at)} for one in agreed(user.id)],
        "tickets": [_ticket(one) for one in _newest(tickets, Ticket.id)],
        "actions": [
            {"ticket": number, "action": one.action, "at": _at(one.at), **_said(one)}
            for one, number in db.session.execute(acts.order_by(TicketEvent.id.desc()).limit(MOST))
        ],
        "files": [
            {"name": one.name, "size": one.size, "at": _at(one.created_at), "sha256": one.sha256}
            for one in _newest(files, Attachment.id)
        ],
        "notices": [
            {"kind": one.kind, "at": _at(one.created_at), "read_at": _at(one.read_at)}
            for one in _newest(notices, Notice.id)
        ],
        "sign_ins": [
            {"at": _at(one.created_at), "address": one.address, "browser": one.agent}
            for one in _newest(sessions, UserSession.id)
        ],
        "draft": draft.fields if draft is not None else None,
    }


def packed(user: User, labels: dict[str, str], title: str, now: datetime) -> bytes:
    """The ZIP: data.json for programs, data.html for people. `labels`: the sections' headings."""
    data = {"made_at": _at(now), **collected(user)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2))
        archive.writestr("data.html", _page(data, labels, title))
    return made.getvalue()


def _newest(query: Any, key: Any) -> Any:
    return db.session.scalars(query.order_by(key.desc()).limit(MOST))


def _account(user: User) -> dict[str, Any]:
    firm = user.enterprise
    return {
        "username": user.username,
        "name": user.name,
        "phone": user.phone,
        "role": user.role,
        "enterprise": firm.name if firm else None,
        "department": user.department.name if user.department else None,
        "created_at": _at(user.created_at),
        "last_sign_in_at": _at(user.last_sign_in_at),
    }


def _ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "category": ticket.category.full_name,
        "title": ticket.title,
        "description": ticket.description,
        "contact_name": ticket.contact_name,
        "contact_phone": ticket.contact_phone,
        "status": ticket.status,
        "submitted_at": _at(ticket.submitted_at),
        "closed_at": _at(ticket.closed_at),
        "rating": ticket.rating,
    }


def _said(event: TicketEvent) -> dict[str, Any]:
    text = event.payload.get("text")
    return {"text": text} if text else {}


def _at(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None


def _page(data: dict[str, Any], labels: dict[str, str], title: str) -> str:
    parts = [f"<h2>{escape(labels[name])}</h2>{_html(data[name])}" for name in labels]
    head = f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{escape(title)}</title>'
    return f"{head}<body><h1>{escape(title)}</h1>{''.join(parts)}</body></html>"


def _html(value: Any) -> str:
    """Any value as a list or a line; all text escaped."""
    if isinstance(value, dict):
        lines = [f"<dt>{escape(name)}</dt><dd>{_html(one)}</dd>" for name, one in value.items()]
        return f"<dl>{''.join(lines)}</dl>"
    if isinstance(value, list):
        return f"<ol>{''.join(f'<li>{_html(one)}</li>' for one in value)}</ol>"
    return escape("–" if value is None else str(value))
