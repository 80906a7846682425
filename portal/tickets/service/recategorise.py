"""A dispatcher corrects the category before the ticket has a desk."""

from typing import Any

from portal.directory.models import Category
from portal.errors import Invalid
from portal.extensions import db
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service.move import Ask, begin, record


def recategorise(ask: Ask, category_id: int, text: str) -> Ticket:
    """Sets another category; status and running clocks stay as they are.

    A clock that has not begun (all but accept, here) starts by the new category's policy when the
    ticket reaches its desk. Raises Invalid for a category that is not in use, or is the same.
    """
    ticket = begin(ask, Action.RECATEGORISE)
    category = db.session.get(Category, category_id, with_for_update={"read": True})
    if category is None or not category.active:
        raise Invalid("请选择一个在用的类别。", "category_id")
    old = ticket.category
    if category.id == old.id:
        raise Invalid("这件诉求已经属于“%(name)s”。", "category_id", name=category.name)
    ticket.category = category
    changed: dict[str, Any] = {"old_category_id": old.id, "old_category": old.name}
    changed |= {"category_id": category.id, "category": category.name}
    record(ask, ticket, Action.RECATEGORISE, **changed, text=text)
    return ticket
