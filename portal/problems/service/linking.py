"""Tickets that belong together: linked, no longer linked, or split where one holds two problems."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.roles import SYSTEM
from portal.directory.models import Category
from portal.errors import Invalid
from portal.extensions import db
from portal.problems.models import TicketLink
from portal.search.terms import normalise
from portal.tickets.lifecycle import Action, Channel, Urgency
from portal.tickets.models import Ticket
from portal.tickets.queries import visible
from portal.tickets.service import submit
from portal.tickets.service.move import Ask, begin, locked, record, tell


def link(ask: Ask, other_number: str, text: str) -> Ticket:
    """Links two tickets, of whatever firms, for those who handle them; no firm sees it.

    Rows are locked in the order of their ids. Raises Invalid for an unknown number, the ticket
    itself, or a pair that is linked already.
    """
    ticket, other = _both(ask, Action.LINK, other_number)
    statement = insert(TicketLink).values(
        **_pair(ticket, other), kind="linked", linked_by_id=ask.actor.id, linked_at=ask.now
    )
    statement = statement.on_conflict_do_nothing(index_elements=["low_id", "high_id"])
    if db.session.execute(statement.returning(TicketLink.id)).first() is None:
        raise Invalid("这两件诉求已经关联。", "other_number")
    _note(ask, ticket, other, Action.LINK, text)
    return ticket


def unlink(ask: Ask, other_number: str, text: str) -> Ticket:
    """Takes a link away again; the events of both keep that it was there. Raises Invalid."""
    ticket, other = _both(ask, Action.UNLINK, other_number)
    pair = _pair(ticket, other)
    statement = delete(TicketLink).where(
        TicketLink.low_id == pair["low_id"], TicketLink.high_id == pair["high_id"]
    )
    if db.session.execute(statement.returning(TicketLink.id)).first() is None:
        raise Invalid("这两件诉求没有关联。", "other_number")
    _note(ask, ticket, other, Action.UNLINK, text)
    return ticket


def split(ask: Ask, title: str, category_id: int, part: str, text: str) -> Ticket:
    """Makes a second ticket of a part of this one's words; this one keeps all it has.

    The new ticket is the firm's, with a number, clocks and a routing of its own, submitted now:
    nobody can have kept a promise on it before. Every line of `part` must stand in the firm's own
    words; `text` tells the firm why. Returns the ticket that was split. Raises Invalid.
    """
    ticket = begin(ask, Action.SPLIT)
    _check_part(ticket, part)
    category = db.session.get(Category, category_id)
    if category is None or not category.active:
        raise Invalid("请选择诉求类别。", "category_id")
    wording = submit.Wording(
        title=title,
        category_id=category.id,
        urgency=Urgency(ticket.urgency),
        description=part,
        contact_name=ticket.contact_name,
        contact_phone=ticket.contact_phone,
    )
    new = submit.submit(
        SYSTEM,
        wording,
        ask.now,
        enterprise_id=ticket.enterprise_id,
        channel=Channel(ticket.channel),
    )
    new.applicant_id = ticket.applicant_id
    db.session.add(
        TicketLink(**_pair(ticket, new), kind="split", linked_by_id=ask.actor.id, linked_at=ask.now)
    )
    record(ask, ticket, Action.SPLIT, other=new.number, text=text)
    record(Ask(ask.actor, new.id, ask.now), new, Action.SPLIT, split_from=ticket.number, text=text)
    tell(new, "split", ask.now, users=[new.applicant_id])
    return ticket


def _check_part(ticket: Ticket, part: str) -> None:
    """The part is the firm's own words, and not all of them."""
    own = "".join(normalise(ticket.description).split())
    lines = ["".join(normalise(line).split()) for line in part.splitlines()]
    if any(line not in own for line in lines):
        raise Invalid("只能从企业的原文中摘取，不能改写。请删去原文中没有的话。", "part")
    if "".join(lines) == own:
        raise Invalid("这是全部原文。请只留下要单独办理的那一部分。", "part")


def _both(ask: Ask, action: Action, other_number: str) -> tuple[Ticket, Ticket]:
    """The ticket and the other one, both locked, the actor allowed to act on both."""
    query = select(Ticket.id).where(Ticket.number == other_number, visible(ask.actor))
    other_id = db.session.scalar(query)
    wrong: dict[str, Any] = {"field": "other_number", "number": other_number}
    if other_id is None:
        raise Invalid("没有找到编号为 %(number)s 的诉求，请核对编号。", **wrong)
    if other_id == ask.ticket_id:
        raise Invalid("%(number)s 就是这一件，请填写另一件诉求的编号。", **wrong)
    for ticket_id in sorted((other_id, ask.ticket_id)):
        locked(ticket_id)
    ticket = begin(ask, action)
    return ticket, begin(Ask(ask.actor, other_id, ask.now), action)


def _pair(one: Ticket, other: Ticket) -> dict[str, int]:
    return {"low_id": min(one.id, other.id), "high_id": max(one.id, other.id)}


def _note(ask: Ask, ticket: Ticket, other: Ticket, action: Action, text: str) -> None:
    """The event on both; internal, since the other ticket may be another firm's."""
    record(ask, ticket, action, public=False, other=other.number, text=text)
    other_ask = Ask(ask.actor, other.id, ask.now)
    record(other_ask, other, action, public=False, other=ticket.number, text=text)
