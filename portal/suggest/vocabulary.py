"""What is known of a category before any ticket: its name and the words such a name stands for.

`terms.csv` was written by hand from general knowledge of public administration: a piece of a
category's name, and words that firms and citizens use for it. Pure, apart from reading that file.
"""

import csv
from functools import lru_cache
from pathlib import Path

_FILE = Path(__file__).parent / "terms.csv"


def describe(name: str, more: str = "") -> str:
    """The words that stand for a category: its name, `more` (its template) and the known terms."""
    return " ".join([name, more, *(terms for piece, terms in _terms() if piece in name)])


@lru_cache(maxsize=1)
def _terms() -> tuple[tuple[str, str], ...]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple((row["stem"], row["terms"]) for row in csv.DictReader(file))
