"""Plays tickets through the service verbs at known instants, for tests that count."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.db import transaction
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket
from portal.tickets.service import confirmation, handle, review, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town

SOON = timedelta(minutes=30)
HOUR = timedelta(hours=1)


@dataclass
class Play:
    """The tickets of one town; those of the category 融资 go to 市金融局 by its rule."""

    town: Town

    def file(self, at: datetime = MONDAY, category: str = "融资", title: str = "资金不足") -> int:
        """Submits and routes one ticket at `at`; its id. Without a rule it goes to triage."""
        wording = Wording(
            title=title,
            category_id=self.town.categories[category],
            urgency=Urgency.NORMAL,
            description="贷款到期后银行不再续贷，急需过桥资金。",
            contact_name="王经理",
            contact_phone="13800001111",
        )
        with transaction():
            ticket_id = submit.submit(self.town.firm, wording, at).id
        relay.drain(lambda: at)
        return ticket_id

    def as_cadre(self, ticket_id: int, at: datetime) -> Ask:
        """The wish of whoever holds the ticket."""
        holder = db.session.get_one(Ticket, ticket_id).assignee
        assert holder is not None
        return Ask(holder.actor, ticket_id, at)

    def contact(self, ticket_id: int, at: datetime) -> None:
        """Signs and records a first talk."""
        with transaction():
            handle.sign(self.as_cadre(ticket_id, at))
            handle.record_contact(self.as_cadre(ticket_id, at), "phone", "已了解情况")

    def answer(self, ticket_id: int, at: datetime, outcome: Outcome = Outcome.SOLVED) -> None:
        """Resolves and approves: the ticket awaits the firm's confirmation."""
        with transaction():
            handle.resolve(self.as_cadre(ticket_id, at), outcome, "已协调银行续贷。", "")
        with transaction():
            review.approve(Ask(self.town.reviewer, ticket_id, at))

    def done(self, at: datetime = MONDAY, rating: int | None = 5, **filed: str) -> int:
        """Files, contacts after 30 minutes, answers after 60; confirmed after 90 with `rating`."""
        ticket_id = self.file(at, **filed)
        self.contact(ticket_id, at + SOON)
        self.answer(ticket_id, at + HOUR)
        if rating is not None:
            self.confirm(ticket_id, at + HOUR + SOON, rating)
        return ticket_id

    def confirm(self, ticket_id: int, at: datetime, rating: int) -> None:
        """The firm says yes."""
        with transaction():
            confirmation.confirm(Ask(self.town.firm, ticket_id, at), rating)
