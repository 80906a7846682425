"""Petitions whose question is over: what they asked about has been decided in another way."""

from datetime import datetime

from sqlalchemy import update

from portal.extensions import db
from portal.tickets.models import Petition, Ticket


def expire(ticket: Ticket, now: datetime) -> None:
    """Ends the petitions on the ticket that nobody has decided; it waits for no return any more."""
    ticket.return_pending = False
    asked = Petition.ticket_id == ticket.id, Petition.state == "asked"
    db.session.execute(update(Petition).where(*asked).values(state="expired", decided_at=now))
