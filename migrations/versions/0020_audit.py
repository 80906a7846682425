"""The chained log and who looked at a ticket.

Triggers leave what changes in audit_queue, whatever door it came by; a job seals it into the chain.
A later table is watched by `SELECT audit_watch('name', 'state', 'column that is noise', …)` in its
own migration (docs/decisions/audit.md).

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LOOKS = "'view', 'download', 'print', 'export', 'open', 'reveal'"
APPEND_ONLY = """
CREATE TRIGGER {0}_append_only BEFORE UPDATE OR DELETE ON {0}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


JSON = postgresql.JSONB(astext_type=sa.Text())
# How a table is watched, and which of its columns are noise.
WATCHED: tuple[tuple[str, ...], ...] = (
    *((name, "kept") for name in ("ticket_event", "ticket_access", "directory_change")),
    *((name, "kept") for name in ("export_log", "threshold_change", "published_case_step")),
    ("user", "state", "last_sign_in_at"),
    *((name, "state") for name in ("category", "department", "region", "chain", "enterprise")),
    *((name, "state") for name in ("enterprise_class", "enterprise_contact")),
    *((name, "state") for name in ("pairing", "skill", "leave", "policy", "calendar")),
    *((name, "state") for name in ("rulebook", "rulebook_edit", "dispatch_rule", "threshold")),
    *((name, "state") for name in ("problem_answer", "visit_correction")),
    ("user_session", "state", "seen_at"),
    ("sign_in_lock", "state", "told_at"),
    *((name, "state") for name in ("one_time_link", "join_request")),
    ("second_factor", "state", "last_step", "failures"),
    ("external_identity", "state", "used_at"),
    *((name, "state") for name in ("recovery_code", "role_request")),
    ("sign_in_try", "passing", "counted"),
)
# Security definers: the application's role may not write the queue itself.
NOTES = """
CREATE FUNCTION audit_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    before jsonb;
    after jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN before := to_jsonb(OLD) - coalesce(TG_ARGV, '{}'); END IF;
    IF TG_OP <> 'DELETE' THEN after := to_jsonb(NEW) - coalesce(TG_ARGV, '{}'); END IF;
    IF before IS DISTINCT FROM after THEN
        INSERT INTO audit_queue (source, source_id, op, old, new, reason) VALUES (
            TG_TABLE_NAME,
            coalesce(after->>'id', before->>'id', after->>'user_id', before->>'user_id')::bigint,
            lower(TG_OP), before, after, nullif(current_setting('audit.reason', true), '')
        );
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION audit_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_queue (source, source_id, op) SELECT TG_TABLE_NAME, id, 'insert' FROM added;
    RETURN NULL;
END $$;
"""
WATCH = """
CREATE FUNCTION audit_watch(name text, mode text, VARIADIC noise text[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    noted text := (SELECT coalesce(string_agg(quote_literal(one), ', '), '') FROM unnest(noise) one);
    acts text := CASE mode WHEN 'kept' THEN 'UPDATE OR DELETE' WHEN 'passing' THEN 'INSERT'
        ELSE 'INSERT OR UPDATE OR DELETE' END;
BEGIN
    EXECUTE format('CREATE TRIGGER audit_changed AFTER %s ON %I FOR EACH ROW'
        ' EXECUTE FUNCTION audit_note(%s)', acts, name, noted);
    IF mode = 'kept' THEN
        EXECUTE format('CREATE TRIGGER audit_added AFTER INSERT ON %I REFERENCING NEW TABLE AS added'
            ' FOR EACH STATEMENT EXECUTE FUNCTION audit_added()', name);
        EXECUTE format('INSERT INTO audit_queue (source, source_id, op)'
            ' SELECT %L, id, ''insert'' FROM %I ORDER BY id', name, name);
    ELSIF mode = 'state' THEN
        EXECUTE format('INSERT INTO audit_queue (source, source_id, op, new)'
            ' SELECT %L, coalesce(row->>''id'', row->>''user_id'')::bigint, ''insert'', row'
            ' FROM (SELECT to_jsonb(t) - %L::text[] AS row FROM %I t) AS rows', name, noise, name);
    END IF;
END $$;
"""
# An entry follows the last one and takes its row out of the queue: none is made up, none forgotten.
CHAIN = """
CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT id, hash INTO last FROM audit_entry ORDER BY id DESC LIMIT 1;
    IF NEW.id <> coalesce(last.id, 0) + 1 OR NEW.previous <> coalesce(last.hash, '') THEN
        RAISE EXCEPTION 'entry % does not follow the last one', NEW.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM audit_queue
        WHERE id = NEW.queue_id AND source = NEW.source AND source_id = NEW.source_id AND op = NEW.op;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'entry % is of nothing in the queue', NEW.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_entry_follows BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_follow();
"""
NOT_EMPTIED = """
CREATE TRIGGER {0}_not_emptied BEFORE TRUNCATE ON {0}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    _access()
    _queue()
    _entries()
    op.execute(NOTES)
    op.execute(WATCH)
    op.execute(CHAIN)
    for table in ("audit_entry", "audit_shape", "audit_checkpoint"):
        op.execute(APPEND_ONLY.format(table))
        op.execute(NOT_EMPTIED.format(table))
    for name, mode, *noise in WATCHED:
        given = "".join(f", '{one}'" for one in noise)
        op.execute(f"SELECT audit_watch('{name}', '{mode}'{given})")  # noqa: S608 - our own names


def _queue() -> None:
    op.create_table(
        "audit_queue",
        _id(),
        *(_words("source"), _whole("source_id"), _words("op")),
        sa.Column("old", JSON, nullable=True),
        sa.Column("new", JSON, nullable=True),
        _words("reason", needed=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_queue")),
    )
    op.create_index("ix_audit_queue_source", "audit_queue", ["source", "source_id"])


def _entries() -> None:
    op.create_table(
        "audit_shape",
        _id(),
        _words("source"),
        sa.Column("columns", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_shape")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(_instant("at"), _instant("sealed_at"), _whole("actor_id", needed=False)),
        *(_words("actor"), _words("role"), _words("kind"), _words("subject")),
        *(_words("source"), _whole("source_id"), _words("op"), _whole("queue_id")),
        *(_words("reason", needed=False), _whole("shape_id")),
        sa.Column("content", JSON, nullable=False),
        *(_words("digest"), _words("segment"), _words("algorithm")),
        *(_words("previous"), _words("hash")),
        sa.ForeignKeyConstraint(
            ["shape_id"], ["audit_shape.id"], name=op.f("fk_audit_entry_shape_id_audit_shape")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_source", "audit_entry", ["source", "source_id", "id"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at", "id"])
    for column in ("actor_id", "subject", "kind"):
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column, "at", "id"])
    op.create_index("ix_audit_entry_segment", "audit_entry", ["segment", "id"])
    op.create_table(
        "audit_checkpoint",
        _id(),
        *(_whole("seq"), _words("hash"), _instant("at"), _words("why"), _words("signature")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_checkpoint")),
    )


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _words(name: str, *, needed: bool = True) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=not needed)


def _whole(name: str, *, needed: bool = True) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=not needed)


def _instant(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _access() -> None:
    table = "ticket_access"
    op.create_table(
        table,
        _id(),
        *(_whole("ticket_id"), _whole("user_id")),
        *(_words("user_name"), _words("role"), _words("unit"), _words("what")),
        *(_words("detail", needed=False), _words("reason", needed=False), _words("address")),
        _instant("at"),
        _whole("five_minutes", needed=False),
        sa.CheckConstraint(f"what IN ({LOOKS})", name=op.f("ck_ticket_access_what")),
        sa.CheckConstraint(
            "(what = 'view') = (five_minutes IS NOT NULL)",
            name=op.f("ck_ticket_access_five_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_access_ticket_id_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_ticket_access_user_id_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_access")),
        sa.UniqueConstraint(
            *("ticket_id", "user_id", "address", "five_minutes"),
            name=op.f("uq_ticket_access_ticket_id_user_id_address_five_minutes"),
        ),
    )
    op.create_index("ix_ticket_access_at", table, ["ticket_id", "at", "id"])
    op.execute(APPEND_ONLY.format(table))


def downgrade() -> None:
    op.execute("DROP FUNCTION audit_note(), audit_added() CASCADE")
    op.execute("DROP FUNCTION audit_watch(text, text, text[])")
    for table in ("audit_checkpoint", "audit_entry", "audit_shape", "audit_queue", "ticket_access"):
        op.drop_table(table)
    op.execute("DROP FUNCTION audit_follow()")
