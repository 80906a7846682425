"""Search terms: how text is compared, its overlapping pairs of characters, what a query asks. Pure.

Two-character Chinese words are the commonest query, so text is indexed by pairs (stack.md 17).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

SHORTEST = 2  # characters of a term: a pair is the least that the index knows
MOST_TERMS = 8
LONGEST = 60  # characters of a term
# Of one ticket at most so many characters are indexed: their pairs must fit into one tsvector
# (1 MB; a pair with its mark is at most 9 bytes).
ROOM = 100_000
# Where a pair stands: the head (title, number, firm), the body, or what was said later.
HEAD, BODY, LATER = "^", "", "~"
# Of letters and digits there are so few that every number holds most pairs: fours tell them apart.
FOUR = 4
_RUN = re.compile(r"[0-9a-z]{4,}")
_PIECE = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans("“”„‟«»", '""""""')


@dataclass(frozen=True)
class Asked:
    """What a query asks: every one of `terms`; `short` are too short to be looked for."""

    terms: tuple[str, ...] = ()
    short: tuple[str, ...] = ()


def normalise(text: str) -> str:
    """The text as it is compared: NFKC, lower case, one blank where there were blanks or lines."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def bigrams(text: str) -> list[str]:
    """The pairs of neighbouring characters of the normalised text, each once, as first met."""
    plain = normalise(text)
    return list(dict.fromkeys(plain[i : i + 2] for i in range(len(plain) - 1)))


def grams(text: str) -> list[str]:
    """What the index keeps of a text: its pairs, and the fours of its letters and digits."""
    return [*bigrams(text), *_fours(normalise(text))]


def _fours(plain: str) -> list[str]:
    runs = _RUN.findall(plain)
    return list(
        dict.fromkeys(run[i : i + FOUR] for run in runs for i in range(len(run) - FOUR + 1))
    )


def _telling(term: str) -> list[str]:
    """The entries a text must have that holds the term: fours where there are, pairs between."""
    plain = normalise(term)
    inside = {i for run in _RUN.finditer(plain) for i in range(run.start(), run.end() - 1)}
    pairs = (plain[i : i + 2] for i in range(len(plain) - 1) if i not in inside)
    return [*_fours(plain), *dict.fromkeys(pairs)]


def parse(query: str) -> Asked:
    """The terms of a query: split at blanks, “…” or "…" holds a phrase together."""
    terms: dict[str, None] = {}
    short: dict[str, None] = {}
    spelled = unicodedata.normalize("NFKC", query.translate(_QUOTES))
    for phrase, word in _PIECE.findall(spelled):
        if term := normalise(phrase or word)[:LONGEST]:
            (terms if len(term) >= SHORTEST else short)[term] = None
    return Asked(tuple(terms)[:MOST_TERMS], tuple(short))


def lexemes(head: Iterable[str], body: str, later: Iterable[str]) -> list[str]:
    """The index entries of one ticket's normalised texts: its pairs, marked by where they stand."""
    found = {HEAD + pair for text in head for pair in grams(text)}
    found.update(BODY + pair for pair in grams(body))
    found.update(LATER + pair for text in later for pair in grams(text))
    return sorted(found)


def tsquery(terms: Iterable[str], places: Iterable[str] = (HEAD, BODY, LATER)) -> str:
    """What to ask the index for: each term's entries all in one of the `places`.

    It finds every ticket that holds the terms, and some that hold the pairs apart: check the text.
    """
    return " & ".join(
        "(" + " | ".join(_all_of(term, place) for place in places) + ")" for term in terms
    )


def _all_of(term: str, place: str) -> str:
    return "(" + " & ".join(_quoted(place + pair) for pair in _telling(term)) + ")"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
