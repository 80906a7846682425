"""Reads the figures that thresholds and bulletins speak of, whatever the dimension."""

from collections.abc import Mapping
from datetime import datetime

from portal.directory import cadre_queries
from portal.directory.models import CLASSES
from portal.kpi import cells
from portal.kpi.conditions import NO_CLASS, Dimensions
from portal.kpi.figures import TIMES, Measure
from portal.kpi.periods import Period
from portal.kpi.queries import Directory
from portal.supervision.models import ALL
from portal.tickets.lifecycle import Channel, Urgency

# The dimensions that a threshold can be cut by, and the field of Dimensions each is.
FIELDS: Mapping[str, str] = {
    "department": "department_id",
    "category": "category_id",
    "region": "region_id",
    "chain": "chain_id",
    "cadre": "assignee_id",
    "class": "firm_class",
    "channel": "channel",
    "urgency": "urgency",
}
ALL_CLOSED = "rework_rate"  # its d is whatever was closed in the period
CODES: Mapping[str, tuple[str, ...]] = {
    "class": (*CLASSES, NO_CLASS),
    "channel": tuple(str(one) for one in Channel if one is not Channel.IMPORT),
    "urgency": tuple(str(one) for one in Urgency),
}


def read(
    figure: str, dimension: str, member: str, period: Period, now: datetime, known: Directory
) -> dict[str, Measure]:
    """One figure by member: of one, of each of the dimension, or of the whole city (key "").

    `member` empty: each value of the dimension; one without tickets may be missing.
    """
    if dimension == ALL:
        return {"": cells.totals(period, Dimensions(), now)[figure]}
    if not member and figure not in TIMES:
        return _rates(figure, dimension, period, now, known)
    wanted = [member] if member else members(dimension, known)
    if not member and dimension == "cadre":  # hundreds, most of whom closed nothing
        closed = _rates(ALL_CLOSED, dimension, period, now, known)
        wanted = [one for one in wanted if one in closed and closed[one].d]
    return {one: cells.totals(period, narrowed(dimension, one), now)[figure] for one in wanted}


def _rates(
    figure: str, dimension: str, period: Period, now: datetime, known: Directory
) -> dict[str, Measure]:
    offered = set(members(dimension, known))
    found = cells.rates(figure, dimension, period, Dimensions(), now)  # pyright: ignore[reportArgumentType]
    return {str(one): measure for one, measure in found.items() if str(one) in offered}


def members(dimension: str, known: Directory) -> list[str]:
    """The values of a dimension as thresholds and addresses write them."""
    if dimension in CODES:
        return list(CODES[dimension])
    return [str(row_id) for row_id in names(dimension, known)]


def names(dimension: str, known: Directory) -> dict[int, str]:
    """The names of a dimension whose values are rows."""
    rows = {
        "department": known.departments,
        "category": known.categories,
        "region": known.regions,
        "chain": known.chains,
    }
    if dimension == "cadre":
        return cadre_queries.named_with_units()
    return rows.get(dimension, {})


def narrowed(dimension: str, member: str) -> Dimensions:
    """The filter for one value of a dimension."""
    value: int | str = member if dimension in CODES else int(member)
    return Dimensions(**{FIELDS[dimension]: value})  # pyright: ignore[reportArgumentType]
