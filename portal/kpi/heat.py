"""When tickets are submitted: weekdays by hours, as a table whose cells are shaded by number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from portal.amounts import number, percent
from portal.wording import WEEKDAYS

# Shades from none to the most.
SHADES = 5
# Rows of the table: hours of the night together, the hours of the day one by one.
ROWS: tuple[tuple[int, int], ...] = ((0, 7), *((at, at + 1) for at in range(7, 21)), (21, 24))


@dataclass(frozen=True)
class Square:
    """One cell: how many, how dark (0 to SHADES), where it leads, and its words."""

    n: int
    shade: int
    url: str | None
    words: str


@dataclass(frozen=True)
class Heat:
    """The table, hours downwards, and one sentence about it."""

    summary: str
    weekdays: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Square]]]


def heat(hours: Sequence[Sequence[int]], address: Callable[[str], str]) -> Heat:
    """From submissions by weekday (Monday first) and hour; `address` of a key like “1-09-10”."""
    weekdays = [str(WEEKDAYS[day]) for day in range(7)]
    cells = [[sum(hours[day][low:high]) for day in range(7)] for low, high in ROWS]
    most = max(max(row) for row in cells)
    rows = []
    for (low, high), row in zip(ROWS, cells, strict=True):
        label = f"{low:02d}–{high:02d}"
        squares = [
            Square(
                n,
                -(-SHADES * n // most) if most else 0,
                address(f"{day + 1}-{low:02d}-{high:02d}") if n else None,
                _("%(day)s %(hours)s 时，%(n)s 件", day=weekdays[day], hours=label, n=number(n)),
            )
            for day, n in enumerate(row)
        ]
        rows.append((label, squares))
    return Heat(_told(hours, weekdays), weekdays, rows)


def _told(hours: Sequence[Sequence[int]], weekdays: Sequence[str]) -> str:
    """The busiest hour of the week, and how much comes outside the week's working hours."""
    total = sum(map(sum, hours))
    if not total:
        return _("本期没有提交的诉求。")
    day, at = max(
        ((day, at) for day in range(7) for at in range(24)), key=lambda one: hours[one[0]][one[1]]
    )
    inside = sum(sum(hours[day][8:18]) for day in range(5))
    return _(
        "提交最多的是%(day)s %(from)s–%(to)s 时（%(n)s 件）；"
        "周一至周五 8–18 时以外提交的占 %(rate)s。",
        day=weekdays[day],
        n=number(hours[day][at]),
        rate=percent(1 - inside / total),
        **{"from": at, "to": at + 1},
    )
