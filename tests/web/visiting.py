"""Records visits and files on behalf through the pages, as the tests of pages need it."""

import re
from datetime import date
from html import unescape

from sqlalchemy import select

from portal.db import utcnow
from portal.extensions import db
from portal.outbox import relay
from portal.tickets.models import Ticket
from portal.visits.service.visit import local_day
from tests.factories import Town
from tests.pages import Page, Visitor
from tests.visiting import HEARD

FIRM = "/visits/firms/{firm}"


def today() -> date:
    """The local day."""
    return local_day(utcnow())


def record(visit: Visitor, town: Town, **words: str) -> Page:
    """The answer to a record with two problems."""
    page = visit.get("cadre", FIRM.format(firm=town.enterprise_id) + "/record")
    said = {
        "met": "王经理",
        "text_1": HEARD[0].text,
        "category_1": str(town.categories["融资"]),
        "text_2": HEARD[1].text,
    }
    return page.submit("/record", **(said | words))


def filed(visit: Visitor, town: Town) -> Page:
    """A visit whose two problems were filed: the page with the links."""
    page = visit.get("cadre", record(visit, town).location)
    address = page.response.request.path
    form = visit.get("cadre", f"{address}/file")
    category = {
        str(field["name"]): str(town.categories["用工社保"])
        for field in form.soup.select("select[name^=category_]")[1:]
    }
    answer = form.submit("/file", **category)
    assert answer.status == 303, answer.words
    relay.drain(utcnow)
    return visit.get("cadre", answer.location)


def addresses(page: Page) -> list[str]:
    return re.findall(r"/vouch/[\w-]+", unescape(page.text))


def tickets() -> list[Ticket]:
    db.session.rollback()
    return list(db.session.scalars(select(Ticket).order_by(Ticket.id)))
