"""Breaks Chinese text into lines: numbers stay whole, no line begins with a closing mark. Pure."""

import re
from collections.abc import Callable

# A number with its signs and unit, a Latin word, or one character.
_PIECES = re.compile(r"[0-9A-Za-z.,%/·\-–]+|.", re.DOTALL)
_NOT_FIRST = frozenset("，。、；：！？）》”’…＊,.;:!?)%件个")
_NOT_LAST = frozenset("（《“‘(")


def lines(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The text in lines no wider than `width`, as `measure` tells it.

    A closing mark goes down together with the piece before it, an opening one with the piece
    after it. A piece that is wider than a line stands alone.
    """
    found: list[str] = []
    line = ""
    for unit in _units(text):
        if line and measure(line + unit) > width:
            found.append(line)
            line = ""
        line += unit
    return [*found, line] if line or not found else found


def _units(text: str) -> list[str]:
    """Pieces that may not be parted, joined."""
    units: list[str] = []
    for piece in _PIECES.findall(text):
        if units and (piece[0] in _NOT_FIRST or units[-1][-1] in _NOT_LAST):
            units[-1] += piece
        else:
            units.append(piece)
    return units
