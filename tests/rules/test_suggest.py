"""The category suggestion: what it learns, what it says, and what it does with a broken model."""

import csv
import zlib
from pathlib import Path

import pytest

from portal.errors import Invalid
from portal.suggest import evaluation, rules
from portal.suggest.evaluation import Sample
from portal.suggest.model import BrokenModel, Model, Suggestion, from_bytes, to_bytes
from tests.suggest_texts import labelled

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "messages_with_category.csv"


def samples(per_class: int = 12) -> list[Sample]:
    return [Sample(*row) for row in labelled(per_class)]


@pytest.fixture(scope="module")
def model() -> Model:
    return evaluation.train(evaluation.prepare(samples()))[0]


def test_a_text_gets_its_category_with_the_words_that_spoke_for_it(model: Model):
    found = model.suggest("贷款到期", "银行不肯续贷，要求追加抵押")
    assert found is not None
    assert (found.label, found.confidence > 0.6) == ("融资", True)
    assert set(found.words) & {"贷款", "银行", "续贷", "抵押"}
    assert all(word in "贷款到期银行不肯续贷要求追加抵押" for word in found.words)


def test_a_text_without_a_known_word_gets_nothing(model: Model):
    assert model.suggest("hello", "1234 !?") is None
    assert model.suggest("", "") is None


def test_a_model_says_the_same_after_it_was_stored(model: Model):
    text = ("增值税退税", "留抵退税申报以后没有消息")
    assert from_bytes(to_bytes(model)) is not model
    stored, fresh = from_bytes(to_bytes(model)).suggest(*text), model.suggest(*text)
    assert stored is not None
    assert fresh is not None
    assert (stored.label, stored.words) == (fresh.label, fresh.words)
    assert stored.confidence == pytest.approx(fresh.confidence, abs=1e-4)


def test_broken_bytes_are_refused_whatever_they_are(model: Model):
    good = to_bytes(model)
    unpacked = zlib.decompress(good)
    broken = [
        b"",
        b"x",
        good[: len(good) // 2],
        zlib.compress(b"[]\n"),
        zlib.compress(b"null"),
        zlib.compress(unpacked[:-4]),
        zlib.compress(unpacked + b"\0\0\0\0"),
        zlib.compress(unpacked.replace(b'"format": 1', b'"format": 2', 1)),
        zlib.compress(unpacked[:-4] + b"\xff\xff\xff\xff"),
        # What a pickle would have run.
        b"cos\nsystem\n(S'true'\ntR.",
    ]
    for stored in broken:
        with pytest.raises(BrokenModel):
            from_bytes(stored)


def test_nothing_is_shown_below_the_threshold_or_of_the_chosen_category():
    found = Suggestion("3", 0.8, ("贷款",))
    assert rules.worth_showing(found, 0.8) is found
    assert rules.worth_showing(found, 0.81) is None
    assert rules.worth_showing(found, 0.5, chosen="3") is None
    assert rules.worth_showing(found, 0.5, chosen="4") is found
    assert rules.worth_showing(None, 0.5) is None


def test_copies_of_a_text_stay_in_one_fold():
    several = samples(10)
    copies = [Sample(one.title, one.text + "。谢谢", one.label) for one in several[::3]]
    ready = evaluation.prepare([*several, *copies])
    assert ready.alike >= len(copies)
    fold = evaluation._folds(ready, 5, seed=3)
    pairs = zip(range(0, len(several), 3), range(len(several), len(ready.labels)), strict=True)
    assert [(a, b) for a, b in pairs if fold[a] != fold[b]] == []


def test_a_test_fold_leaves_no_trace_in_what_is_learned():
    several = samples(10)
    changed = [Sample("生僻", "龘靐齉爩" * 3, several[0].label), *several[1:]]
    learned = []
    for rows in (several, changed):
        ready = evaluation.prepare(rows)
        known = [n for n in range(len(rows)) if n]
        chosen = evaluation.np.array(known)
        scorers = evaluation.learning.fit(ready.corpus, chosen, ready.labels[chosen], 3)
        learned.append(evaluation.learning.to_model(ready.corpus, scorers, ready.classes, 1.0))
    terms = [{part.kind: set(part.terms) for part in one.parts} for one in learned]
    assert terms[0] == terms[1]
    text = ("贷款到期", "银行不肯续贷")
    said = [one.suggest(*text) for one in learned]
    assert said[0] is not None
    assert said[1] is not None
    assert said[0].confidence == pytest.approx(said[1].confidence, abs=1e-9)


def test_too_few_texts_are_explained():
    with pytest.raises(Invalid, match="两个类别"):
        evaluation.prepare([one for one in samples() if one.label == "融资"])
    few = [one for one in samples(8) if one.label != "税费"] + samples(3)[-3:]
    with pytest.raises(Invalid, match=r"税费.*3 件.*5 折"):
        evaluation.cross_validate(evaluation.prepare(few))
    ready, left_out = evaluation.prepare_enough(few, 5)
    assert left_out == ["税费"]
    assert ready.classes == ("用工社保", "融资")


@pytest.mark.skipif(not REAL.exists(), reason="the real data is not on this machine")
def test_real_texts_are_told_apart():
    """One seed of what bench/suggest.py measures over many."""
    with REAL.open(encoding="utf-8", newline="") as file:
        rows = [Sample(r["subject"], r["body"], r["category"]) for r in csv.DictReader(file)]
    report = evaluation.cross_validate(evaluation.prepare(rows), folds=5, seed=0)
    assert (report.n, report.classes) == (300, 7)
    assert report.macro_f1 >= 0.78
    assert report.top3 >= 0.94
    sure = {step: right for step, _, right in report.curve}
    assert sure[0.7] >= 0.85
