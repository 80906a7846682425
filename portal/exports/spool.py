"""The files of large exports, outside the web root, by random name: a spool, then the file. Pure.

A spool is a line of JSON for each row. What lies beyond its certain bytes was written by a worker
that died before its commit, and is cut off.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from portal.audit.watermark import Mark
from portal.sheets.writing import table_csv, table_xlsx

_FOLDER = "exports"
# Left behind by workers that were killed, older than any run.
_FORGOTTEN_SECONDS = 26 * 3600

Row = Sequence[str | int | float]


def path_of(name: str, folder: Path) -> Path:
    """Where a spool or a file lies."""
    return folder / _FOLDER / name


def append(name: str, folder: Path, certain: int, rows: Iterable[Row]) -> int:
    """Writes rows after the first `certain` bytes, for good; how many bytes are certain now."""
    path = path_of(name, folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as spool:
        spool.truncate(certain)
        spool.seek(certain)
        for row in rows:
            spool.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        spool.flush()
        os.fsync(spool.fileno())
        return spool.tell()


def rows_of(name: str, folder: Path, certain: int) -> Iterator[Row]:
    """The rows of a spool, one in memory at a time."""
    left = certain
    with path_of(name, folder).open("rb") as spool:
        while left > 0 and (line := spool.readline()):
            left -= len(line)
            yield json.loads(line)


def write(
    target: Path,
    form: str,
    title: str,
    headings: Sequence[str],
    rows: Iterable[Row],
    mark: Mark,
    *,
    column: str = "",
) -> None:
    """The file itself, in constant memory. `mark`: who takes it; in a CSV the last column, called
    `column`, where that is given: it is in every row, so it stays with what is cut out."""
    if form == "xlsx":
        table_xlsx(title, headings, rows, target, mark)
        return
    if column:
        headings, rows = [*headings, column], ([*row, mark.words] for row in rows)
    with target.open("w", encoding="utf-8", newline="") as out:
        out.writelines(table_csv(headings, rows))


def discard(name: str | None, folder: Path) -> None:
    """Removes a spool or a file."""
    if name:
        path_of(name, folder).unlink(missing_ok=True)


def sweep(folder: Path, now: datetime) -> None:
    """Removes what nobody can need any more, whoever left it behind."""
    oldest = now.timestamp() - _FORGOTTEN_SECONDS
    for path in (folder / _FOLDER).glob("*"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
