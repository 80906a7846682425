"""Where a ticket stands, for anybody who holds its number and code: no names, no texts."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from portal.extensions import db
from portal.language import lazy as _l
from portal.tickets import queries
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.pages import ClockView, clock_views
from portal.wording import action_name, local_time, outcome_name

SENTENCES: dict[Status, str] = {
    Status.SUBMITTED: _l("已收到诉求，正在受理。"),
    Status.TRIAGE: _l("派单员正在选择承办单位。"),
    Status.ASSIGNED: _l("已派给%(department)s，等待签收。"),
    Status.IN_PROGRESS: _l("%(department)s正在办理。"),
    Status.NEEDS_INFO: _l("等待企业补充材料，办理时限暂停。"),
    Status.IN_REVIEW: _l("%(department)s已提交办理结果，正在审核。"),
    Status.AWAITING_CONFIRMATION: _l("%(department)s已办结，等待企业确认是否解决。"),
    Status.ON_HOLD: _l("%(department)s已挂账，条件具备后恢复办理。"),
}
NEXT: dict[Status, str] = {
    Status.NEEDS_INFO: _l("请用企业账号登录，补充材料。"),
    Status.AWAITING_CONFIRMATION: _l("请用企业账号登录，确认是否已解决。"),
}


@dataclass(frozen=True)
class Step:
    """One public step: what was done and when (UTC)."""

    title: str
    at: datetime


@dataclass(frozen=True)
class Progress:
    """What the progress page shows."""

    number: str
    status: str
    sentence: str
    next_text: str
    due: ClockView | None
    steps: list[Step]


def find(number: str, query_code: str) -> Ticket | None:
    """The ticket when number and code belong together; compared in constant time."""
    ticket = db.session.scalar(select(Ticket).where(Ticket.number == number))
    right = ticket.query_code if ticket is not None else "-" * 8
    same = hmac.compare_digest(right.encode(), query_code.encode())
    return ticket if same else None


def progress_of(ticket: Ticket, now: datetime) -> Progress:
    """The public face of a ticket at `now` (UTC)."""
    status = Status(ticket.status)
    views = clock_views(ticket, now) if status is not Status.CLOSED else []
    events = queries.events(ticket, public_only=True)
    return Progress(
        number=ticket.number,
        status=status,
        sentence=_sentence(ticket, status),
        next_text=str(NEXT.get(status, "")),
        due=next((view for view in views if view.kind == ticket.next_clock), None),
        steps=[Step(action_name(event.action), event.at) for event in events],
    )


def _sentence(ticket: Ticket, status: Status) -> str:
    if status is Status.CLOSED:
        when, outcome = local_time(ticket.closed_at), outcome_name(ticket.outcome or "")
        return _("已于 %(when)s 办结：%(outcome)s。", when=when, outcome=outcome)
    department = ticket.department.name if ticket.department else _("承办单位")
    return str(SENTENCES[status]) % {"department": department}
