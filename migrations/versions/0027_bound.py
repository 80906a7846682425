"""Lines of uploaded registers are sealed; names in rows of before 0022 that never change are masked.

Rows that are written once are changed here by a rule: the chain notes each with the reason, and
`audit verify` counts it as erased. A row whose entry is not sealed yet gets no second one. What the
chain has sealed in plain words already stays (docs/decisions/private.md).

Revision ID: 0027
Revises: 0026
"""

import json

import sqlalchemy as sa
from alembic import op
from flask import current_app

from portal import masks
from portal.keys.source import ring_from

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BATCH = 1000
REASON = "0027: names of persons masked"
COLUMNS = ("cells", "changes", "problems")
STRICT = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are written once and never changed', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""
# For this transaction only: nobody else ever sees it.
YIELDING = STRICT.replace(
    "BEGIN", f"BEGIN IF current_setting('audit.reason', true) = '{REASON}' THEN RETURN NEW; END IF;"
)
MASKED = "left({0}, 1) || repeat('*', least(length({0}) - 1, 2))"
EVENTS = f"""
UPDATE ticket_event SET actor_name = {MASKED.format("actor_name")}
WHERE actor_role = 'applicant' AND actor_name <> {MASKED.format("actor_name")}
"""
EXPORTS = f"""
UPDATE export_log SET by_name = {MASKED.format("by_name")}
FROM "user" u WHERE u.id = by_id AND u.role = 'applicant' AND by_name <> {MASKED.format("by_name")}
"""
# The entry of a row that waits is made of the row as it is then.
NOT_TWICE = f"""
DELETE FROM audit_queue AS told USING audit_queue AS waits
WHERE told.op = 'update' AND told.reason = '{REASON}' AND waits.op = 'insert'
  AND waits.source = told.source AND waits.source_id = told.source_id
"""
CONTACT = {"name": masks.name, "phone": masks.phone}
FIELDS = {"contact_name": masks.name, "contact_phone": masks.phone, "phone": masks.phone}


def upgrade() -> None:
    op.execute(YIELDING)
    op.execute(f"SET LOCAL audit.reason = '{REASON}'")
    op.execute(EVENTS)
    op.execute(EXPORTS)
    _changes()
    op.execute("SET LOCAL audit.reason = ''")
    op.execute(STRICT)
    op.execute(NOT_TWICE)
    for name in COLUMNS:
        op.execute(f"ALTER TABLE sheet_line ALTER COLUMN {name} TYPE TEXT USING {name}::text")
    _lines(ring_from(current_app.config).seal)


def downgrade() -> None:
    _lines(ring_from(current_app.config).open)
    for name in COLUMNS:
        op.execute(f"ALTER TABLE sheet_line ALTER COLUMN {name} TYPE JSONB USING {name}::jsonb")


def _changes() -> None:
    """What changes of the directory tell of persons at firms, and of everybody's telephones."""
    connection, after = op.get_bind(), 0
    read = sa.text(
        "SELECT d.id, d.noun, d.old, d.new, u.enterprise_id IS NOT NULL AS firms"
        " FROM directory_change d LEFT JOIN \"user\" u ON d.noun = 'user' AND u.id = d.row_id"
        " WHERE d.noun IN ('user', 'enterprise') AND d.id > :after"
        f" ORDER BY d.id LIMIT {BATCH}"
    )
    write = sa.text(
        "UPDATE directory_change SET old = CAST(:old AS jsonb), new = CAST(:new AS jsonb)"
        " WHERE id = :id"
    )
    while rows := connection.execute(read, {"after": after}).mappings().all():
        after = rows[-1]["id"]
        told = [(row, _told(row, "old"), _told(row, "new")) for row in rows]
        written = [
            {"id": row["id"], "old": json.dumps(old), "new": json.dumps(new)}
            for row, old, new in told
            if (old, new) != (row["old"], row["new"])
        ]
        if written:
            connection.execute(write, written)


def _told(row, side: str) -> dict:
    values = dict(row[side])
    hidden = {**FIELDS, "name": masks.name, "username": masks.name} if row["firms"] else FIELDS
    for name, mask in hidden.items():
        if isinstance(values.get(name), str):
            values[name] = mask(values[name])
    if isinstance(values.get("contact"), dict):
        contact = values["contact"]
        values["contact"] = {part: CONTACT.get(part, str)(one) for part, one in contact.items()}
    return values


def _lines(changed) -> None:
    """Seals, or opens, every line, a batch at a time."""
    connection, after = op.get_bind(), {"import_id": 0, "seq": 0}
    read = sa.text(
        f"SELECT import_id, seq, {', '.join(COLUMNS)} FROM sheet_line"
        f" WHERE (import_id, seq) > (:import_id, :seq) ORDER BY import_id, seq LIMIT {BATCH}"
    )
    sets = ", ".join(f"{name} = :{name}" for name in COLUMNS)
    write = sa.text(f"UPDATE sheet_line SET {sets} WHERE import_id = :import_id AND seq = :seq")
    while rows := [dict(row) for row in connection.execute(read, after).mappings()]:
        after = {name: rows[-1][name] for name in ("import_id", "seq")}
        for row in rows:
            key = f"{row['import_id']}.{row['seq']}"
            for name in COLUMNS:
                row[name] = changed(row[name], f"sheet_line.{name}", key)
        connection.execute(write, rows)
