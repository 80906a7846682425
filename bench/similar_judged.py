"""How often what is called similar is the same problem, by pairs that a person has read.

Run with `python -m bench.similar_judged`: the ids and judgements are in similar_pairs.csv, the
texts in ../shared/data.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from portal.kpi.intervals import wilson
from portal.problems import messages
from portal.problems.similarity import ALIKE, VERY_ALIKE, score

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages_2019_clusters.csv"
NEARLY_COPIES = 0.8  # the same letter, sent again or with a few words changed
PAIRS = Path(__file__).with_name("similar_pairs.csv")


def main() -> int:
    """Prints the precision in all, of the very alike, with and without copies, and the mistakes."""
    board = messages.read(DATA)
    with PAIRS.open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    scored = []
    for pair in pairs:
        one, other = (board.vectors[int(pair[name])] for name in ("message_id", "other_id"))
        scored.append((score(one, other), pair["same"] == "yes"))
    for least, most in (
        (ALIKE, 1.1),
        (VERY_ALIKE, 1.1),
        (NEARLY_COPIES, 1.1),
        (ALIKE, NEARLY_COPIES),
    ):
        judged = [same for value, same in scored if least <= value < most]
        low, high = wilson(sum(judged), len(judged)) or (0.0, 0.0)
        share = f"{sum(judged)} of {len(judged)} pairs are one problem"
        print(f"from {least} to under {most}: {share} ({low:.0%} to {high:.0%})")
    why = Counter(pair["why"] for pair in pairs if pair["same"] == "no")
    print("not one problem:", dict(why), "doubtful:", sum(p["why"] == "doubtful" for p in pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
