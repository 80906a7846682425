"""How alike two requests are: vectors of telling bigrams, and their score from 0 to 1. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log, sqrt

from portal.problems.boilerplate import BOILERPLATE
from portal.search.terms import normalise

TERMS = 96  # of the most telling bigrams of a request that are kept
TITLE_WEIGHT = 2.0
SCALE = 10_000  # a stored weight is a whole number of ten-thousandths
ALIKE = 0.22  # from here on two requests are shown as similar
VERY_ALIKE = 0.45
_RUN = re.compile(r"[0-9a-z\u3400-\u9fff]+")
_OFFSET = 1 << 31  # two characters of 16 bits each, as PostgreSQL's signed integer

Vector = dict[int, float]


@dataclass(frozen=True)
class Frequencies:
    """In how many of `documents` requests each bigram stands; from a sample, refreshed by a job."""

    documents: int = 0
    counts: Mapping[int, int] | None = None

    def rarity(self, gram: int) -> float:
        """The weight of a bigram: the rarer, the more telling; 0 for what every letter says."""
        if gram in _DULL:
            return 0.0
        seen = (self.counts or {}).get(gram, 0)
        return max(0.0, log((max(self.documents, 1) + 1) / (seen + 0.5)))


NO_FREQUENCIES = Frequencies()


def code(gram: str) -> int:
    """A bigram of the basic plane as a signed 32-bit integer, as it is stored."""
    return ((ord(gram[0]) << 16) | ord(gram[1])) - _OFFSET


def gram_of(number: int) -> str:
    """The bigram that `code` made the number of."""
    both = number + _OFFSET
    return chr(both >> 16) + chr(both & 0xFFFF)


def grams(text: str) -> list[int]:
    """The overlapping bigrams of each run of letters, digits and Chinese characters, in order."""
    found = []
    for run in _RUN.findall(normalise(text)):
        found += [code(run[at : at + 2]) for at in range(len(run) - 1)]
    return found


_DULL = frozenset(gram for word in BOILERPLATE.split() for gram in grams(word))


def vector(title: str, body: str, frequencies: Frequencies, most: int = TERMS) -> Vector:
    """The telling bigrams of a request, the most telling first; their squares add up to 1.

    A bigram weighs by its rarity, by how often it is said, and more when the title says it. Empty
    for a text that says nothing.
    """
    said, headed = Counter(grams(body)), set(grams(title))
    weights = {}
    for gram in said.keys() | headed:
        times = 1 + log(said[gram]) if said[gram] else 0.0
        weight = frequencies.rarity(gram) * (times + (TITLE_WEIGHT if gram in headed else 0.0))
        if weight > 0:
            weights[gram] = weight
    top = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    norm = sqrt(sum(weight * weight for _gram, weight in top))
    return {gram: weight / norm for gram, weight in top}


def stored(one: Vector) -> tuple[list[int], list[int]]:
    """The vector as its columns: terms, and weights in ten-thousandths."""
    return list(one), [round(weight * SCALE) for weight in one.values()]


def restored(terms: Iterable[int], weights: Iterable[int]) -> Vector:
    """The vector of a stored pair of columns."""
    return {term: weight / SCALE for term, weight in zip(terms, weights, strict=True)}


def score(one: Vector, other: Vector) -> float:
    """From 0 (nothing in common) to 1 (the same words); the same both ways.

    The cosine of the two, less up to half of what the strongest single common phrase gives: a
    name that two requests share (a park, a street) does not make them one problem, unless they
    share other words too.
    """
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    shared = {gram: weight * large[gram] for gram, weight in small.items() if gram in large}
    if not shared:
        return 0.0
    cosine = min(1.0, sum(shared[gram] for gram in sorted(shared)))
    strongest = min(cosine, max(sum(shared[g] for g in sorted(c)) for c in chains(shared)))
    return cosine - strongest * (1 - cosine) / 2


def mean(vectors: Iterable[Vector], most: int = TERMS) -> Vector:
    """The middle of several vectors: what they have in common weighs most; of length 1."""
    total: dict[int, float] = {}
    for vector in vectors:
        for gram, weight in vector.items():
            total[gram] = total.get(gram, 0.0) + weight
    top = sorted(total.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    norm = sqrt(sum(weight * weight for _gram, weight in top)) or 1.0
    return {gram: weight / norm for gram, weight in top}


def chains(shared: Iterable[int]) -> list[list[int]]:
    """Bigrams that hang together in one phrase (…xy, yz…), grouped."""
    parent = {gram: gram for gram in shared}
    by_first: dict[int, list[int]] = {}
    for gram in parent:
        by_first.setdefault((gram + _OFFSET) >> 16, []).append(gram)
    for gram in parent:
        for follower in by_first.get((gram + _OFFSET) & 0xFFFF, ()):
            parent[_root(parent, gram)] = _root(parent, follower)
    found: dict[int, list[int]] = {}
    for gram in parent:
        found.setdefault(_root(parent, gram), []).append(gram)
    return list(found.values())


def _root(parent: dict[int, int], gram: int) -> int:
    while parent[gram] != gram:
        parent[gram] = parent[parent[gram]]
        gram = parent[gram]
    return gram


def in_common(text: str, shared: Iterable[int]) -> list[tuple[int, int]]:
    """Where the common bigrams stand in `text`: pieces (start, end), touching ones joined.

    Counted on the text as it is, so that a page can mark it; a letter that `normalise` makes longer
    is left unmarked.
    """
    wanted = set(shared)
    pieces: list[tuple[int, int]] = []
    letters = [normalise(letter) for letter in text]
    for at in range(len(letters) - 1):
        pair = letters[at] + letters[at + 1]
        if len(pair) != 2 or not _RUN.fullmatch(pair) or code(pair) not in wanted:
            continue
        if pieces and pieces[-1][1] >= at:
            pieces[-1] = (pieces[-1][0], at + 2)
        else:
            pieces.append((at, at + 2))
    return pieces
