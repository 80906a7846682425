"""Files a ticket through the pages, as the tests of pages need it."""

import re

from sqlalchemy import select

from portal.db import utcnow
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.models import Ticket
from tests.factories import Town
from tests.pages import Page, Visitor

PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def write_words(visit: Visitor, town: Town, category: str = "融资") -> Page:
    """The answer to a complete submit form."""
    address = f"/tickets/new/write?category={town.categories[category]}"
    return visit.get("firm", address).submit(
        address,
        title="贷款到期无法续贷",
        description="贷款三月到期，银行不再续贷，影响备料。",
        contact_phone="13800001111",
    )


def file_ticket(visit: Visitor, town: Town, category: str = "融资") -> str:
    """Files through the pages and routes; the ticket's number."""
    assert write_words(visit, town, category).location == "/tickets/new/check"
    answer = visit.get("firm", "/tickets/new/check").submit("/tickets/new/check")
    assert answer.status == 303
    number = re.search(r"SQ\d{8}-\d{6}", answer.location)
    assert number is not None
    relay.drain(utcnow)
    return number[0]


def status_of(number: str) -> str:
    """The ticket's status as committed."""
    db.session.rollback()
    return db.session.scalars(select(Ticket.status).where(Ticket.number == number)).one()
