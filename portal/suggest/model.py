"""A trained model as plain numbers: what it says of a text, and its bytes. Pure Python.

The pages use this module alone: no library is needed to ask a model. Its bytes are a line of JSON
and arrays of floats, so that loading one can execute nothing.
"""

import json
import math
import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from portal.suggest import grams

FORMAT = 1
SUREST = 0.99  # a model that saw nothing else is not certain for that
SPOKE = 3  # words shown as reasons
MOST_BYTES = 256 * 1024 * 1024  # of a model unpacked; more is no model of ours
# Words that stand in any letter: they may weigh something, but explain nothing.
_COMMON = (
    "我们 你们 他们 我司 我公司 公司 企业 希望 帮忙 协调 请问 谢谢 领导 您好 没有 不能 可以 已经"
    " 现在 问题 情况 这个 这样 一个 因为 所以 但是 如果 这些 什么 怎么 如何 解决 反映 尊敬 书记"
    " 今年 去年"
)
_EMPTY = frozenset(_COMMON.split())


class BrokenModel(Exception):
    """Bytes that are not a model."""


@dataclass(frozen=True)
class Part:
    """One linear scorer over one kind of gram: `weights` holds a row of classes for each term."""

    kind: str
    mix: float
    terms: Sequence[str]
    idf: Sequence[float]
    weights: Sequence[float]
    place: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", {term: n for n, term in enumerate(self.terms)})


@dataclass(frozen=True)
class Suggestion:
    """A class, how sure the model is (0–1, calibrated), and the words that spoke for it."""

    label: str
    confidence: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """`classes` in the order of the weights; `sharpness` makes a score a probability."""

    classes: tuple[str, ...]
    sharpness: float
    parts: tuple[Part, ...]

    def suggest(self, title: str, text: str) -> Suggestion | None:
        """The likeliest class of a text; None when the text holds nothing the model knows."""
        counted = grams.count(title, text)
        scores = [0.0] * len(self.classes)
        seen: list[tuple[Part, dict[str, float], float]] = []
        for part in self.parts:
            values = _values(part, counted[part.kind])
            own = _dot(part, values, len(scores))
            spread = _spread(own)
            if not spread:
                continue
            mean = sum(own) / len(own)
            scores = [s + part.mix * (o - mean) / spread for s, o in zip(scores, own, strict=True)]
            seen.append((part, values, part.mix / spread))
        if not seen:
            return None
        best = max(range(len(scores)), key=scores.__getitem__)
        shares = [math.exp(self.sharpness * (score - scores[best])) for score in scores]
        spoke = _spoke(f"{title} {text}", seen, best, len(scores))
        return Suggestion(self.classes[best], min(SUREST, 1 / sum(shares)), spoke)


def _values(part: Part, counted: dict[str, int]) -> dict[str, float]:
    """The weight of each known term in a text, of length one in all (sublinear tf × idf)."""
    found = {
        term: (1 + math.log(n)) * part.idf[part.place[term]]
        for term, n in counted.items()
        if term in part.place
    }
    size = math.sqrt(sum(value * value for value in found.values()))
    return {term: value / size for term, value in found.items()} if size else {}


def _dot(part: Part, values: dict[str, float], width: int) -> list[float]:
    scores = [0.0] * width
    for term, value in values.items():
        start = part.place[term] * width
        row = part.weights[start : start + width]
        scores = [score + value * weight for score, weight in zip(scores, row, strict=True)]
    return scores


def _spread(values: list[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def _spoke(
    text: str, seen: list[tuple[Part, dict[str, float], float]], best: int, width: int
) -> tuple[str, ...]:
    """The words of the text that raised the class most: each with all grams that lie in it."""
    gain: dict[str, float] = {}
    for part, values, scale in seen:
        for term, value in values.items():
            row = part.weights[part.place[term] * width : (part.place[term] + 1) * width]
            gain[term] = gain.get(term, 0.0) + scale * value * (row[best] - sum(row) / width)
    totals = {
        word: sum(gain.get(piece, 0.0) for piece in _pieces(word))
        for word in dict.fromkeys(grams.words(text))
        if len(word) > 1 and word not in _EMPTY
    }
    ranked = sorted((word for word in totals if totals[word] > 0), key=lambda w: -totals[w])
    chosen: list[str] = []
    for word in ranked:
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
    return tuple(chosen[:SPOKE])


def _pieces(word: str) -> set[str]:
    inside = {word[i : i + n] for n in (2, 3) for i in range(len(word) - n + 1)}
    return inside | {word}


def to_bytes(model: Model) -> bytes:
    """The model as it is stored."""
    head = {
        "format": FORMAT,
        "classes": model.classes,
        "sharpness": model.sharpness,
        "parts": [{"kind": p.kind, "mix": p.mix, "terms": list(p.terms)} for p in model.parts],
    }
    body = b"".join(_floats(p.idf) + _floats(p.weights) for p in model.parts)
    return zlib.compress(json.dumps(head, ensure_ascii=False).encode() + b"\n" + body, 6)


def from_bytes(stored: bytes) -> Model:
    """The model in these bytes. Raises BrokenModel for anything that is not one, whatever it is."""
    try:
        unpacked = zlib.decompressobj().decompress(stored, MOST_BYTES)
        line, _, body = unpacked.partition(b"\n")
        head = json.loads(line)
        if head["format"] != FORMAT:
            raise BrokenModel("another format")
        classes = tuple(str(name) for name in head["classes"])
        parts, at = [], 0
        for one in head["parts"]:
            terms = [str(term) for term in one["terms"]]
            sizes = len(terms), len(terms) * len(classes)
            idf, weights = (_array(body, at, sizes[0]), _array(body, at + 4 * sizes[0], sizes[1]))
            at += 4 * sum(sizes)
            if one["kind"] not in grams.KINDS or len(set(terms)) != len(terms):
                raise BrokenModel("unknown part")
            parts.append(Part(one["kind"], float(one["mix"]), terms, idf, weights))
        if at != len(body) or not classes or not parts:
            raise BrokenModel("wrong length")
        return Model(classes, float(head["sharpness"]), tuple(parts))
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenModel(type(error).__name__) from error


def _floats(values: Sequence[float]) -> bytes:
    """Little-endian floats of four bytes."""
    stored = array("f", values)
    if sys.byteorder == "big":
        stored.byteswap()
    return stored.tobytes()


def _array(body: bytes, start: int, length: int) -> array:
    found = array("f")
    piece = body[start : start + 4 * length]
    if len(piece) != 4 * length:
        raise BrokenModel("cut short")
    found.frombytes(piece)
    if sys.byteorder == "big":
        found.byteswap()
    if not all(map(math.isfinite, found)):
        raise BrokenModel("no numbers")
    return found
