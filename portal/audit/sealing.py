"""Seals what waits in the queue into the chain, one sealer at a time, in batches.

Writers never wait for the chain: a trigger leaves a row in audit_queue with their change, and what
is committed is sealed in the order of the queue, a second or two later. A row whose transaction
commits late is sealed late; the order of one ticket or account is kept by its row's lock.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB

from portal import masks
from portal.audit.chain import digest, hash_of
from portal.audit.models import AuditEntry, AuditQueue, AuditShape
from portal.audit.sources import SOURCES, Source, content_of, nameless
from portal.auth.models import User
from portal.auth.roles import Role
from portal.extensions import db
from portal.tickets.models import Ticket

BATCH = 1000
LOCK = 7_101_020  # the advisory lock that makes the sealer one
LOCAL = ZoneInfo("Asia/Shanghai")
ALGORITHM = "sha256"


def waiting() -> bool:
    """Whether anything waits to be sealed."""
    return bool(db.session.scalar(select(exists().where(AuditQueue.id > 0))))


def seal(now: datetime, batch: int = BATCH, algorithm: str = ALGORITHM) -> int | None:
    """One transaction's work: the next entries. How many; None when somebody else is at it."""
    if not db.session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return None
    oldest = select(*AuditQueue.__table__.columns).order_by(AuditQueue.id).limit(batch)
    queued = db.session.execute(oldest).all()
    if not queued:
        return 0
    known = _know(queued)
    last = db.session.execute(
        select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
    ).one_or_none()
    seq, previous = last if last is not None else (0, "")
    segment = f"{now.astimezone(LOCAL):%Y-%m}"
    rows = []
    for one in queued:
        seq += 1
        row = _entry(one, known, algorithm)
        row |= {"id": seq, "sealed_at": now, "segment": segment, "previous": previous}
        row["hash"] = previous = hash_of(row, known.shapes[one.source][1])
        rows.append(row)
    _write(rows)
    return len(rows)


@dataclass(frozen=True)
class _Known:
    """What the entries of a batch need: rows by source and id, names, numbers, shapes."""

    rows: Mapping[tuple[str, int], dict[str, Any]]
    names: Mapping[int, tuple[str, str]]
    numbers: Mapping[int, str]
    shapes: Mapping[str, tuple[int, list[str]]]


def _know(queued: Sequence[Any]) -> _Known:
    read: dict[str, set[int]] = defaultdict(set)
    rows = {}
    for one in queued:
        if (one.new is None and one.old is None) or one.source in PARTS:
            read[one.source].add(one.source_id)
    for source, ids in read.items():
        rows |= {(source, row_id): row for row_id, row in images(source, ids).items()}
    people, tickets = set(), set()
    for one in queued:
        row = one.new or one.old or rows.get((one.source, one.source_id), {})
        source = SOURCES[one.source]
        people.add(row.get(source.by[0]))
        if source.subject == "ticket_id":
            tickets.add(row.get("ticket_id"))
    who = select(User.id, User.name, User.role).where(User.id.in_(people - {None}))
    numbered = select(Ticket.id, Ticket.number).where(Ticket.id.in_(tickets - {None}))
    return _Known(
        rows,
        {row_id: (_called(name, role), role) for row_id, name, role in db.session.execute(who)},
        dict(db.session.execute(numbered).all()),
        {name: _shape(name) for name in {one.source for one in queued}},
    )


