"""The main job on real services: submit, route, handle, review, confirm."""

from datetime import timedelta

from sqlalchemy import select

from portal.db import transaction
from portal.extensions import db
from portal.outbox import relay
from portal.sla.models import Clock
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import confirmation, handle, review, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town


def wording(town: Town, category: str = "融资") -> Wording:
    return Wording(
        title="流动资金不足",
        category_id=town.categories[category],
        urgency=Urgency.NORMAL,
        description="贷款到期后银行不再续贷，急需过桥资金。",
        contact_name="王经理",
        contact_phone="13800001111",
    )


def test_a_firm_files_and_its_problem_is_solved(town: Town) -> None:
    with transaction():
        ticket = submit.submit(town.firm, wording(town), MONDAY)
        ticket_id = ticket.id
    assert ticket.number == "SQ20260302-000001"
    relay.drain(lambda: MONDAY)
    ticket = db.session.get_one(Ticket, ticket_id)
    assert ticket.status == "assigned"
    assert ticket.route_reasons[-1].startswith("李明现有 0 件未办结")

    def ask(actor, minutes):
        return Ask(actor, ticket_id, MONDAY + timedelta(minutes=minutes))

    with transaction():
        handle.sign(ask(town.cadre, 10))
        handle.record_contact(ask(town.cadre, 30), "phone", "已电话了解情况")
        handle.resolve(ask(town.cadre, 90), Outcome.SOLVED, "已协调银行续贷。", "行长已签批")
    with transaction():
        review.approve(ask(town.reviewer, 120))
    with transaction():
        confirmation.confirm(ask(town.firm, 200), 5, "谢谢")
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.status, ticket.outcome, ticket.confirmation) == ("closed", "solved", "confirmed")
    events = db.session.scalars(
        select(TicketEvent.action)
        .where(TicketEvent.ticket_id == ticket_id)
        .order_by(TicketEvent.seq)
    ).all()
    assert events == [
        *("submit", "route", "sign", "record_contact", "resolve", "approve", "confirm")
    ]
    clocks = {c.kind: c.state for c in db.session.scalars(select(Clock))}
    assert set(clocks.values()) == {"stopped"}
    assert set(clocks) == {"accept", "sign", "contact", "verify", "reply", "resolve", "confirm"}
