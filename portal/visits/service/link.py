"""Vouch links: a random token for one ticket, stored as its hash, good once and for a while."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor, Role
from portal.errors import NotFound, Repeated
from portal.extensions import db
from portal.outbox import service as outbox
from portal.sla import ladder
from portal.sla.calendars import current_calendar
from portal.tickets.models import Ticket
from portal.tickets.reasons import VouchAnswer
from portal.tickets.service import vouch
from portal.tickets.service.move import Ask, locked, tell
from portal.visits.models import VouchLink
from portal.visits.rules import LINK_DAYS, REMIND_DAYS

TOKEN_BYTES = 32


def issue(actor: Actor, ticket: Ticket, now: datetime) -> str:
    """A new link for a ticket that waits for the firm's word; the ones before are void.

    The token is told this once; 15 working days from `now` (UTC) it ends. A link that is still
    unanswered three working days before is called to mind, once.
    """
    db.session.execute(
        update(VouchLink)
        .where(
            VouchLink.ticket_id == ticket.id,
            VouchLink.used_at.is_(None),
            VouchLink.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    token, calendar = secrets.token_urlsafe(TOKEN_BYTES), current_calendar()
    link = VouchLink(
        ticket_id=ticket.id,
        token_hash=_hash(token),
        issued_by_id=actor.id or 0,
        issued_at=now,
        expires_at=calendar.add_days(now, LINK_DAYS),
    )
    db.session.add(link)
    db.session.flush()
    at = ladder.slot(calendar, calendar.add_days(now, REMIND_DAYS))
    outbox.put(outbox.VOUCH_DUE, {"link_id": link.id}, now, f"vouch_due:{link.id}", at=at)
    return token


def remind(link_id: int, now: datetime) -> bool:
    """Tells the cadre who gave the link, and the firm's accounts, that it waits and will end.

    Whether it does: one that was answered, is void or has ended needs nobody.
    """
    link = db.session.get_one(VouchLink, link_id)
    ticket = locked(link.ticket_id)
    db.session.refresh(link)
    waits = link.used_at is None and link.revoked_at is None and now <= link.expires_at
    if not waits or not ticket.vouch_pending:
        return False
    due = link.expires_at.isoformat()
    tell(ticket, "vouch_unanswered", now, users=[link.issued_by_id], due=due)
    tell(ticket, "vouch_due", now, users=[ticket.applicant_id], due=due)
    return True


def renew(actor: Actor, number: str, now: datetime) -> str:
    """Another link for a ticket that the actor filed. Raises NotFound when none is waited for."""
    query = select(Ticket.id).where(Ticket.number == number, Ticket.filed_by_id == actor.id)
    ticket_id = db.session.scalar(query)
    ticket = locked(ticket_id) if ticket_id is not None else None
    if ticket is None or not ticket.vouch_pending:
        raise NotFound("这件诉求不需要企业核实。")
    return issue(actor, ticket, now)


def find(token: str, now: datetime) -> VouchLink:
    """The link that a token opens: one that waits, or one that was answered.

    Raises NotFound, the same for a token that was never given out, is void or has ended.
    """
    query = (
        select(VouchLink)
        .where(VouchLink.token_hash == _hash(token))
        .options(
            joinedload(VouchLink.issued_by),
            joinedload(VouchLink.ticket).joinedload(Ticket.enterprise),
            joinedload(VouchLink.ticket).joinedload(Ticket.category),
        )
    )
    link = db.session.scalar(query)
    if link is None or link.revoked_at is not None:
        raise NotFound("这个链接无效或已经过期，请向给您链接的干部再要一个。")
    waits = now <= link.expires_at and link.ticket.vouch_pending
    if link.used_at is None and not waits:
        raise NotFound("这个链接无效或已经过期，请向给您链接的干部再要一个。")
    return link


def answer(
    token: str,
    said: VouchAnswer,
    description: str,
    reason: str,
    now: datetime,
    actor: Actor | None = None,
) -> Ticket:
    """The firm answers by link, once: a second answer raises Repeated and changes nothing.

    `actor`: the firm's own account where somebody is signed in; else the link speaks for the firm.
    """
    found = find(token, now)
    ticket = locked(found.ticket_id)
    link = db.session.get_one(VouchLink, found.id, with_for_update=True, populate_existing=True)
    if link.used_at is not None:
        raise Repeated()
    find(token, now)
    speaker = actor or Actor(
        None, Role.APPLICANT, ticket.enterprise.name, enterprise_id=ticket.enterprise_id
    )
    ask = Ask(speaker, ticket.id, now, key=f"link:{link.id}")
    ticket = vouch.answer(ask, said, description, reason)
    link.used_at, link.answer = now, said
    return ticket


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
