"""How well the category suggestion tells real messages apart, honestly: many seeds of five folds.

Run with `python -m bench.suggest [--seeds N]`. It is the code that the service trains with
(`flask routing evaluate`), on ../shared/data/messages_with_category.csv. Learned in each fold: idf,
terms, weights. Texts that are almost the same stay in one fold. The only prior knowledge is
portal/suggest/terms.csv, written by hand; `--bare` measures without it.
"""

import argparse
import csv
import sys
import time
from pathlib import Path
from statistics import mean, pstdev

from portal.suggest import evaluation
from portal.suggest.evaluation import Sample
from portal.suggest.model import from_bytes, to_bytes

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "messages_with_category.csv"
FIGURES = ("accuracy", "macro_f1", "top3")
WANTED = {"macro_f1": 0.80, "top3": 0.95}
FOLDS = 5


def main() -> int:
    """Prints means and spreads; 1 when a mean is below what the issue asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--bare", action="store_true", help="without the names of the categories")
    asked = parser.parse_args()
    if not DATA.exists():
        print("the real data is not on this machine")
        return 0
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [Sample(r["subject"], r["body"], r["category"]) for r in csv.DictReader(file)]
    known = {row.label: ("", "") for row in rows} if asked.bare else {}
    ready = evaluation.prepare(rows, known)
    print(
        f"{len(rows)} texts, {len(ready.classes)} classes, {ready.alike} near copies kept together"
    )
    reports = [evaluation.cross_validate(ready, FOLDS, seed) for seed in range(asked.seeds)]
    means = {}
    for name in FIGURES:
        values = [getattr(report, name) for report in reports]
        means[name] = mean(values)
        print(
            f"{name:9} {means[name]:.4f} ± {pstdev(values):.4f}"
            f" ({min(values):.4f} to {max(values):.4f})"
        )
    _curve(reports)
    _speed(ready, rows)
    return 0 if asked.bare or all(means[name] >= least for name, least in WANTED.items()) else 1


def _curve(reports: list[evaluation.Report]) -> None:
    """What a threshold costs and brings, over all seeds."""
    print("threshold  speaks of  is right")
    for step in evaluation.STEPS:
        found = [(spoken, right) for r in reports for at, spoken, right in r.curve if at == step]
        if found:
            spoken, right = (mean(column) for column in zip(*found, strict=True))
            print(f"{step:9.2f} {spoken:10.1%} {right:9.1%}")


def _speed(ready: evaluation.Prepared, rows: list[Sample]) -> None:
    """How long training, loading and one suggestion take."""
    begun = time.perf_counter()
    model, _ = evaluation.train(ready, FOLDS)
    print(f"training with its proof {time.perf_counter() - begun:.1f} s")
    stored = to_bytes(model)
    begun = time.perf_counter()
    loaded = from_bytes(stored)
    print(f"{len(stored) / 1e6:.1f} MB, loaded in {(time.perf_counter() - begun) * 1000:.0f} ms")
    took = []
    for row in rows:
        begun = time.perf_counter()
        loaded.suggest(row.title, row.text)
        took.append((time.perf_counter() - begun) * 1000)
    took.sort()
    middle, late = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"one suggestion: median {middle:.1f} ms, 99 % {late:.1f} ms, longest {took[-1]:.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
