"""What a text consists of for the classifier: letters, pairs of letters, and words. Pure.

Only Chinese characters count: figures, names of places in Latin letters and punctuation say little
about the kind of a problem, and would tie a model to the writers it has seen.
"""

import re
from collections import Counter

try:
    import rjieba
except ImportError:  # no suggestion then; everything else works the same
    rjieba = None

LETTERS, PAIRS, WORDS = "letters", "pairs", "words"
KINDS = (LETTERS, PAIRS, WORDS)
TITLE_WEIGHT = 4  # a title says in ten characters what the text says in three hundred
MOST = 2000  # characters of a text that are read
_HAN = re.compile(r"[\u4e00-\u9fff]+")


def available() -> bool:
    """Whether the library that cuts words is installed."""
    return rjieba is not None


def words(text: str) -> list[str]:
    """The words of a text in their order, Chinese ones only."""
    if rjieba is None:
        return []
    return [word for run in _HAN.findall(text[:MOST]) for word in rjieba.cut(run)]


def count(title: str, text: str) -> dict[str, Counter[str]]:
    """How often each gram occurs, by kind; what the title says counts TITLE_WEIGHT times."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for part, weight in ((title, TITLE_WEIGHT), (text[:MOST], 1)):
        for run in _HAN.findall(part):
            for size in (1, 2, 3):
                for start in range(len(run) - size + 1):
                    found[LETTERS][run[start : start + size]] += weight
            for start in range(len(run) - 1):
                found[PAIRS][run[start : start + 2]] += weight
        for word in words(part):
            found[WORDS][word] += weight
    return found
