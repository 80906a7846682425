"""Signed heads of the chain, in a table and in a file that only grows, outside the database.

Whoever cuts the end off the chain, or writes it anew from some entry on, cannot make these agree:
their key is not in the database, and their lines can be kept elsewhere (docs/operations.md).
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.audit.chain import canonical, sign, signed
from portal.audit.models import AuditCheckpoint, AuditEntry
from portal.audit.sealing import LOCAL
from portal.extensions import db

FILE = "checkpoints.jsonl"


@dataclass(frozen=True)
class Anchor:
    """The head that was signed: the entry's number, its hash, when and why, and the signature."""

    seq: int
    hash: str
    at: str
    why: str
    signature: str

    @property
    def said(self) -> list[Any]:
        """What the signature is of."""
        return [self.seq, self.hash, self.at, self.why]


def head() -> tuple[int, str]:
    """The number and hash of the last entry; 0 and empty for an empty log."""
    query = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    found = db.session.execute(query).one_or_none()
    return (0, "") if found is None else (found[0], found[1])


def due(now: datetime) -> bool:
    """Whether the day (local) has no checkpoint yet and the log has grown since the last one."""
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.id.desc()).limit(1)
    last, seq = db.session.scalar(query), head()[0]
    if last is None:
        return seq > 0
    return seq > last.seq and last.at.astimezone(LOCAL).date() < now.astimezone(LOCAL).date()


def make(now: datetime, why: str, key: bytes) -> Anchor | None:
    """Writes the row of a checkpoint; None for an empty log. Its line is for `keep`, afterwards."""
    seq, last = head()
    if seq == 0:
        return None
    said = Anchor(seq, last, now.isoformat(), why, "").said
    made = Anchor(seq, last, now.isoformat(), why, sign(key, said))
    row = AuditCheckpoint(seq=seq, hash=last, at=now, why=why, signature=made.signature)
    db.session.add(row)
    return made


def keep(anchor: Anchor, folder: Path) -> None:
    """Adds a checkpoint's line to the file, for good."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = canonical(vars(anchor)) + b"\n"
    descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "ab") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def kept(folder: Path) -> Iterator[Anchor | None]:
    """The lines of the file, oldest first; None for one that cannot be read."""
    path = folder / FILE
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                yield Anchor(**json.loads(line))
            except (ValueError, TypeError):
                yield None


def stored() -> Iterator[Anchor]:
    """The rows of the table, oldest first."""
    for row in db.session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.id)):
        yield Anchor(row.seq, row.hash, row.at.isoformat(), row.why, row.signature)


def genuine(anchor: Anchor, key: bytes) -> bool:
    """Whether the checkpoint was signed with the key."""
    return signed(key, anchor.said, anchor.signature)
