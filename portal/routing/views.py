"""Who has how much: load, capacity, presence and fairness by unit, for whoever gives out work."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from portal.auth.roles import Actor, Role
from portal.db import utcnow
from portal.kpi.periods import Period, local_day
from portal.routing import balance

blueprint = Blueprint("routing", __name__)


@blueprint.get("/load")
def load() -> str:
    """Every unit for the dispatcher, the own one for its reviewer; this month or an earlier one."""
    actor, now = current_user.actor, utcnow()
    today = local_day(now)
    months = _months(today)
    chosen = request.args.get("month", "")
    chosen = chosen if chosen in months else next(iter(months))
    units = balance.units(months[chosen], now, _only(actor))
    return render_template(
        "routing/load.html",
        units=units,
        period=months[chosen],
        chips=_chips(months, chosen),
        total=sum(one.fairness.d for one in units),
        even=sum(one.fairness.n for one in units),
        waiting=sum(one.waiting for one in units),
    )


def _only(actor: Actor) -> int | None:
    """The unit that the reader is held to, None for all."""
    return actor.department_id if actor.role is Role.REVIEWER else None


def _months(today: date) -> dict[str, Period]:
    """This month and the two before, the newest first, by their name in the address."""
    found: dict[str, Period] = {}
    year, month = today.year, today.month
    for _back in range(3):
        found[f"{year}-{month:02d}"] = Period.of_month(year, month)
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return found


def _chips(months: dict[str, Period], chosen: str) -> list[dict[str, Any]]:
    return [
        {
            "label": _("%(year)d 年 %(month)d 月", year=one.first.year, month=one.first.month),
            "url": url_for("routing.load", month=name),
            "current": name == chosen,
            "count": None,
        }
        for name, one in months.items()
    ]
