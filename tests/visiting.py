"""Plays visits and filing on behalf through the services, for the tests of both."""

from datetime import date

from sqlalchemy import select

from portal.db import transaction
from portal.directory.models import Pairing
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.lifecycle import Urgency
from portal.tickets.models import Ticket
from portal.tickets.service.submit import Wording
from portal.visits.models import Visit
from portal.visits.rules import Heard, Record
from portal.visits.service import filing, visit
from tests.factories import MONDAY, Town

DAY = date(2026, 3, 2)
HEARD = (Heard("贷款三月到期，银行不再续贷，影响备料。"), Heard("招不到熟练的磨工，缺二十个人。"))


def pair(town: Town, *, owner: str = "cadre", deputy: str | None = None, ends: date | None = None):
    """The firm is paired with a cadre from long ago on."""
    with transaction() as session:
        session.add(
            Pairing(
                enterprise_id=town.enterprise_id,
                owner_id=town.people[owner].id,
                deputy_id=town.people[deputy].id if deputy else None,
                starts_on=date(2025, 1, 1),
                ends_on=ends,
            )
        )


def words(town: Town, category: str = "融资", text: str = HEARD[0].text) -> Wording:
    return Wording(
        "贷款到期", town.categories[category], Urgency.NORMAL, text, "王经理", "13800001111"
    )


def recorded(town: Town, heard: tuple[Heard, ...] = HEARD, key: str = "k", at=MONDAY) -> Visit:
    with transaction():
        what = Record(visit.local_day(at), "王经理", "孙强", heard)
        return visit.record(town.cadre, town.enterprise_id, what, key, at)


def filed(town: Town, number: int = 1, at=MONDAY) -> tuple[list[int], list[str]]:
    """A visit's first problems filed on behalf and routed: ticket ids and tokens."""
    one = recorded(town, at=at)
    wordings = {item.id: words(town) for item in one.items[:number]}
    with transaction():
        tokens = filing.file(town.cadre, one.id, wordings, "file", at)
    relay.drain(lambda: at)
    query = select(Ticket.id).where(Ticket.filed_by_id.is_not(None)).order_by(Ticket.id)
    return list(db.session.scalars(query)), list(tokens.values())
