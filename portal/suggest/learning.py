"""Learns a model from labelled texts: three linear scorers, each weak in another way. Pure, numpy.

A linear support vector machine over single letters, pairs and triples; and two complement naive
Bayes scorers, over pairs and over words. Their scores are brought to one scale and added. What is
known of a category before any ticket (portal.suggest.vocabulary) joins as one more text for each.
Imported where learning is done (commands, jobs), never by the pages: see portal.suggest.library.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portal.suggest import grams
from portal.suggest.model import Model, Part

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Row = tuple[Whole, Floats]  # the places of a text's grams, and their values
MIX = {grams.LETTERS: 1.0, grams.PAIRS: 0.5, grams.WORDS: 0.5}
# A letter gram that stands in one text only says nothing of the next one.
RARE = {grams.LETTERS: 2, grams.PAIRS: 1, grams.WORDS: 1}
DESCRIPTION_WEIGHT = 4.0  # texts that a category's own description is worth
MARGIN = 1.0  # the machine's C
BALANCE = 0.5  # 0: a class counts by its size; 1: all classes count the same
SMOOTHING = 0.1
PASSES, STILL = 20, 0.005


@dataclass(frozen=True)
class Corpus:
    """Texts as rows of gram places; the last `described` rows are descriptions of the classes."""

    terms: dict[str, list[str]]
    rows: dict[str, list[Row]]
    described: int


@dataclass(frozen=True)
class Scorer:
    """One linear scorer: which places it uses with which idf, and a row of weights for each."""

    idf: Floats
    weights: Floats


def gather(texts: Sequence[tuple[str, str]], descriptions: Sequence[str] = ()) -> Corpus:
    """Counts the grams of (title, text) pairs and of the descriptions; nothing is learned here."""
    places: dict[str, dict[str, int]] = {kind: {} for kind in grams.KINDS}
    rows: dict[str, list[Row]] = {kind: [] for kind in grams.KINDS}
    for title, text in [*texts, *(("", words) for words in descriptions)]:
        for kind, counted in grams.count(title, text).items():
            place = places[kind]
            ids = [place.setdefault(term, len(place)) for term in counted]
            values = 1 + np.log(np.array(list(counted.values()), dtype=float))
            rows[kind].append((np.array(ids, dtype=np.int64), values))
    return Corpus({kind: list(place) for kind, place in places.items()}, rows, len(descriptions))


def fit(corpus: Corpus, chosen: Whole, labels: Whole, classes: int) -> dict[str, Scorer]:
    """The scorers learned from the chosen rows alone (and the descriptions).

    `labels`: the class of each chosen row. What is not chosen leaves no trace: no idf, no term.
    """
    own = np.arange(corpus.described)
    lab = np.concatenate([labels, own])
    weight = np.concatenate([np.ones(len(chosen)), np.full(len(own), DESCRIPTION_WEIGHT)])
    scorers = {}
    for kind in grams.KINDS:
        idf, rows = _weighed(corpus, kind, chosen)
        if kind == grams.LETTERS:
            weights = _machine(rows, lab, weight, classes, len(idf))
        else:
            weights = _bayes(rows, lab, weight, classes, idf > 0)
        scorers[kind] = Scorer(idf, weights)
    return scorers


def _weighed(corpus: Corpus, kind: str, chosen: Whole) -> tuple[Floats, list[Row]]:
    """The idf of each place (0: not used), and the rows in it, each of length one."""
    all_rows, size = corpus.rows[kind], len(corpus.terms[kind])
    rows = [all_rows[i] for i in chosen]
    known = all_rows[len(all_rows) - corpus.described :]
    seen = _stand_in(rows, size)
    used = seen + _stand_in(known, size) >= RARE[kind]
    idf = np.where(used, np.log((1 + len(rows)) / (1 + seen)) + 1, 0.0)
    return idf, [_unit(row, idf) for row in [*rows, *known]]


def _stand_in(rows: Sequence[Row], size: int) -> Whole:
    """In how many rows each place stands."""
    ids = [places for places, _ in rows]
    joined = np.concatenate(ids) if ids else np.array([], dtype=np.int64)
    return np.bincount(joined, minlength=size)


def _unit(row: Row, idf: Floats) -> Row:
    values = row[1] * idf[row[0]]
    used = values > 0
    size = float(np.sqrt((values * values).sum())) or 1.0
    return row[0][used], values[used] / size


def _machine(rows: list[Row], lab: Whole, weight: Floats, classes: int, size: int) -> Floats:
    """One against the rest for all classes at once: dual coordinate descent, squared hinge loss."""
    signs = np.where(lab[:, None] == np.arange(classes), 1.0, -1.0)
    counts = np.maximum(np.bincount(lab, weights=weight, minlength=classes), 1e-9)
    lift = (weight.sum() / (classes * counts)) ** BALANCE
    cost = weight[:, None] * np.where(signs > 0, lift, 1.0) * MARGIN
    slack = 0.5 / cost
    lengths = np.array([float(values @ values) for _, values in rows])[:, None] + slack
    weights, duals = np.zeros((size, classes)), np.zeros((len(rows), classes))
    order = np.random.default_rng(0)
    for _ in range(PASSES):
        moved = 0.0
        for i in order.permutation(len(rows)):
            places, values = rows[i]
            slope = signs[i] * (values @ weights[places]) - 1 + slack[i] * duals[i]
            step = np.maximum(duals[i] - slope / lengths[i], 0) - duals[i]
            if (most := float(np.abs(step).max())) > 1e-6:
                moved = max(moved, most)
                duals[i] += step
                weights[places] += values[:, None] * (step * signs[i])
        if moved < STILL:
            break
    return weights


def _bayes(rows: list[Row], lab: Whole, weight: Floats, classes: int, used: NDArray) -> Floats:
    """Complement naive Bayes: how much a term speaks against all the other classes."""
    counts = np.zeros((len(used), classes))
    for (places, values), label, times in zip(rows, lab, weight, strict=True):
        counts[places, label] += values * times
    others = counts[used].sum(axis=1, keepdims=True) - counts[used] + SMOOTHING
    weights = np.zeros((len(used), classes))
    weights[used] = -np.log(others / others.sum(axis=0))
    return weights


def scores(corpus: Corpus, scorers: dict[str, Scorer], chosen: Whole) -> Floats:
    """The joint score of each chosen row for each class."""
    joint = 0.0
    for kind, scorer in scorers.items():
        rows = [_unit(corpus.rows[kind][i], scorer.idf) for i in chosen]
        own = np.array([values @ scorer.weights[places] for places, values in rows])
        spread = own.std(axis=1, keepdims=True)
        joint = joint + MIX[kind] * (own - own.mean(axis=1, keepdims=True)) / np.where(
            spread > 0, spread, 1.0
        )
    return np.asarray(joint)


def sharpen(joint: Floats, labels: Whole) -> float:
    """The factor that makes scores of unseen texts honest probabilities: least log loss."""
    best, least = 1.0, np.inf
    for factor in np.geomspace(0.1, 20, 60):
        shares = joint * factor
        shares = shares - shares.max(axis=1, keepdims=True)
        loss = np.log(np.exp(shares).sum(axis=1)) - shares[np.arange(len(labels)), labels]
        if loss.mean() < least:
            best, least = float(factor), float(loss.mean())
    return best


def to_model(
    corpus: Corpus, scorers: dict[str, Scorer], classes: Sequence[str], sharpness: float
) -> Model:
    """The scorers as plain numbers, without the terms that weigh nothing."""
    parts = []
    for kind, scorer in scorers.items():
        used = np.flatnonzero(scorer.idf > 0)
        terms = [corpus.terms[kind][i] for i in used]
        weights = scorer.weights[used].ravel().tolist()
        parts.append(Part(kind, MIX[kind], terms, scorer.idf[used].tolist(), weights))
    return Model(tuple(classes), sharpness, tuple(parts))
