"""Why accepted tickets are not in the resolution rate, and what each reason is worth. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.kpi.figures import Measure

# Every ticket behind d but not n has exactly one of these; what can be done first comes first.
GAPS: tuple[str, ...] = (
    "overdue",
    "unconfirmed",
    "awaiting",
    "disputed",
    "working",
    "held",
    "explained",
    "ended",
)
# What work of the department can still turn into a confirmed solution.
OPEN_TO_WORK = frozenset(GAPS) - {"explained", "ended"}


@dataclass(frozen=True)
class Lever:
    """One reason: how many tickets, and by how many points the rate rises if all were solved."""

    name: str
    tickets: int
    points: float
    open_to_work: bool


def levers(counts: Mapping[str, int], gross: Measure) -> list[Lever]:
    """What would raise `gross` (resolution_gross), the most points first.

    `counts`: tickets by reason; they and n add up to d, so all points and the rate are 100.
    What cannot be turned any more comes last. Reasons without tickets are left out.
    """
    if not gross.d:
        return []
    found = [
        Lever(name, counts[name], 100 * counts[name] / gross.d, name in OPEN_TO_WORK)
        for name in GAPS
        if counts.get(name)
    ]
    return sorted(found, key=lambda one: (not one.open_to_work, -one.tickets))
