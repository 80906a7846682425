"""Imports of registers: start, plan, confirm, apply in chunks, cancel; and the log of exports.

Every step belongs to a transaction of its door. Planning writes the fate of each line and nothing
else; applying plans each line again and writes what comes out as it was shown.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError

from portal.auth.roles import Actor, Role
from portal.directory.changes import IMPORT, Editor, record
from portal.errors import N_, Conflict, Invalid, NotFound, PortalError
from portal.extensions import db
from portal.keys.columns import placed
from portal.sheets.kinds import SHEETS
from portal.sheets.models import WAITING, ExportLog, SheetImport, SheetLine
from portal.sheets.planning import CHANGED, NEW, UNCHANGED, WRONG, Planned, counts, decide, keyed
from portal.sheets.reading import Line, problem, read
from portal.sheets.registers import Register
from portal.sheets.registry import register_of

CHUNK = 500
MAX_ATTEMPTS = 3
STALE = N_("试算之后这一行的数据已经变化，没有写入；请重新导入核对。")
IN_USE = N_("写入时与别人刚做的改动冲突，没有写入；请重新导入核对。")
BROKEN = N_("处理这个文件时程序出错，已停止；没有写完的行没有生效。")


class AllRefused(Exception):
    """An all-or-nothing import met a line that cannot be written; its transaction rolls back."""

    def __init__(self, number: int, seq: int, problems: list[dict[str, Any]]) -> None:
        super().__init__(f"line {number}")
        self.number, self.seq, self.problems = number, seq, problems


def start(kind: str, kept: Mapping[str, Any], actor: Actor, now: datetime) -> SheetImport:
    """Notes an uploaded file (name, stored_name, size, sha256); a job plans it. Raises NotFound."""
    if kind not in SHEETS:
        raise NotFound("没有这份名单。")
    row = SheetImport(
        kind=kind,
        file_name=kept["name"],
        stored_name=kept["stored_name"],
        sha256=kept["sha256"],
        size=kept["size"],
        by_id=actor.id,
        by_name=actor.name,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    return row


def claim(import_id: int, state: str, *, wait: bool = False) -> SheetImport | None:
    """The import when it is in `state` and nobody else is at it; held until the commit.

    `wait`: until whoever is at it has done a step.
    """
    query = select(SheetImport).where(SheetImport.id == import_id, SheetImport.state == state)
    return db.session.scalar(query.with_for_update(skip_locked=not wait))


def next_waiting(now: datetime) -> tuple[int, str] | None:
    """Id and state of the oldest import that waits for a job and that nobody is at.

    Counts the attempt, which a step that succeeds sets back: one that kills its worker or fails
    again and again is given up, and holds up no other.
    """
    query = select(SheetImport).where(SheetImport.state.in_(WAITING)).order_by(SheetImport.id)
    row = db.session.scalar(query.limit(1).with_for_update(skip_locked=True))
    if row is None:
        return None
    if row.attempts >= MAX_ATTEMPTS:
        give_up(row, now)
    row.attempts += 1
    return row.id, row.state


def waiting() -> bool:
    """Whether an import waits for a job: one probe of a partial index."""
    query = select(SheetImport.id).where(SheetImport.state.in_(WAITING))
    return db.session.scalar(query.limit(1)) is not None


def plan(row: SheetImport, path: Path, today: date, now: datetime) -> None:
    """Reads the file and writes what each line would do. An unreadable file ends the import."""
    sheet = SHEETS[row.kind]
    db.session.execute(delete(SheetLine).where(SheetLine.import_id == row.id))
    row.attempts = 0
    try:
        if not path.is_file():
            raise Invalid("上传的文件已不在服务器上，请重新上传。")
        row.columns, lines = read(path, sheet)
        if not lines:
            raise Invalid("文件中只有列名，没有可导入的行。")
    except Invalid as error:
        row.state, row.problem, row.finished_at = "unreadable", problem(error), now
        return
    register = register_of(row.kind, today)
    planned = _planned(register, lines, lock=False)
    rows = [_line_row(row.id, seq, one) for seq, one in enumerate(planned, 1)]
    db.session.execute(insert(SheetLine), rows)
    for action, count in counts(planned).items():
        setattr(row, action, count)
    row.state, row.planned_at = "planned", now


def confirm(import_id: int, mode: str, now: datetime) -> SheetImport:
    """Lets a job apply the plan; `mode` is good or all. Raises Invalid, Conflict, NotFound.

    A second confirmation of the same import changes nothing.
    """
    row = _locked(import_id)
    if row.state in ("applying", "done"):
        return row
    if row.state != "planned":
        raise Conflict("这次导入已经结束，请重新上传文件。")
    if mode == "all" and row.wrong:
        raise Invalid("还有 %(n)d 行有错，不能全部写入；请改正后重新上传。", "mode", n=row.wrong)
    row.state, row.mode, row.confirmed_at, row.attempts = "applying", mode, now, 0
    return row


def cancel(import_id: int, now: datetime) -> SheetImport:
    """Ends an import that has written nothing. Raises Conflict, NotFound."""
    row = _locked(import_id)
    if row.state == "cancelled":
        return row
    if row.state not in ("uploaded", "planned"):
        raise Conflict("这次导入已经开始写入或已结束，不能取消。")
    row.state, row.finished_at = "cancelled", now
    return row


def give_up(row: SheetImport, now: datetime) -> None:
    """Ends an import that fails again and again; what has been written stays."""
    row.state, row.finished_at = "failed", now
    row.problem = {"column": None, "text": BROKEN, "values": {}}


def apply_chunk(row: SheetImport, today: date, now: datetime) -> bool:
    """Applies the next lines: CHUNK of them, or all where it is all or nothing. True: more wait.

    Progress moves with the lines it is about. Raises AllRefused.
    """
    query = select(SheetLine).where(SheetLine.import_id == row.id, SheetLine.seq > row.after_seq)
    query = query.order_by(SheetLine.seq)
    lines = list(db.session.scalars(query.limit(CHUNK) if row.mode == "good" else query))
    row.attempts = 0
    todo = [line for line in lines if line.action in (NEW, CHANGED)]
    for place in range(0, len(todo), CHUNK):
        _apply(row, todo[place : place + CHUNK], today, now)
    if lines:
        row.after_seq = lines[-1].seq
    if row.mode == "good" and len(lines) == CHUNK:
        return True
    row.state, row.finished_at = "done", now
    return False


def refuse_all(row: SheetImport, refused: AllRefused, now: datetime) -> None:
    """Ends an all-or-nothing import that has written nothing, and marks the line it met."""
    row.state, row.finished_at, row.refused = "failed", now, 1
    error = Invalid("第 %(n)d 行不能写入，所以整个文件都没有写入。", n=refused.number)
    row.problem = problem(error)
    db.session.execute(
        update(SheetLine)
        .where(SheetLine.import_id == row.id, SheetLine.seq == refused.seq)
        .values(
            outcome="refused",
            problems=placed(SheetLine.problems, refused.problems, row.id, refused.seq),
        )
    )


def log_export(kind: str, form: str, rows: int, actor: Actor, now: datetime) -> None:
    """Notes who takes a register away."""
    db.session.add(
        ExportLog(kind=kind, format=form, rows=rows, by_id=actor.id, by_name=actor.name, at=now)
    )


def _locked(import_id: int) -> SheetImport:
    row = db.session.get(SheetImport, import_id, with_for_update=True)
    if row is None:
        raise NotFound("没有找到这次导入。")
    return row


def _planned(register: Register, lines: Sequence[Line], *, lock: bool) -> list[Planned]:
    """The lines, decided in the order in which they are applied."""
    plan = keyed(register.sheet, lines)
    register.load([one.key for one in plan if one.key], lock=lock)
    ordered = register.order(plan)
    for one in ordered:
        decide(register.sheet, one, register)
    register.settle(ordered)
    return ordered


def _line_row(import_id: int, seq: int, one: Planned) -> dict[str, Any]:
    return {
        "import_id": import_id,
        "seq": seq,
        "number": one.line.number,
        "action": one.action,
        "cells": placed(SheetLine.cells, one.line.cells, import_id, seq),
        "changes": placed(SheetLine.changes, one.changes, import_id, seq),
        "problems": placed(SheetLine.problems, one.problems, import_id, seq),
    }


def _apply(row: SheetImport, lines: Sequence[SheetLine], today: date, now: datetime) -> None:
    """Writes a chunk at once; where that breaks a constraint, line by line to find whose it is."""
    try:
        with db.session.begin_nested():
            refused = _write(row, lines, today, now)
            db.session.flush()
    except (IntegrityError, DataError, PortalError):
        refused = {}
        for line in lines:
            try:
                with db.session.begin_nested():
                    refused |= _write(row, [line], today, now)
                    db.session.flush()
            except (IntegrityError, DataError, PortalError):
                refused[line.seq] = [problem(Invalid(IN_USE))]
    for line in lines:
        line.outcome = "refused" if line.seq in refused else "written"
        if line.seq in refused:
            if row.mode == "all":
                raise AllRefused(line.number, line.seq, refused[line.seq])
            line.problems = refused[line.seq]
    row.refused += len(refused)
    row.written += len(lines) - len(refused)


def _write(
    row: SheetImport, lines: Sequence[SheetLine], today: date, now: datetime
) -> dict[int, list[dict[str, Any]]]:
    """Plans the lines again and writes those that come out as shown; the others with the reason."""
    register = register_of(row.kind, today)
    by_number = {line.number: line for line in lines}
    plan = _planned(register, [Line(line.number, line.cells) for line in lines], lock=True)
    refused = {}
    for one in plan:
        line = by_number[one.line.number]
        if one.action == UNCHANGED:
            continue  # somebody has made the same change
        if one.action == WRONG:
            refused[line.seq] = one.problems
        elif (one.action, one.changes) != (line.action, line.changes):
            refused[line.seq] = [problem(Invalid(STALE))]
        else:
            item = register.write(one.key, one.after)
            register.also.append((item, one.before or {}, one.after))
    _record(register, row.id, Editor(row.by_id, now))
    register.finish(Actor(row.by_id, Role.ADMIN, row.by_name), now)
    return refused


def _record(register: Register, import_id: int, editor: Editor) -> None:
    """Who changed what by which import, row by row, where the history of the directory keeps it."""
    if register.noun is None:
        return
    db.session.flush()
    for item, before, after in register.also:
        row_id, new = register.history(item, after)
        old = register.history(item, before)[1] if before else {}
        record(editor, register.noun, row_id, old, {**new, IMPORT: import_id})
