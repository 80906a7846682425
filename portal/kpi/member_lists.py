"""What the list behind a side of a figure shows, for all tickets or those a person may see."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import request

from portal.auth.roles import Actor
from portal.kpi import cells
from portal.kpi.conditions import Dimensions, definitions
from portal.kpi.figures import FIGURES
from portal.kpi.members import SIDES, MemberPage, Side, member_page, members
from portal.kpi.periods import Period
from portal.kpi.reasons import reason
from portal.paging import Page
from portal.tickets.queries import visible


def listing(
    name: str,
    side: Side,
    period: Period,
    chosen: Dimensions,
    now: datetime,
    link: Callable[..., str],
    actor: Actor | None = None,
) -> dict[str, Any]:
    """The context of kpi/tickets.html: figure, side, sides, period, found, rows, page and link.

    `link(side, after=…)` is the address of a page. `actor`: only what this person may see.
    """
    query = members(name, side, period, chosen, now)
    if actor is not None:
        query = query.where(visible(actor))
    total = None if actor is not None else cells.length(name, side, period, chosen, now)
    found = member_page(query, total=total, after=_key("after"), before=_key("before"))
    return {
        "figure": FIGURES[name],
        "side": side,
        "sides": [one for one in SIDES if one == side or _offered(name, one, now)],
        "period": period,
        "found": found,
        "rows": [(member, reason(name, member)) for member in found.items],
        "page": _page(found, side, link),
        "link": link,
    }


def _offered(name: str, side: str, now: datetime) -> bool:
    """A time has no part that is not counted; not every figure leaves something out."""
    if side == "excluded":
        return bool(definitions(now)[name].excluded)
    return FIGURES[name].unit != "hours" or side == "d"


def _page(found: MemberPage, side: str, link: Callable[..., str]) -> Page[Any]:
    following = link(side, after=found.after) if found.after else None
    return Page(found.items, following, link(side, before=found.before) if found.before else None)


def _key(name: str) -> int | None:
    typed = request.args.get(name, "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else None
