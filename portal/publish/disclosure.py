"""Hides small counts so that nobody can be singled out, not by subtraction either. Pure.

A count is safe when it is 0 or at least SMALL. A row with an unsafe count is hidden whole, and
further rows with it until what the hidden ones sum up to is safe as well. So all that anybody can
make of the shown rows and the totals is what a table would say in which the hidden rows were one.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import TypeVar

SMALL = 5
# A row hidden alone would be the total less the others.
AT_LEAST = 2
Key = TypeVar("Key", bound=Hashable)
Counts = tuple[int, ...]


def safe(*counts: int) -> bool:
    """Whether each count is nobody or a crowd."""
    return all(count == 0 or count >= SMALL for count in counts)


def parts(n: int, d: int) -> Counts:
    """What “n of d” says, outright or by subtraction: the whole and its two parts."""
    return d, n, d - n


def hidden(rows: Mapping[Key, Counts], start: Collection[Key] = ()) -> frozenset[Key]:
    """The rows to hide; all rows have the same counts, whose totals are known to everybody.

    `start`: rows that are hidden already. Where the totals themselves are not safe, every row is
    hidden; the totals must be, too.
    """
    away = {key for key, counts in rows.items() if key in start or not safe(*counts)}
    while away and not _covered([rows[key] for key in away]):
        left = [key for key in rows if key not in away]
        if not left:
            break
        away.add(min(left, key=lambda key: (rows[key][0] == 0, rows[key])))
    return frozenset(away)


def _covered(rows: Sequence[Counts]) -> bool:
    """Whether rows hide each other: several of them that hold somebody, and safe in sum."""
    held = [row for row in rows if any(row)]
    return len(held) >= AT_LEAST and safe(*(sum(column) for column in zip(*rows, strict=True)))


def floor_percent(d: int) -> int | None:
    """The whole percent that n / d is above when d − n is 1 to 4, which is not said; None under 5.

    E.g. 618 → 99: at least 614 of 618.
    """
    return int(100 * (d - SMALL + 1) / d) if d >= SMALL else None
