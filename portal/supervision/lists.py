"""The tickets of a whole list, as the list itself finds them: search, overdue, behind a figure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from portal.auth.roles import Actor
from portal.errors import NotFound
from portal.kpi import queries as figures
from portal.kpi.figures import FIGURES
from portal.kpi.forms import FiltersForm
from portal.kpi.members import SIDES, member_page, members
from portal.kpi.periods import local_day
from portal.paging import cursor_from
from portal.search import choices
from portal.search import queries as search
from portal.search.forms import SearchForm
from portal.search.queries import At
from portal.tickets import queries
from portal.tickets.models import Ticket
from portal.tickets.queries import Filter

Args = Any  # the address's arguments, as forms take them
Listed = Iterator[Ticket]
# A neighbour's address is not needed here, only the place it names.
AS_PLACE: Any = dict


def first_of(actor: Actor, args: Args, now: datetime, most: int) -> tuple[list[str], int | None]:
    """The numbers of the first `most` tickets of the list that `args` names, in its order.

    Also how many rows the list has in all where that is known, None where it is not. Raises
    NotFound for a list that there is not.
    """
    find = LISTS.get(args.get("of", ""))
    if find is None:
        raise NotFound("没有这份清单。")
    found, total = find(actor, args, now)
    numbers: dict[str, None] = {}
    for ticket in found:
        if len(numbers) == most:
            break
        numbers[ticket.number] = None
    return list(numbers), total


def _overdue(actor: Actor, args: Args, now: datetime) -> tuple[Listed, int | None]:
    def only(name: str) -> frozenset[int] | None:
        row_id = args.get(name, type=int)
        return None if row_id is None else frozenset({row_id})

    chosen = Filter(
        department_ids=only("department"),
        category_ids=only("category"),
        overdue=True,
        elevated=args.get("elevated") == "1",
    )

    def page(place: Mapping[str, str]) -> Any:
        return queries.by_due(actor, chosen, now, cursor_from(place), AS_PLACE)

    return _pages(page), None


def _searched(actor: Actor, args: Args, now: datetime) -> tuple[Listed, int | None]:
    form = SearchForm(args, choices.offered(actor), actor.role)
    if not form.validate():
        raise NotFound("没有这份清单。")
    asked = form.search()

    def page(place: Mapping[str, Any]) -> Any:
        cursor = cursor_from(place)
        at = (
            At(int(place.get("tier", 0)), cursor.key, cursor.id)
            if cursor and isinstance(cursor.key, datetime)
            else None
        )
        return search.find(actor, asked, now, at, AS_PLACE).page

    return _pages(page), None


def _figure(_actor: Actor, args: Args, now: datetime) -> tuple[Listed, int | None]:
    name, side = args.get("name", ""), args.get("side", "")
    form = FiltersForm(args, figures.directory())
    if name not in FIGURES or side not in SIDES or not form.validate():
        raise NotFound("没有这份清单。")
    query = members(name, side, form.period(local_day(now)), form.dimensions(), now)
    first = member_page(query)

    def tickets() -> Listed:
        page = first
        while True:
            yield from (member.ticket for member in page.items)
            if page.after is None:
                return
            page = member_page(query, after=page.after)

    return tickets(), first.total


def _pages(page: Callable[[Mapping[str, Any]], Any]) -> Listed:
    """The rows of all pages; `page` takes the place that the one before named as the next."""
    place: Any = {}
    while place is not None:
        found = page(place)
        yield from found.items
        place = found.next_url


LISTS: dict[str, Callable[[Actor, Args, datetime], tuple[Listed, int | None]]] = {
    "overdue": _overdue,
    "search": _searched,
    "figure": _figure,
}
