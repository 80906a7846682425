"""How good the method is on texts it has not seen: cross-validation, and training with its proof.

Stratified folds; idf, terms and weights are learned from the training folds alone. Texts that are
almost the same are counted, and stay together in one fold: a copy in the training folds would make
the figure better than the method is. Imported like portal.suggest.learning.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from portal.errors import Invalid
from portal.suggest import grams, learning
from portal.suggest.learning import Corpus, Floats, Whole
from portal.suggest.model import Model
from portal.suggest.vocabulary import describe

ALIKE = 0.9  # share of common letter pairs from which two texts count as one
TOP = 3
NOTHING: Mapping[str, tuple[str, str]] = {}
STEPS = tuple(round(0.05 * step, 2) for step in range(4, 20))


@dataclass(frozen=True)
class Sample:
    """One labelled text."""

    title: str
    text: str
    label: str


@dataclass(frozen=True)
class Report:
    """Figures of one cross-validation, and of each threshold (threshold, coverage, precision)."""

    n: int
    classes: int
    folds: int
    accuracy: float
    macro_f1: float
    top3: float
    alike: int
    sharpness: float
    curve: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Prepared:
    """Samples made ready once, for any number of cross-validations."""

    corpus: Corpus
    labels: Whole
    classes: tuple[str, ...]
    groups: Whole
    alike: int


def prepare(samples: Sequence[Sample], known: Mapping[str, tuple[str, str]] = NOTHING) -> Prepared:
    """Counts the grams of the samples, and finds the texts that are almost the same.

    `known`: the name of a label and what else describes it, where the label is no name itself.
    Raises Invalid without samples of two classes.
    """
    classes = tuple(sorted({sample.label for sample in samples}))
    if len(classes) < 2:
        raise Invalid("至少需要两个类别的样本。")
    descriptions = [describe(*known.get(label, (label, ""))) for label in classes]
    corpus = learning.gather([(s.title, s.text) for s in samples], descriptions)
    place = {name: n for n, name in enumerate(classes)}
    labels = np.array([place[sample.label] for sample in samples])
    groups = _alike(corpus, len(samples))
    return Prepared(corpus, labels, classes, groups, len(samples) - len(set(groups.tolist())))


def prepare_enough(
    samples: Sequence[Sample], folds: int, known: Mapping[str, tuple[str, str]] = NOTHING
) -> tuple[Prepared, list[str]]:
    """The samples without the classes that have too few different texts for `folds`, and those."""
    ready = prepare(samples, known)
    pairs = set(zip(ready.labels.tolist(), ready.groups.tolist(), strict=True))
    numbers = Counter(label for label, _ in pairs)
    few = {name for label, name in enumerate(ready.classes) if numbers[label] < folds}
    if not few:
        return ready, []
    return prepare([one for one in samples if one.label not in few], known), sorted(few)


def _alike(corpus: Corpus, n: int) -> Whole:
    """A number for each text; almost the same texts share one (greedy, in their order)."""
    sets = [frozenset(places.tolist()) for places, _ in corpus.rows[grams.PAIRS][:n]]
    holders: dict[int, list[int]] = {}
    groups = np.arange(n)
    for i, own in enumerate(sets):
        shared: dict[int, int] = {}
        # A near copy shares almost every pair: some of a few rare ones are enough to meet it.
        for pair in sorted(own, reverse=True)[: max(4, len(own) // 5)]:
            for other in holders.get(pair, ()):
                shared[other] = shared.get(other, 0) + 1
        for other in shared:
            common = len(own & sets[other])
            if common >= ALIKE * (len(own) + len(sets[other]) - common):
                groups[i] = groups[other]
                break
        for pair in own:
            holders.setdefault(pair, []).append(i)
    return groups


def cross_validate(ready: Prepared, folds: int = 5, seed: int = 0) -> Report:
    """Learns `folds` times on the other folds, and judges what it says of the one left out.

    Raises Invalid when a class has fewer different texts than there are folds.
    """
    fold = _folds(ready, folds, seed)
    joint = np.zeros((len(ready.labels), len(ready.classes)))
    for k in range(folds):
        known, asked = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        scorers = learning.fit(ready.corpus, known, ready.labels[known], len(ready.classes))
        joint[asked] = learning.scores(ready.corpus, scorers, asked)
    return _report(ready, folds, joint)


def _folds(ready: Prepared, folds: int, seed: int) -> Whole:
    """A fold for each text: of each class about the same number, copies of one text together."""
    order = np.random.default_rng(seed)
    fold = np.zeros(len(ready.labels), dtype=np.int64)
    for label, name in enumerate(ready.classes):
        groups = np.unique(ready.groups[ready.labels == label])
        if len(groups) < folds:
            raise Invalid(
                "类别“%(name)s”只有 %(n)d 件不同的样本，少于 %(folds)d 折，无法交叉验证。",
                name=name,
                n=len(groups),
                folds=folds,
            )
        order.shuffle(groups)
        first = int(order.integers(folds))
        for place, group in enumerate(groups):
            # Of two classes with the same text, the later class places both.
            fold[ready.groups == group] = (first + place) % folds
    return fold


def _report(ready: Prepared, folds: int, joint: Floats) -> Report:
    labels = ready.labels
    said = joint.argmax(axis=1)
    ranks = (joint > joint[np.arange(len(labels)), labels][:, None]).sum(axis=1)
    f1 = []
    for label in range(len(ready.classes)):
        both = int(((said == label) & (labels == label)).sum())
        f1.append(2 * both / max(1, int((said == label).sum() + (labels == label).sum())))
    sharpness = learning.sharpen(joint, labels)
    return Report(
        n=len(labels),
        classes=len(ready.classes),
        folds=folds,
        accuracy=float((said == labels).mean()),
        macro_f1=float(np.mean(f1)),
        top3=float((ranks < TOP).mean()),
        alike=ready.alike,
        sharpness=sharpness,
        curve=_curve(joint * sharpness, said == labels),
    )


def _curve(sharp: Floats, right: np.ndarray) -> tuple[tuple[float, float, float], ...]:
    """For each threshold: the share of texts it would speak of, and how often it would be right."""
    sure = 1 / np.exp(sharp - sharp.max(axis=1, keepdims=True)).sum(axis=1)
    found = []
    for step in STEPS:
        spoken = sure >= step
        if spoken.any():
            found.append((step, float(spoken.mean()), float(right[spoken].mean())))
    return tuple(found)


def train(ready: Prepared, folds: int = 5) -> tuple[Model, Report]:
    """A model learned from all samples, and the cross-validation that says what it is worth."""
    report = cross_validate(ready, folds)
    everything = np.arange(len(ready.labels))
    scorers = learning.fit(ready.corpus, everything, ready.labels, len(ready.classes))
    return learning.to_model(ready.corpus, scorers, ready.classes, report.sharpness), report
