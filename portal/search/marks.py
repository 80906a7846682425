"""Where the terms of a search stand in a text as it was written: pieces to mark, excerpts. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

BEFORE, LENGTH = 20, 90  # characters of an excerpt: before its first hit, and in all
Pieces = list[tuple[str, bool]]


class _Plain(dict[str, str]):
    """A character as it is compared, worked out once."""

    def __missing__(self, letter: str) -> str:
        plain = unicodedata.normalize("NFKC", letter).casefold()
        self[letter] = " " if plain.isspace() else plain
        return self[letter]


_PLAIN = _Plain()


def pieces(text: str, terms: Sequence[str]) -> Pieces:
    """The text in pieces, each with whether it is a hit; put together they are the text."""
    return _cut(text, _spans(text, terms))


def excerpt(texts: Iterable[str], terms: Sequence[str]) -> Pieces:
    """A short part of the first text with a hit, around its first one; else how the first begins.

    A dash of dots stands where something is left out.
    """
    first: str | None = None
    for text in texts:
        first = text if first is None else first
        if spans := _spans(text, terms):
            return _around(text, spans)
    return _around(first or "", [])


def _around(text: str, spans: list[tuple[int, int]]) -> Pieces:
    begin = max(0, spans[0][0] - BEFORE) if spans else 0
    end = min(len(text), begin + LENGTH)
    inside = [(max(a, begin) - begin, min(b, end) - begin) for a, b in spans if a < end]
    found = _cut(text[begin:end], inside)
    if begin:
        found.insert(0, ("……", False))
    if end < len(text):
        found.append(("……", False))
    return found


def _spans(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """The parts of the text that are a term, in order, those that touch made one."""
    plain = [_PLAIN[letter] for letter in text]
    whole = "".join(plain)
    places = [place for place, letters in enumerate(plain) for _ in letters]
    hits = []
    for term in terms:
        pattern = re.escape(term).replace(r"\ ", " +")
        for match in re.finditer(pattern, whole):
            hits.append((places[match.start()], places[match.end() - 1] + 1))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(hits):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> Pieces:
    found: Pieces = []
    done = 0
    for begin, end in spans:
        if begin > done:
            found.append((text[done:begin], False))
        found.append((text[begin:end], True))
        done = end
    if done < len(text):
        found.append((text[done:], False))
    return found
