"""Reads imports, their lines, and the log of exports."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import or_, select

from portal.errors import NotFound
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.sheets.models import ExportLog, SheetImport, SheetLine

LINES = 50
RECENT = 5
BATCH = 500


def get(import_id: int) -> SheetImport:
    """The import. Raises NotFound."""
    row = db.session.get(SheetImport, import_id)
    if row is None:
        raise NotFound("没有找到这次导入。")
    return row


def imports(cursor: Cursor | None, address: Callable[..., str]) -> Page[SheetImport]:
    """All imports, newest first."""
    query = select(SheetImport)
    return fetch(query, SheetImport.created_at, SheetImport.id, cursor, address, descending=True)


def exports(cursor: Cursor | None, address: Callable[..., str]) -> Page[ExportLog]:
    """Who took what away, newest first."""
    return fetch(select(ExportLog), ExportLog.at, ExportLog.id, cursor, address, descending=True)


def recent(kind: str) -> Sequence[SheetImport]:
    """The newest imports of a register."""
    query = select(SheetImport).where(SheetImport.kind == kind)
    return list(db.session.scalars(query.order_by(SheetImport.id.desc()).limit(RECENT)))


def lines(import_id: int, chosen: str, after: int) -> tuple[list[SheetLine], bool]:
    """Lines of an import after a place in its order, and whether more lie beyond.

    `chosen`: one of planning.ACTIONS, or “refused” for what was not written at the end.
    """
    query = select(SheetLine).where(SheetLine.import_id == import_id, SheetLine.seq > after)
    if chosen == "refused":
        query = query.where(SheetLine.outcome == "refused")
    else:
        query = query.where(SheetLine.action == chosen)
    rows = list(db.session.scalars(query.order_by(SheetLine.seq).limit(LINES + 1)))
    return rows[:LINES], len(rows) > LINES


def wrong_lines(import_id: int) -> Iterator[Any]:
    """Number, cells and problems of every line that was not taken, in the file's order."""
    query = (
        select(SheetLine.number, SheetLine.cells, SheetLine.problems)
        .where(
            SheetLine.import_id == import_id,
            or_(SheetLine.action == "wrong", SheetLine.outcome == "refused"),
        )
        .order_by(SheetLine.number)
    )
    yield from db.session.execute(query.execution_options(yield_per=BATCH))
