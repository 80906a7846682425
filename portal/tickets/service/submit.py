"""Submit: a new ticket, its first event, its accept clock and the message that routes it."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.auth.roles import Actor, Role
from portal.directory import paired
from portal.directory.models import Enterprise, EnterpriseClass
from portal.errors import NotAllowed, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.search import service as search
from portal.sla.service import Clocks
from portal.tickets.file_models import Attachment, Draft
from portal.tickets.lifecycle import Action, Channel, Status, Urgency
from portal.tickets.models import TICKET_ID, Ticket
from portal.tickets.number_models import TicketNumber
from portal.tickets.policy import ROLE_ACTIONS
from portal.tickets.service.move import Ask, append

LOCAL = ZoneInfo("Asia/Shanghai")
# No 0/O, 1/I/L: the code is read out on the telephone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8
REPEAT_DAYS = 90  # days in which a firm's next ticket is a repeated one


@dataclass(frozen=True)
class Wording:
    """What the firm says: the fields of the submit form.

    `sealed`: a sealed ticket 密件; `sealed_about_id`: the unit it complains about, if one is named.
    """

    title: str
    category_id: int
    urgency: Urgency
    description: str
    contact_name: str
    contact_phone: str
    sealed: bool = False
    sealed_about_id: int | None = None


def submit_draft(actor: Actor, submit_key: str, wording: Wording | None, now: datetime) -> Ticket:
    """Turns the actor's draft into a ticket, attachments included; sent twice, it is one ticket.

    `wording` is None when the draft was gone before it could be read. Raises NotFound when neither
    a draft nor a ticket with this key belongs to the actor.
    """
    query = select(Draft).where(Draft.submit_key == submit_key, Draft.user_id == actor.id)
    draft = db.session.scalar(query.with_for_update())
    if draft is None or wording is None:
        query = select(Ticket).where(
            Ticket.submit_key == submit_key, Ticket.applicant_id == actor.id
        )
        ticket = db.session.scalar(query)
        if ticket is None:
            raise NotFound("这份草稿已经不在了，请重新填写。")
        return ticket
    ticket = submit(actor, wording, now, submit_key=submit_key)
    db.session.flush()
    db.session.execute(
        update(Attachment)
        .where(Attachment.draft_id == draft.id)
        .values(draft_id=None, ticket_id=ticket.id, event_seq=1)
    )
    db.session.delete(draft)
    return ticket


def submit(
    actor: Actor,
    wording: Wording,
    now: datetime,
    *,
    enterprise_id: int | None = None,
    channel: Channel = Channel.WEB,
    submit_key: str | None = None,
) -> Ticket:
    """Writes ticket, event, accept clock and the `route` message at `now` (UTC); all or nothing.

    `enterprise_id` defaults to the actor's own firm. A cadre files on behalf 代填 of a firm paired
    with them that day; the ticket runs at once, the firm's word on it (`vouch`) is still out.
    Raises NotAllowed for a role that may not submit, NotFound for an unknown firm, or one that is
    not the cadre's.
    """
    enterprise = _enterprise(actor, enterprise_id, now)
    on_behalf = actor.role is Role.CADRE
    ticket = _row(actor, enterprise, wording, now, on_behalf)
    ticket.channel = Channel.CADRE if on_behalf else channel
    ticket.submit_key = submit_key
    db.session.add(ticket)
    search.enter(ticket, enterprise)
    ask = Ask(actor, ticket.id, now)
    append(ask, ticket, Action.SUBMIT, None, public=True, payload=_submitted(ticket, on_behalf))
    db.session.flush()
    Clocks(ticket, now, fresh=True).start("accept")
    outbox.put(outbox.ROUTE, {"ticket_id": ticket.id}, now, key=f"route:{ticket.id}")
    return ticket


def _row(
    actor: Actor, enterprise: Enterprise, wording: Wording, now: datetime, on_behalf: bool
) -> Ticket:
    """The row of a new ticket, its id and number drawn."""
    return Ticket(
        id=db.session.scalar(TICKET_ID),
        number=next_number(now),
        query_code=new_query_code(),
        enterprise_id=enterprise.id,
        applicant_id=None if on_behalf else actor.id,
        filed_by_id=actor.id if on_behalf else None,
        vouch_pending=on_behalf,
        region_id=enterprise.region_id,
        chain_id=enterprise.chain_id,
        firm_classes=_classes(enterprise.id, now),
        repeated=_repeated(enterprise.id, now),
        status=Status.SUBMITTED,
        round=1,
        version=1,
        event_count=1,
        submitted_at=now,
        last_event_at=now,
        **asdict(wording),
    )


def _submitted(ticket: Ticket, on_behalf: bool) -> dict[str, Any]:
    """What the first event says: the dimensions that every figure is cut by, as they were then."""
    cut = {
        "enterprise_id": ticket.enterprise_id,
        "region_id": ticket.region_id,
        "chain_id": ticket.chain_id,
        "category_id": ticket.category_id,
        "channel": ticket.channel,
        "urgency": ticket.urgency,
        "firm_classes": ticket.firm_classes,
        "repeated": ticket.repeated,
    }
    if ticket.sealed:
        return {"cut": cut, "sealed": True, "about_id": ticket.sealed_about_id}
    # The firm may correct the words later; what the cadre filed stays in the event.
    return {"cut": cut, "words": ticket.description} if on_behalf else {"cut": cut}


def _classes(enterprise_id: int, now: datetime) -> list[str]:
    """The titles that a firm holds on the local day of `now`."""
    day = now.astimezone(LOCAL).date()
    query = select(EnterpriseClass.name).where(
        EnterpriseClass.enterprise_id == enterprise_id,
        EnterpriseClass.valid_from <= day,
        or_(EnterpriseClass.valid_to.is_(None), EnterpriseClass.valid_to >= day),
    )
    return sorted(set(db.session.scalars(query)))


def _repeated(enterprise_id: int, now: datetime) -> bool:
    """Whether a firm has submitted another ticket in the days before `now`."""
    query = select(Ticket.id).where(
        Ticket.enterprise_id == enterprise_id,
        Ticket.channel != Channel.IMPORT,
        Ticket.submitted_at > now - timedelta(days=REPEAT_DAYS),
        Ticket.sealed.is_(False),  # the next one would tell of it
    )
    return db.session.scalar(query.limit(1)) is not None


def _enterprise(actor: Actor, enterprise_id: int | None, now: datetime) -> Enterprise:
    """The firm that the ticket is for. Raises NotAllowed, NotFound."""
    if Action.SUBMIT not in ROLE_ACTIONS[actor.role]:
        raise NotAllowed("您的账号不能提交诉求。")
    enterprise = db.session.get(Enterprise, enterprise_id or actor.enterprise_id or 0)
    day = now.astimezone(LOCAL).date()
    if enterprise is not None and actor.role is Role.CADRE:
        enterprise = enterprise if paired.is_paired(actor.id, enterprise.id, day) else None
    if enterprise is None:
        raise NotFound("没有找到这家企业。")
    return enterprise


def next_number(now: datetime) -> str:
    """The next number of the local day, such as SQ20261122-000123; unique under concurrency.

    The day's row stays locked until the transaction ends, so numbers have no gaps and no twins.
    """
    day = now.astimezone(LOCAL).date()
    statement = insert(TicketNumber).values(day=day, last=1)
    statement = statement.on_conflict_do_update(
        index_elements=["day"], set_={"last": TicketNumber.last + 1}
    ).returning(TicketNumber.last)
    return f"SQ{day:%Y%m%d}-{db.session.execute(statement).scalar_one():06d}"


def new_query_code() -> str:
    """A random code that, with the number, opens the progress page without sign-in."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
