"""A person's own data: everything kept about them, as JSON and as a page to read, in one ZIP."""

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from html import escape
from pathlib import Path
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
Sections = Iterable[tuple[str, Any]]


def section(user: User, name: str) -> Any:
    """One of SECTIONS of what is kept about a person, as JSON holds it."""
    return _MADE[name](user)


def pack(target: Path, labels: Mapping[str, str], title: str, found: Sections, at: str) -> None:
    """Writes the ZIP: data.json for programs, data.html for people.

    `labels`: the sections' headings; `found`: name and content of each; `at`: when it was made.
    """
    data: dict[str, Any] = {"made_at": at, **dict(found)}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2))
        archive.writestr("data.html", _page(data, labels, title))


def _tickets(user: User) -> list[dict[str, Any]]:
    own = select(Ticket).where(Ticket.applicant_id == user.id)
    return [_ticket(one) for one in _newest(own.options(joinedload(Ticket.category)), Ticket.id)]


def _actions(user: User) -> list[dict[str, Any]]:
    acts = select(TicketEvent, Ticket.number).join(Ticket, Ticket.id == TicketEvent.ticket_id)
    acts = acts.where(TicketEvent.actor_id == user.id)
    return [
        {"ticket": number, "action": one.action, "at": _at(one.at), **_said(one)}
        for one, number in db.session.execute(acts.order_by(TicketEvent.id.desc()).limit(MOST))
    ]


def _consents(user: User) -> list[dict[str, Any]]:
    return [{"version": one.version, "at": _at(one.at)} for one in agreed(user.id)]


def _files(user: User) -> list[dict[str, Any]]:
    own = select(Attachment).where(Attachment.uploaded_by_id == user.id)
    return [
        {"name": one.name, "size": one.size, "at": _at(one.created_at), "sha256": one.sha256}
        for one in _newest(own, Attachment.id)
    ]


def _notices(user: User) -> list[dict[str, Any]]:
    own = select(Notice).where(Notice.user_id == user.id)
    return [
        {"kind": one.kind, "at": _at(one.created_at), "read_at": _at(one.read_at)}
        for one in _newest(own, Notice.id)
    ]


def _sign_ins(user: User) -> list[dict[str, Any]]:
    own = select(UserSession).where(UserSession.user_id == user.id)
    return [
        {"at": _at(one.created_at), "address": one.address, "browser": one.agent}
        for one in _newest(own, UserSession.id)
    ]


def _draft(user: User) -> dict[str, Any] | None:
    draft = db.session.scalar(select(Draft).where(Draft.user_id == user.id))
    return draft.fields if draft is not None else None


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


def _page(data: dict[str, Any], labels: Mapping[str, str], title: str) -> str:
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


_MADE: dict[str, Callable[[User], Any]] = {
    "account": _account,
    "consents": _consents,
    "tickets": _tickets,
    "actions": _actions,
    "files": _files,
    "notices": _notices,
    "sign_ins": _sign_ins,
    "draft": _draft,
}
SECTIONS = tuple(_MADE)
