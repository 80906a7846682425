"""A month of the log as a signed part: entries as JSON lines, a manifest, its signature; in a ZIP.

A part is checked by itself: the chain inside it, the digest of its lines, the signature. It begins
with the hash before its first entry, which is the last hash of the part before.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from portal.audit.chain import ALGORITHMS, canonical, hash_of, sign, signed
from portal.audit.models import AuditEntry, AuditShape
from portal.audit.verifying import Finding
from portal.errors import NotFound
from portal.extensions import db

LINES, MANIFEST, SIGNATURE = "entries.jsonl", "manifest.json", "signature.txt"
BATCH = 2000
FORMAT = "suqiutong audit part 1"


def months() -> list[tuple[str, int, int, int]]:
    """The months there are, newest first: name, entries, first and last number."""
    query = select(
        AuditEntry.segment, func.count(), func.min(AuditEntry.id), func.max(AuditEntry.id)
    )
    found = db.session.execute(query.group_by(AuditEntry.segment).order_by(AuditEntry.segment))
    return [(name, n, first, last) for name, n, first, last in reversed(found.all())]


def size(month: str) -> int:
    """How many entries a month has."""
    query = select(func.count()).where(AuditEntry.segment == month)
    return db.session.scalar(query) or 0


def write(month: str, target: Path, key: bytes, now: datetime) -> dict[str, Any]:
    """Writes a month, `2026-11`, to `target` and answers its manifest. Raises NotFound.

    Some entries at a time are in memory.
    """
    shapes = {row.id: list(row.columns) for row in db.session.scalars(select(AuditShape))}
    body, count = hashlib.sha256(), 0
    first: Any = None
    last: Any = None
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(LINES, "w", force_zip64=True) as lines:
            for row in _entries(month):
                line = canonical({**row, "columns": shapes[row["shape_id"]]}) + b"\n"
                lines.write(line)
                body.update(line)
                first, last, count = first or row, row, count + 1
        if first is None:
            raise NotFound("这个月没有审计记录。")
        manifest = {
            "format": FORMAT,
            "month": month,
            "entries": count,
            "first": first["id"],
            "last": last["id"],
            "previous": first["previous"],
            "hash": last["hash"],
            "sha256": body.hexdigest(),
            "made_at": now.isoformat(),
        }
        archive.writestr(MANIFEST, canonical(manifest))
        archive.writestr(SIGNATURE, sign(key, manifest))
    return manifest


def _entries(month: str) -> Iterator[dict[str, Any]]:
    query = select(*AuditEntry.__table__.columns).where(AuditEntry.segment == month)
    after = 0
    while rows := db.session.execute(
        query.where(AuditEntry.id > after).order_by(AuditEntry.id).limit(BATCH)
    ).all():
        for row in rows:
            yield dict(row._mapping)
        after = rows[-1].id


def check(path: Path, key: bytes) -> tuple[dict[str, Any], list[Finding]]:
    """The manifest of a part and what is wrong with it; an unreadable file is a finding."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            signature = archive.read(SIGNATURE).decode()
            findings = []
            if not signed(key, manifest, signature):
                findings.append(Finding("the manifest has a wrong signature"))
            return manifest, findings + _check_lines(archive, manifest)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        return {}, [Finding(f"the part cannot be read: {error.__class__.__name__}")]


def _check_lines(archive: zipfile.ZipFile, manifest: dict[str, Any]) -> list[Finding]:
    findings, body = [], hashlib.sha256()
    expected, previous, count = manifest["first"], manifest["previous"], 0
    with archive.open(LINES) as lines:
        for line in lines:
            body.update(line)
            row = json.loads(line)
            where = row["id"], row["source"], row["source_id"]
            if row["id"] != expected or row["previous"] != previous:
                findings.append(Finding("does not follow the entry before it", *where))
            if row["algorithm"] not in ALGORITHMS or hash_of(row, row["columns"]) != row["hash"]:
                findings.append(Finding("altered: the entry does not have its hash", *where))
            expected, previous, count = row["id"] + 1, row["hash"], count + 1
    if (count, previous) != (manifest["entries"], manifest["hash"]):
        findings.append(Finding("the lines are not those of the manifest", expected - 1))
    if body.hexdigest() != manifest["sha256"]:
        findings.append(Finding("the lines do not have the manifest's digest"))
    return findings
