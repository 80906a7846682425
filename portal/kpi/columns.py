"""The columns of a cell: n and d of every counted figure, and each reason of being left out. Pure.

A test compares the reasons with those of portal.kpi.conditions.
"""

from portal.kpi.figures import COUNTED, FIGURES, TIMES

_PROMISES = (
    *("contact_rate", "on_time_rate", "on_time_extended"),
    *("accept_on_time", "sign_rate", "verify_rate", "reply_rate"),
)
# Why a figure leaves tickets out, in the order in which it lists them.
EXCLUDED: dict[str, tuple[str, ...]] = {
    "accept_rate": ("merged",),
    "resolution_net": ("withdrawn", "merged", "transferred", "exclusion"),
    "satisfaction": ("unrated",),
    "time_to_contact": ("no_contact",),
    **dict.fromkeys(_PROMISES, ("cancelled",)),
}
# Which count a row of n as less than one; the cell holds tenths.
WEIGHED = frozenset({"satisfaction"})
# Figures of promises: their cohort is a due, which may lie in the future.
PROMISED = tuple(name for name in FIGURES if FIGURES[name].cohort in ("due", "original_due"))


def columns_of(name: str) -> tuple[str, ...]:
    """The columns of one figure: n, d, the weight where there is one, then the left-out."""
    sides = ("d",) if name in TIMES else ("n", "d")
    weight = ("w",) if name in WEIGHED else ()
    left_out = (f"x_{why}" for why in EXCLUDED.get(name, ()))
    return tuple(f"{name}_{side}" for side in (*sides, *weight, *left_out))


COLUMNS: tuple[str, ...] = tuple(one for name in (*COUNTED, *TIMES) for one in columns_of(name))
