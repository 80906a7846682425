"""Recomputes the chain and compares it with its sources and its checkpoints; constant memory."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from portal.audit import checkpoints
from portal.audit.chain import ALGORITHMS, digest, hash_of
from portal.audit.models import AuditEntry, AuditQueue, AuditShape
from portal.audit.sealing import images, key_of, picture
from portal.audit.sources import SOURCES
from portal.extensions import db

BATCH = 2000
MOST = 1000  # findings; a chain with more is broken throughout


@dataclass(frozen=True)
class Finding:
    """What is wrong and where: the entry's number (None where there is none), the source row."""

    what: str
    seq: int | None = None
    source: str = ""
    source_id: int | None = None


@dataclass
class Report:
    """What was looked at and what was found. `unsealed`: rows that wait, the oldest since when."""

    entries: int = 0
    first: int | None = None
    last: int | None = None
    anchors: int = 0
    unsealed: int = 0
    since: datetime | None = None
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, found: Finding) -> None:
        """Keeps a finding, up to some number of them."""
        if len(self.findings) < MOST:
            self.findings.append(found)


def verify(
    key: bytes, folder: Path, *, first: int | None = None, last: int | None = None
) -> Report:
    """Everything, or the entries from `first` to `last` and their rows.

    `key`, `folder`: of the checkpoints. The whole is read in one snapshot, so that what is written
    meanwhile is neither missed nor blamed.
    """
    db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
    report = Report()
    waits = select(func.count(), func.min(AuditQueue.at))
    report.unsealed, report.since = db.session.execute(waits).one()
    shapes = {row.id: list(row.columns) for row in db.session.scalars(select(AuditShape))}
    _chain(report, shapes, first, last)
    _anchors(report, key, folder, first, last)
    if first is None and last is None:
        for source, one in SOURCES.items():
            if one.mode != "passing":
                _unlogged(report, source)
    return report


def states(entry: AuditEntry) -> bool:
    """Whether an entry by itself has the hash of what it says."""
    row = {column.name: getattr(entry, column.name) for column in AuditEntry.__table__.columns}
    shape = db.session.get(AuditShape, entry.shape_id)
    if shape is None or entry.algorithm not in ALGORITHMS:
        return False
    return hash_of(row, list(shape.columns)) == entry.hash


def _entries(first: int | None, last: int | None) -> Iterator[Sequence[Any]]:
    """The entries in order, some at a time, each with whether it is the newest of its row."""
    later = AuditEntry.__table__.alias("later")
    newer = select(later.c.id).where(
        later.c.source == AuditEntry.source,
        later.c.source_id == AuditEntry.source_id,
        later.c.id > AuditEntry.id,
    )
    query = select(*AuditEntry.__table__.columns, (~newer.exists()).label("newest"))
    if last is not None:
        query = query.where(AuditEntry.id <= last)
    after = (first or 1) - 1
    while rows := db.session.execute(
        query.where(AuditEntry.id > after).order_by(AuditEntry.id).limit(BATCH)
    ).all():
        yield rows
        after = rows[-1].id


def _chain(
    report: Report, shapes: dict[int, list[str]], first: int | None, last: int | None
) -> None:
    expected, previous = first or 1, "" if (first or 1) == 1 else None
    if first is not None and first > 1:
        before = select(AuditEntry.hash).where(AuditEntry.id == first - 1)
        previous = db.session.scalar(before)
    for rows in _entries(first, last):
        for row in rows:
            if row.id != expected:
                report.add(Finding(f"missing: entries {expected} to {row.id - 1}", row.id))
            elif previous is not None and row.previous != previous:
                where = row.id, row.source, row.source_id
                report.add(Finding("does not follow the entry before it", *where))
            _own(report, row, shapes)
            expected, previous = row.id + 1, row.hash
            report.entries += 1
            report.first = report.first or row.id
            report.last = row.id
        _compare(report, rows, shapes)


def _own(report: Report, row: Any, shapes: dict[int, list[str]]) -> None:
    """The entry by itself: its hash is of what it says."""
    where = row.id, row.source, row.source_id
    if row.algorithm not in ALGORITHMS or row.shape_id not in shapes:
        report.add(Finding("altered: its algorithm or shape is unknown", *where))
    elif hash_of(row._mapping, shapes[row.shape_id]) != row.hash:
        report.add(Finding("altered: the entry does not have its hash", *where))
    kept = row.source in SOURCES and SOURCES[row.source].mode == "kept"
    if kept and row.op != "insert":
        if row.reason is None:
            report.add(Finding(f"altered: {row.op} of a row that is written once", *where))
        else:
            report.erased += 1


def _compare(report: Report, rows: Sequence[Any], shapes: dict[int, list[str]]) -> None:
    """The newest entries of rows against the rows as they are."""
    newest: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if row.newest and row.source in SOURCES and SOURCES[row.source].mode != "passing":
            newest[row.source].append(row)
    for source, entries in newest.items():
        ids = [one.source_id for one in entries]
        there, waits = images(source, ids), _waiting(source, ids)
        for one in entries:
            row = there.get(one.source_id)
            columns = shapes.get(one.shape_id, [])
            if one.source_id in waits or one.algorithm not in ALGORITHMS:
                continue
            if digest(one.algorithm, picture(row, columns)) == one.digest:
                continue
            what = "source row deleted" if row is None else "source row altered"
            what = "source row inserted again" if one.op == "delete" else what
            report.add(Finding(what, one.id, source, one.source_id))


def _waiting(source: str, ids: list[int]) -> set[int]:
    query = select(AuditQueue.source_id).where(
        AuditQueue.source == source, AuditQueue.source_id.in_(ids)
    )
    return set(db.session.scalars(query))


def _unlogged(report: Report, source: str) -> None:
    """Rows that no entry tells of and that do not wait: written behind the log, or cut off it."""
    key = key_of(source)
    query = text(
        f'SELECT {key} FROM "{source}" t'  # noqa: S608 - names of our own tables
        f" WHERE NOT EXISTS (SELECT FROM audit_entry e WHERE e.source = :source"
        f" AND e.source_id = t.{key}) AND NOT EXISTS (SELECT FROM audit_queue q"
        f" WHERE q.source = :source AND q.source_id = t.{key}) ORDER BY 1 LIMIT {MOST}"
    )
    for row_id in db.session.scalars(query, {"source": source}):
        report.add(Finding("source row without an entry", None, source, row_id))


def _anchors(report: Report, key: bytes, folder: Path, first: int | None, last: int | None) -> None:
    """Each checkpoint, of the table and of the file, is genuine and is in the chain."""
    filed = list(checkpoints.kept(folder))
    signatures = {one.signature for one in filed if one is not None}
    if None in filed:
        report.add(Finding("the file of checkpoints has a line that cannot be read"))
    rows = {one.signature: one for one in checkpoints.stored()}
    for signature, one in rows.items():
        if filed and signature not in signatures:
            report.add(Finding("a checkpoint is not in the file", one.seq))
    for one in {**rows, **{one.signature: one for one in filed if one is not None}}.values():
        if not (first or 1) <= one.seq <= (last or one.seq):
            continue
        report.anchors += 1
        if not checkpoints.genuine(one, key):
            report.add(Finding("a checkpoint has a wrong signature", one.seq))
            continue
        found = db.session.scalar(select(AuditEntry.hash).where(AuditEntry.id == one.seq))
        if found is None:
            report.add(Finding("truncated: the entry of a checkpoint is gone", one.seq))
        elif found != one.hash:
            report.add(Finding("rewritten: the entry of a checkpoint has another hash", one.seq))
