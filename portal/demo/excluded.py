"""One of today's requests is left out of the net rate: one supervisor asked, another agreed."""

from datetime import datetime

from sqlalchemy import select

from portal.demo.cast import Cast
from portal.demo.stage import PlayError
from portal.extensions import db
from portal.outbox import relay
from portal.outbox.service import NOTIFY
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.service import exclusion
from portal.tickets.service.move import Ask

WHY = "该事项由上级主管部门审批，已报请上级，并书面告知企业。"
AGREED = "情况属实，同意剔除。"


def enter(cast: Cast, now: datetime) -> None:
    """Asks and grants for the latest ticket in hand without a plea or a seal."""
    free = select(Ticket).where(
        Ticket.status == Status.IN_PROGRESS,
        Ticket.exclusion_asked_by_id.is_(None),
        *(
            flag.is_(False)
            for flag in (
                *(Ticket.extension_pending, Ticket.hold_pending, Ticket.return_pending),
                Ticket.sealed,
            )
        ),
    )
    ticket = db.session.scalars(free.order_by(Ticket.id.desc()).limit(1)).first()
    if ticket is None:
        raise PlayError("no ticket in hand can be excluded")
    first, *_others, second = cast.supervisors
    exclusion.ask_exclusion(Ask(first, ticket.id, now), "beyond_power", WHY)
    db.session.flush()
    exclusion.grant_exclusion(Ask(second, ticket.id, now), AGREED)
    relay.drain(lambda: now, (NOTIFY,))  # who asked is told
