"""Writes the rows of stored files, for a draft or for an action of a ticket."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update

from portal.auth.roles import Actor
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import service as outbox
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.files import MOST_BYTES, TOO_LARGE, TOO_MANY, Stored
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent


def attach(
    ticket: Ticket, stored: list[Stored], actor: Actor, now: datetime, *, public: bool
) -> None:
    """Hangs files on the ticket's latest event; `public`: the firm may see them.

    Raises Invalid when all files of the ticket together are too large.
    """
    _fits(Attachment.ticket_id == ticket.id, stored)
    for one in stored:
        db.session.add(
            _row(one, actor, now, ticket_id=ticket.id, event_seq=ticket.event_count, public=public)
        )


def attach_to_draft(
    draft_id: int, stored: list[Stored], actor: Actor, now: datetime, *, most: int
) -> None:
    """Keeps files with what the firm has typed so far.

    Raises Invalid when the draft is gone, or another tab has filled it up to `most` files.
    """
    query = select(Draft.id).where(Draft.id == draft_id).with_for_update()
    if db.session.scalar(query) is None:
        raise Invalid("这份草稿刚刚在另一个页面提交或删除了，请打开“我的诉求”查看。", "files")
    held = select(func.count()).where(Attachment.draft_id == draft_id)
    if (db.session.scalar(held) or 0) + len(stored) > most:
        raise Invalid(TOO_MANY, "files", n=most)
    _fits(Attachment.draft_id == draft_id, stored)
    for one in stored:
        db.session.add(_row(one, actor, now, draft_id=draft_id, public=True))


def publish(ticket: Ticket, action: Action) -> None:
    """Shows the firm the files of the latest `action`: what it waited for is approved."""
    latest = select(func.max(TicketEvent.seq)).where(
        TicketEvent.ticket_id == ticket.id, TicketEvent.action == action
    )
    db.session.execute(
        update(Attachment)
        .where(Attachment.ticket_id == ticket.id, Attachment.event_seq == latest.scalar_subquery())
        .values(public=True)
    )


def attached(ticket_id: int) -> int:
    """How many files a ticket has."""
    query = select(func.count()).where(Attachment.ticket_id == ticket_id)
    return db.session.scalar(query) or 0


def scanned(file: Attachment, virus: str | None, now: datetime) -> None:
    """What the virus scanner said: the file is to be had, or gone and its uploader told."""
    file.state, file.scan_at = "infected" if virus else "ready", None
    if virus is None:
        return
    notice = {"users": [file.uploaded_by_id], "role": None, "department_id": None}
    notice |= {"ticket_id": file.ticket_id, "kind": "infected", "params": {"name": file.name}}
    outbox.put(outbox.NOTIFY, notice, now, key=f"infected:{file.id}")


def _fits(owner: ColumnElement[bool], stored: list[Stored]) -> None:
    if not stored:
        return
    held = db.session.scalar(select(func.sum(Attachment.size)).where(owner)) or 0
    if int(held) + sum(one.size for one in stored) > MOST_BYTES:
        raise Invalid(TOO_LARGE, "files", limit=MOST_BYTES // 1024 // 1024)


def _row(one: Stored, actor: Actor, now: datetime, **owner: object) -> Attachment:
    return Attachment(
        stored_name=one.stored_name,
        name=one.name,
        media_type=one.media_type,
        size=one.size,
        sha256=one.sha256,
        state="waiting" if one.quarantined else "ready",
        scan_at=now if one.quarantined else None,
        uploaded_by_id=actor.id,
        created_at=now,
        **owner,
    )
