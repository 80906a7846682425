"""Groups of requests in a file of messages, such as those of a public board; no database."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from portal.errors import Invalid
from portal.problems.grouping import Group, Request, groups
from portal.problems.similarity import Frequencies, Vector, grams, vector

NEEDED = ("message_id", "user_id", "subject", "body")


@dataclass(frozen=True)
class Board:
    """The messages of a file by id: who wrote them, their subjects and their vectors."""

    firms: dict[int, str]
    subjects: dict[int, str]
    vectors: dict[int, Vector]

    def groups(self) -> list[Group]:
        """The groups of messages about one problem, those of the most writers first."""
        requests = [Request(one, self.firms[one], vector) for one, vector in self.vectors.items()]
        return groups(requests)


def read(path: Path) -> Board:
    """The messages of a CSV in UTF-8 with a header; bigrams are counted over the file itself.

    Raises Invalid when a column is missing or an id is no number.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise Invalid("文件缺少列：%(columns)s。", columns="、".join(missing))
        rows = list(reader)
    if any(not row["message_id"].isdigit() for row in rows):
        raise Invalid("message_id 须是数字。")
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(set(grams(row["subject"])) | set(grams(row["body"])))
    known = Frequencies(len(rows), {gram: n for gram, n in counts.items() if n > 1})
    by_id = {int(row["message_id"]): row for row in rows}
    return Board(
        {one: row["user_id"] for one, row in by_id.items()},
        {one: row["subject"] for one, row in by_id.items()},
        {one: vector(row["subject"], row["body"], known) for one, row in by_id.items()},
    )
