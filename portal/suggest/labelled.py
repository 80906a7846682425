"""Reads labelled texts from a CSV or XLSX file, every column by its name."""

from collections import Counter
from pathlib import Path

from portal.tickets.importer_files import read_rows

NEEDED = ("title", "description", "category")
# Other names a header may give them, as exports of this and of other services do.
ALIASES = {
    "subject": "title",
    "标题": "title",
    "主题": "title",
    "body": "description",
    "text": "description",
    "content": "description",
    "详细情况": "description",
    "内容": "description",
    "label": "category",
    "类别": "category",
    "诉求类别": "category",
}


def read_labelled(path: Path) -> tuple[list[tuple[str, str, str]], Counter[str]]:
    """Title, text and category of each row, and how many rows were left out, by the reason.

    Columns: subject or title, body or description, category; others are ignored. Raises Invalid
    for a file that cannot be read or lacks one of them.
    """
    found: list[tuple[str, str, str]] = []
    problems: Counter[str] = Counter()
    for row in read_rows(path, NEEDED, aliases=ALIASES):
        if row.problem is not None:
            problems[row.problem] += 1
            continue
        title, text, category = (row.cells[name] for name in NEEDED)
        if not category:
            problems["没有类别"] += 1
        elif not title and not text:
            problems["没有标题和内容"] += 1
        else:
            found.append((title, text, category))
    return found, problems
