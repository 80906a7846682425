"""What was refused: security events, counted by kind, person, address and minute.

Their count grows and nothing else of them changes; they stay for 180 days at least. A request to
join a firm may expire, too.

Revision ID: 0026
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0023"
branch_labels = None
depends_on = None

WHATS = (
    "'refused', 'missing', 'forgery', 'limit', 'upload', 'virus', 'sign_in', 'factor', 'proof',"
    " 'query'"
)
GROWS = """
CREATE FUNCTION refusal_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at > now() - interval '180 days' THEN
            RAISE EXCEPTION 'a security event is kept for 180 days'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN OLD;
    END IF;
    IF NEW.times <= OLD.times OR NEW.last_at < OLD.last_at
        OR to_jsonb(NEW) - '{times,last_at}'::text[] <> to_jsonb(OLD) - '{times,last_at}'::text[]
    THEN
        RAISE EXCEPTION 'the count of a security event grows, nothing else of it changes'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refusal_grows BEFORE UPDATE OR DELETE ON refusal
    FOR EACH ROW EXECUTE FUNCTION refusal_grows();
"""


def upgrade() -> None:
    op.create_table(
        "refusal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"what IN ({WHATS})", name=op.f("ck_refusal_what")),
        sa.CheckConstraint("times > 0", name=op.f("ck_refusal_times")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_refusal_actor_id_user")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_refusal_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sa.UniqueConstraint(
            *("minute", "what", "actor_id", "user_id", "address"),
            name=op.f("uq_refusal_minute_what_actor_id_user_id_address"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_refusal_at", "refusal", ["at", "id"])
    for column in ("actor_id", "user_id"):
        op.create_index(
            f"ix_refusal_{column}",
            "refusal",
            [column, "at"],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.execute(GROWS)
    _states("'asked', 'approved', 'refused', 'withdrawn', 'expired'")
    op.execute("SELECT audit_watch('refusal', 'passing', 'times', 'last_at')")


def _states(words: str) -> None:
    name = op.f("ck_join_request_state")
    op.drop_constraint(name, "join_request")
    op.create_check_constraint(name, "join_request", f"state IN ({words})")


def downgrade() -> None:
    op.execute("UPDATE join_request SET state = 'withdrawn' WHERE state = 'expired'")
    _states("'asked', 'approved', 'refused', 'withdrawn'")
    op.drop_table("refusal")
    op.execute("DROP FUNCTION refusal_grows()")
