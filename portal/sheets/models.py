"""Imports of registers with the fate of every line, and the log of exports."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, false, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.db import BigId, Instant, Json, Words
from portal.extensions import Base
from portal.keys.columns import SecretJson

# uploaded → planned → applying → done; unreadable, cancelled and failed are ends, too.
STATES = ("uploaded", "planned", "applying", "done", "unreadable", "cancelled", "failed")
WAITING = ("uploaded", "applying")
MODES = ("good", "all")
ACTIONS = ("new", "changed", "unchanged", "wrong")


class SheetImport(Base):
    """One file: who, when, what it holds, how far it is. `after_seq`: the last line applied."""

    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"mode IN {MODES}", name="mode"),
        CheckConstraint("state <> 'applying' OR mode IS NOT NULL", name="confirmed"),
        Index("ix_sheet_import_waiting", "id", postgresql_where=f"state IN {WAITING}"),
        Index("ix_sheet_import_created", "created_at", "id"),
    )

    id: Mapped[BigId]
    kind: Mapped[Words]
    file_name: Mapped[Words]
    stored_name: Mapped[Words | None]
    sha256: Mapped[Words]
    size: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    by_name: Mapped[Words]
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())
    state: Mapped[Words] = mapped_column(default="uploaded")
    mode: Mapped[Words | None]
    attempts: Mapped[int] = mapped_column(default=0)
    columns: Mapped[list] = mapped_column(JSONB, default=list)
    problem: Mapped[Json | None]
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)
    written: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    after_seq: Mapped[int] = mapped_column(default=0)
    planned_at: Mapped[Instant | None]
    confirmed_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]

    @property
    def total(self) -> int:
        """How many lines the file has."""
        return self.new + self.changed + self.unchanged + self.wrong


class SheetLine(Base):
    """One line of a file in the order it is applied: what it would do, and what became of it.

    `problems` (column key, sentence, values) says why a line is wrong or was refused at the end.
    """

    __table_args__ = (
        CheckConstraint(f"action IN {ACTIONS}", name="action"),
        CheckConstraint("outcome IN ('written', 'refused')", name="outcome"),
        ForeignKeyConstraint(["import_id"], ["sheet_import.id"]),
        Index("ix_sheet_line_action", "import_id", "action", "seq"),
    )

    import_id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    action: Mapped[Words]
    outcome: Mapped[Words | None]
    cells: Mapped[dict[str, str]] = mapped_column(SecretJson("sheet_line.cells"))
    changes: Mapped[dict[str, list[str]]] = mapped_column(SecretJson("sheet_line.changes"))
    problems: Mapped[list[dict[str, Any]]] = mapped_column(SecretJson("sheet_line.problems"))


class ExportLog(Base):
    """One export: who took what, when, and how many rows.

    `kind`: a register, or a source of portal.exports. `filter`: what it was narrowed to.
    `personal`: whether it held names and telephones of persons.
    """

    __table_args__ = (Index("ix_export_log_at", "at", "id"),)

    id: Mapped[BigId]
    kind: Mapped[Words]
    format: Mapped[Words]
    rows: Mapped[int]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    by_name: Mapped[Words]
    at: Mapped[Instant]
    filter: Mapped[Json] = mapped_column(default=dict, server_default=text("'{}'::jsonb"))
    personal: Mapped[bool] = mapped_column(default=False, server_default=false())