def images(source: str, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The rows of a watched table as JSON, as they are now, by their key."""
    key = key_of(source)
    parts = f" || jsonb_build_object('parts', ({PARTS[source]}))" if source in PARTS else ""
    query = text(
        f'SELECT {key}, to_jsonb(t){parts} FROM "{source}" t WHERE {key} = ANY(:ids)'  # noqa: S608
    )
    return dict(db.session.execute(query, {"ids": list(ids)}).all())


def key_of(source: str) -> str:
    """The column that identifies a row of a watched table."""
    return "id" if "id" in db.metadata.tables[source].columns else "user_id"


def _shape(source: str) -> tuple[int, list[str]]:
    """The newest shape of a table, made anew where the program's columns are others."""
    query = select(AuditShape.id, AuditShape.columns).where(AuditShape.source == source)
    last = db.session.execute(query.order_by(AuditShape.id.desc()).limit(1)).one_or_none()
    columns = sorted(column.name for column in db.metadata.tables[source].columns)
    columns = [name for name in columns if name not in NOISE.get(source, ())]
    columns += ["parts"] if source in PARTS else []
    if last is not None and last[1] == columns:
        return last[0], columns
    row = insert(AuditShape).values(source=source, columns=columns).returning(AuditShape.id)
    return db.session.execute(row).scalar_one(), columns


# Rows of other tables that are a part of a row, and are written with it and never again.
PARTS = {
    "calendar": "SELECT jsonb_agg(to_jsonb(d) ORDER BY d.day) FROM calendar_day d"
    " WHERE d.calendar_id = t.id"
}
# What the triggers leave out (migration 0020): columns that change and mean nothing.
NOISE: dict[str, tuple[str, ...]] = {
    "user": ("last_sign_in_at",),
    "user_session": ("seen_at",),
    "sign_in_lock": ("told_at",),
    "sign_in_try": ("counted",),
    "refusal": ("times", "last_at"),
    "second_factor": ("last_step", "failures"),
    "external_identity": ("used_at",),
}


def picture(row: Mapping[str, Any] | None, columns: list[str]) -> dict[str, Any] | None:
    """What a digest covers of a row; None for a row that is gone."""
    return None if row is None else {name: row.get(name) for name in columns}


def _entry(one: Any, known: _Known, algorithm: str) -> dict[str, Any]:
    source = SOURCES[one.source]
    shape_id, columns = known.shapes[one.source]
    new = known.rows.get((one.source, one.source_id), one.new)
    row = new or one.old or {}
    actor_id, actor, role = _actor(source, row, known)
    at = row.get(source.at) if source.at and one.op == "insert" else None
    return {
        "at": datetime.fromisoformat(at) if at else one.at,
        "actor_id": actor_id,
        "actor": actor,
        "role": role,
        "kind": source.kind,
        "subject": _subject(one, source, row, known),
        "source": one.source,
        "source_id": one.source_id,
        "op": one.op,
        "queue_id": one.id,
        "reason": one.reason,
        "shape_id": shape_id,
        "content": _content(one, source, new),
        "digest": digest(algorithm, None if one.op == "delete" else picture(new, columns)),
        "algorithm": algorithm,
    }


def _content(one: Any, source: Source, new: Mapping[str, Any] | None) -> dict[str, Any]:
    said = content_of(source, one.op, one.old, new)
    firms = one.source in ("user", "join_request") and (new or one.old or {}).get("enterprise_id")
    return nameless(said) if firms else said


def _called(name: str, role: str) -> str:
    """Officers are called by their names for good, a firm's people by a mask of theirs."""
    return masks.name(name) if role == Role.APPLICANT else name


def _actor(source: Source, row: Mapping[str, Any], known: _Known) -> tuple[int | None, str, str]:
    """Who did it: by the row's own words where it has them, else as the account is called."""
    who, name, role = source.by
    actor_id = row.get(who) if who else None
    found = known.names.get(actor_id or 0, ("", ""))
    return actor_id, row.get(name) or found[0], row.get(role) or found[1]


def _subject(one: Any, source: Source, row: Mapping[str, Any], known: _Known) -> str:
    if source.subject == "ticket_id":
        ticket_id = row.get("ticket_id", 0)
        return known.numbers.get(ticket_id, f"ticket:{ticket_id}")
    if source.subject and row.get(source.subject):
        return f"user:{row[source.subject]}"
    if one.source == "directory_change" and row:
        return f"{row['noun']}:{row['row_id']}"
    return f"{one.source}:{one.source_id}"


def _write(rows: list[dict[str, Any]]) -> None:
    """All in one statement, in order: the table's trigger lets each follow the last one only."""
    types = {column.name: column.type.compile(db.engine.dialect) for column in _COLUMNS}
    names = ", ".join(types)
    given = ", ".join(f"{name} {kind}" for name, kind in types.items())
    statement = text(
        f"INSERT INTO audit_entry ({names}) SELECT {names}"  # noqa: S608 - names of our own columns
        f" FROM jsonb_to_recordset(:rows) AS given ({given}) ORDER BY id"
    ).bindparams(bindparam("rows", type_=JSONB))
    plain = [
        {name: one.isoformat() if isinstance(one, datetime) else one for name, one in row.items()}
        for row in rows
    ]
    db.session.execute(statement, {"rows": plain})


_COLUMNS = list(AuditEntry.__table__.columns)
