"""Hands a person's open tickets to another applicant of the same firm."""

from datetime import datetime

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.errors import Conflict, NotFound
from portal.extensions import db
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket
from portal.tickets.service import applicant
from portal.tickets.service.move import Ask

NOTE = "本诉求的经办人已变更，请联系新的经办人。"


def colleagues(actor: Actor) -> dict[int, str]:
    """The other active applicants of the actor's firm, by id."""
    firm = User.enterprise_id == actor.enterprise_id, User.role == Role.APPLICANT
    query = select(User.id, User.name).where(*firm, User.active, User.id != actor.id)
    return dict(db.session.execute(query.order_by(User.id)).all())


def pass_on(actor: Actor, to_id: int, now: datetime) -> int:
    """Makes a colleague the applicant of every open ticket; how many. Raises NotFound.

    Where the ticket takes a comment, the timeline and the cadre are told.
    """
    name = colleagues(actor).get(to_id)
    if name is None:
        raise NotFound("没有找到这位同事，请重新选择。")
    own = Ticket.applicant_id == actor.id, Ticket.status != Status.CLOSED
    ids = db.session.scalars(select(Ticket.id).where(*own).order_by(Ticket.id)).all()
    for ticket_id in ids:
        try:
            applicant.comment(
                Ask(actor, ticket_id, now), "本诉求的经办人已变更，请联系新的经办人。"
            )
        except Conflict:
            pass  # nobody has it yet, or it waits for the firm: the page says who is who
        db.session.get_one(Ticket, ticket_id).applicant_id = to_id
    return len(ids)
