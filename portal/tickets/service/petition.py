"""Petitions 申请: asked, decided by whom the rules name, expired; and their flags on the ticket."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from portal.auth.roles import SYSTEM, Role
from portal.errors import N_, Invalid, InvalidTransition, Stale
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.tickets import petition_rules as rules
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.reasons import PETITION_REASONS
from portal.tickets.service.move import Ask, record, tell

# What another decision about the ticket makes pointless; an exclusion is about a figure and stays.
_HANDLING = ("return", "extension", "hold")


def put(
    ask: Ask,
    ticket: Ticket,
    action: Action,
    kind: str,
    reason_code: str,
    reason: str,
    *,
    granted: int = 0,
    said: dict[str, Any] | None = None,
    **facts: Any,
) -> Petition:
    """Writes an asked petition, its flag, its event and the notice to whoever must rule.

    `granted`: how many of its kind were granted before. `facts` are columns of the petition,
    `said` goes into the event beside the reason. Raises Invalid for an unknown reason.
    """
    if reason_code not in PETITION_REASONS[kind]:
        raise Invalid("请选择申请的原因。", "reason_code")
    decide_by = rules.decide_by(kind, current_calendar(), ask.now)
    row = Petition(
        ticket_id=ticket.id,
        kind=kind,
        state="asked",
        ruler=rules.ruler(kind, granted),
        reason_code=reason_code,
        reason=reason,
        asked_by_id=ask.actor.id,
        asked_at=ask.now,
        decide_by=decide_by,
        act_at=decide_by + rules.AFTER_DEADLINE,
        **facts,
    )
    db.session.add(row)
    _flag(ticket, kind, ask.actor.id)
    said = {"reason_code": reason_code, "text": reason, **(said or {})}
    record(ask, ticket, action, public=False, **said)
    key = f"{kind}_asked:{ticket.id}:{ticket.event_count}"
    tell(ticket, f"{kind}_asked", ask.now, role=Role(row.ruler), key=key, due=decide_by.isoformat())
    return row


def decide(
    ask: Ask, ticket: Ticket, kind: str, state: str, text: str, petition_id: int | None
) -> Petition:
    """Rules on what is asked; the caller records the event and tells who asked.

    `petition_id`: the one that the actor's page showed, None when it showed none. Raises Stale
    when it is no longer that one which waits, InvalidTransition when the actor asked it himself.
    """
    query = select(Petition).where(
        Petition.ticket_id == ticket.id, Petition.kind == kind, Petition.state == "asked"
    )
    row = db.session.scalars(query).one()
    if petition_id not in (None, row.id):
        raise Stale(petition_id or 0, row.id)
    if row.asked_by_id == ask.actor.id:
        raise InvalidTransition(ticket.status, state, N_("不能裁定本人提出的申请。"))
    row.state, row.answer = state, text
    row.decided_by_id, row.decided_at, row.act_at = ask.actor.id, ask.now, None
    _flag(ticket, kind, None)
    return row


def granted(ticket: Ticket, kind: str) -> bool:
    """Whether a petition of this kind has been granted on the ticket."""
    query = select(Petition.id).where(
        Petition.ticket_id == ticket.id, Petition.kind == kind, Petition.state == "granted"
    )
    return db.session.scalar(query.limit(1)) is not None


def expire(ticket: Ticket, now: datetime) -> None:
    """Ends what nobody has decided and what a hold still waits for: something else was decided.

    Called by every verb that closes the ticket, resolves it or gives it to somebody else.
    """
    for kind in _HANDLING:
        _flag(ticket, kind, None)
    mine = Petition.ticket_id == ticket.id, Petition.kind.in_(_HANDLING)
    asked = update(Petition).where(*mine, Petition.state == "asked")
    db.session.execute(asked.values(state="expired", decided_at=now, act_at=None))
    running = update(Petition).where(*mine, Petition.act_at.is_not(None))
    db.session.execute(running.values(act_at=None))


def lapse(ticket: Ticket, row: Petition, now: datetime) -> None:
    """Nobody ruled by the deadline: the petition expires; who asked and who should have, know."""
    row.state, row.decided_at, row.act_at = "expired", now, None
    _flag(ticket, row.kind, None)
    record(Ask(SYSTEM, ticket.id, now), ticket, Action.EXPIRE, public=False, petition=row.kind)
    tell(
        ticket,
        "petition_expired",
        now,
        users=[row.asked_by_id],
        role=Role(row.ruler),
        key=f"petition_expired:{row.id}",
        petition=row.kind,
    )


def _flag(ticket: Ticket, kind: str, asked_by: int | None) -> None:
    """Keeps what the rights ask of a ticket: which petitions wait on it."""
    match kind:
        case "return":
            ticket.return_pending = asked_by is not None
        case "extension":
            ticket.extension_pending = asked_by is not None
        case "hold":
            ticket.hold_pending = asked_by is not None
        case "exclusion":
            ticket.exclusion_asked_by_id = asked_by
