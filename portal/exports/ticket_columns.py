"""The columns of a ticket in a file; those of a person only for who handles it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import joinedload

from portal import masks
from portal.auth.roles import Actor, Role
from portal.exports.tables import Cell, Cells
from portal.language import lazy as _l
from portal.tickets.contact_rules import handles
from portal.tickets.models import Ticket
from portal.wording import (
    channel_name,
    confirmation_name,
    firm_name,
    outcome_name,
    rating_name,
    status_name,
    urgency_name,
)

LOCAL = ZoneInfo("Asia/Shanghai")
# Those who talk to the firm; whoever only watches gets no names and telephones of its people.
HANDLES = frozenset({Role.APPLICANT, Role.CADRE, Role.REVIEWER, Role.DISPATCHER})
LOADED = (
    joinedload(Ticket.enterprise),
    joinedload(Ticket.category),
    joinedload(Ticket.region),
    joinedload(Ticket.chain),
    joinedload(Ticket.department),
    joinedload(Ticket.assignee),
)


@dataclass(frozen=True)
class Column:
    """A heading and the cell of a ticket; `masked`: for who does not handle that one ticket."""

    heading: str
    cell: Callable[[Ticket], Cell | None]
    personal: bool = False
    staff: bool = False
    masked: Callable[[Ticket], Cell] | None = None


def at(instant: datetime | None) -> str:
    """An instant as a table program reads it, local."""
    return f"{instant.astimezone(LOCAL):%Y-%m-%d %H:%M}" if instant else ""


COLUMNS = (
    Column(_l("编号"), lambda one: one.number),
    Column(_l("企业名称"), firm_name),
    Column(_l("统一社会信用代码"), lambda one: None if one.sealed else one.enterprise.uscc),
    Column(_l("县市区"), lambda one: one.region.name),
    Column(_l("产业链"), lambda one: one.chain.name if one.chain and not one.sealed else None),
    Column(_l("诉求类别"), lambda one: one.category.name),
    Column(_l("标题"), lambda one: one.title),
    Column(_l("紧急程度"), lambda one: urgency_name(one.urgency)),
    Column(_l("来源"), lambda one: channel_name(one.channel)),
    Column(
        _l("联系人"),
        lambda one: None if one.sealed else one.contact_name,
        personal=True,
        masked=lambda one: "" if one.sealed else masks.numbers(one.contact_name),
    ),
    Column(
        _l("联系电话"),
        lambda one: None if one.sealed else one.contact_phone,
        personal=True,
        masked=lambda one: "" if one.sealed else masks.phone(one.contact_phone),
    ),
    Column(_l("状态"), lambda one: status_name(one.status)),
    Column(_l("承办单位"), lambda one: one.department.name if one.department else None),
    Column(_l("承办人"), lambda one: one.assignee.name if one.assignee else None, staff=True),
    Column(_l("办理轮次"), lambda one: one.round),
    Column(_l("提交时间"), lambda one: at(one.submitted_at)),
    Column(_l("受理时间"), lambda one: at(one.accepted_at)),
    Column(_l("当前截止时间"), lambda one: at(one.next_due_at)),
    Column(_l("办结时间"), lambda one: at(one.closed_at)),
    Column(_l("办结方式"), lambda one: outcome_name(one.outcome) if one.outcome else None),
    Column(_l("企业确认"), lambda one: _confirmed(one)),
    Column(_l("评价"), lambda one: rating_name(one.rating) if one.rating else None),
)


def columns_for(actor: Actor) -> list[Column]:
    """The columns that an actor may take away."""
    handles, staff = actor.role in HANDLES, actor.role is not Role.APPLICANT
    return [one for one in COLUMNS if (handles or not one.personal) and (staff or not one.staff)]


def cells(ticket: Ticket, columns: list[Column], actor: Actor) -> Cells:
    """A ticket's cells as the ticket page would show them; nothing is an empty cell."""
    open_ = any(column.masked for column in columns) and handles(actor, ticket.facts)
    values = (
        column.cell(ticket) if open_ or column.masked is None else column.masked(ticket)
        for column in columns
    )
    return ["" if value is None else value for value in values]


def _confirmed(ticket: Ticket) -> str | None:
    if ticket.confirmation is None:
        return None
    if ticket.confirmation == "call_back":
        return _("电话回访：已解决") if ticket.call_back_solved else _("电话回访：没有解决")
    return confirmation_name(ticket.confirmation)
