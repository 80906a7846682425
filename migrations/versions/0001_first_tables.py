"""First tables; events are append-only for every role, the owner included.

Revision ID: 0001
Revises:
"""


import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are written once and never changed', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER ticket_event_append_only BEFORE UPDATE OR DELETE ON ticket_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence('ticket_id_seq')))
    op.create_table('calendar',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('time_zone', sa.Text(), nullable=False),
    sa.Column('seasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('confirmed_years', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('current', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_calendar'))
    )
    op.create_index('uq_calendar_current', 'calendar', ['current'], unique=True, postgresql_where='current')
    op.create_table('category',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('template', sa.Text(), nullable=False),
    sa.Column('needs_review', sa.Boolean(), nullable=False),
    sa.Column('by_pairing', sa.Boolean(), nullable=False),
    sa.Column('complex', sa.Boolean(), nullable=False),
    sa.Column('consult', sa.Boolean(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_category')),
    sa.UniqueConstraint('name', name=op.f('uq_category_name'))
    )
    op.create_table('chain',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chain')),
    sa.UniqueConstraint('name', name=op.f('uq_chain_name'))
    )
    op.create_table('department',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_department')),
    sa.UniqueConstraint('name', name=op.f('uq_department_name'))
    )
    op.create_table('message',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('available_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('pending', 'done', 'dead', 'muted')", name=op.f('ck_message_state')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('key', name=op.f('uq_message_key'))
    )
    op.create_index('ix_message_dead', 'message', ['id'], unique=False, postgresql_where="state = 'dead'")
    op.create_index('ix_message_pending', 'message', ['available_at', 'id'], unique=False, postgresql_where="state = 'pending'")
    op.create_table('policy',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('profile', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('rules', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('current', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_policy')),
    sa.UniqueConstraint('profile', 'version', name=op.f('uq_policy_profile_version'))
    )
    op.create_index('uq_policy_current', 'policy', ['current'], unique=True, postgresql_where='current')
    op.create_table('region',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_region')),
    sa.UniqueConstraint('name', name=op.f('uq_region_name'))
    )
    op.create_table('ticket_number',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_ticket_number'))
    )
    op.create_table('calendar_day',
    sa.Column('calendar_id', sa.BigInteger(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('windows', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.CheckConstraint("kind IN ('holiday', 'makeup', 'half', 'statutory')", name=op.f('ck_calendar_day_kind')),
    sa.ForeignKeyConstraint(['calendar_id'], ['calendar.id'], name=op.f('fk_calendar_day_calendar_id_calendar')),
    sa.PrimaryKeyConstraint('calendar_id', 'day', name=op.f('pk_calendar_day'))
    )
    op.create_table('dispatch_rule',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('category_id', sa.BigInteger(), nullable=True),
    sa.Column('region_id', sa.BigInteger(), nullable=True),
    sa.Column('chain_id', sa.BigInteger(), nullable=True),
    sa.Column('urgency', sa.Text(), nullable=True),
    sa.Column('department_id', sa.BigInteger(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['category_id'], ['category.id'], name=op.f('fk_dispatch_rule_category_id_category')),
    sa.ForeignKeyConstraint(['chain_id'], ['chain.id'], name=op.f('fk_dispatch_rule_chain_id_chain')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_dispatch_rule_department_id_department')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_dispatch_rule_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispatch_rule'))
    )
    op.create_index('uq_dispatch_rule_active', 'dispatch_rule', ['category_id', 'region_id', 'chain_id', 'urgency'], unique=True, postgresql_nulls_not_distinct=True, postgresql_where='active')
    op.create_table('enterprise',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('uscc', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('region_id', sa.BigInteger(), nullable=False),
    sa.Column('chain_id', sa.BigInteger(), nullable=True),
    sa.Column('size', sa.Text(), nullable=False),
    sa.Column('contact_name', sa.Text(), nullable=False),
    sa.Column('contact_phone', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("size IN ('large', 'medium', 'small', 'micro')", name=op.f('ck_enterprise_size')),
    sa.CheckConstraint("uscc ~ '^[0-9A-Z]{18}$'", name=op.f('ck_enterprise_uscc')),
    sa.ForeignKeyConstraint(['chain_id'], ['chain.id'], name=op.f('fk_enterprise_chain_id_chain')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_enterprise_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_enterprise')),
    sa.UniqueConstraint('uscc', name=op.f('uq_enterprise_uscc'))
    )
    op.create_table('user',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('username', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('phone', sa.Text(), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger(), nullable=True),
    sa.Column('department_id', sa.BigInteger(), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('must_change_password', sa.Boolean(), nullable=False),
    sa.Column('session_epoch', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_sign_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(role = 'applicant') = (enterprise_id IS NOT NULL)", name=op.f('ck_user_applicant_enterprise')),
    sa.CheckConstraint("(role IN ('cadre', 'reviewer')) = (department_id IS NOT NULL)", name=op.f('ck_user_staff_department')),
    sa.CheckConstraint("role IN ('applicant', 'cadre', 'reviewer', 'dispatcher', 'supervisor', 'leader', 'admin', 'security_admin', 'auditor')", name=op.f('ck_user_role')),
    sa.CheckConstraint('username = lower(username)', name=op.f('ck_user_username_lower')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_user_department_id_department')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_user_enterprise_id_enterprise')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('username', name=op.f('uq_user_username'))
    )
    op.create_index(op.f('ix_user_department_id'), 'user', ['department_id'], unique=False)
    op.create_index(op.f('ix_user_enterprise_id'), 'user', ['enterprise_id'], unique=False)
    op.create_table('draft',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('submit_key', sa.Text(), nullable=False),
    sa.Column('fields', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_draft_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_draft')),
    sa.UniqueConstraint('submit_key', name=op.f('uq_draft_submit_key')),
    sa.UniqueConstraint('user_id', name=op.f('uq_draft_user_id'))
    )
    op.create_table('leave',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('cadre_id', sa.BigInteger(), nullable=False),
    sa.Column('deputy_id', sa.BigInteger(), nullable=True),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.CheckConstraint('deputy_id IS NULL OR deputy_id <> cadre_id', name=op.f('ck_leave_deputy')),
    sa.CheckConstraint('ends_on >= starts_on', name=op.f('ck_leave_dates')),
    sa.ForeignKeyConstraint(['cadre_id'], ['user.id'], name=op.f('fk_leave_cadre_id_user')),
    sa.ForeignKeyConstraint(['deputy_id'], ['user.id'], name=op.f('fk_leave_deputy_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_leave'))
    )
    op.create_index(op.f('ix_leave_cadre_id'), 'leave', ['cadre_id'], unique=False)
    op.create_table('pairing',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger(), nullable=False),
    sa.Column('owner_id', sa.BigInteger(), nullable=False),
    sa.Column('deputy_id', sa.BigInteger(), nullable=True),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.CheckConstraint('deputy_id IS NULL OR deputy_id <> owner_id', name=op.f('ck_pairing_deputy')),
    sa.CheckConstraint('ends_on IS NULL OR ends_on >= starts_on', name=op.f('ck_pairing_dates')),
    sa.ForeignKeyConstraint(['deputy_id'], ['user.id'], name=op.f('fk_pairing_deputy_id_user')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_pairing_enterprise_id_enterprise')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_pairing_owner_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pairing'))
    )
    op.create_index(op.f('ix_pairing_enterprise_id'), 'pairing', ['enterprise_id'], unique=False)
    op.create_index(op.f('ix_pairing_owner_id'), 'pairing', ['owner_id'], unique=False)
    op.create_index('uq_pairing_open', 'pairing', ['enterprise_id'], unique=True, postgresql_where='ends_on IS NULL')
    op.create_table('ticket',
    sa.Column('id', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('query_code', sa.Text(), nullable=False),
    sa.Column('submit_key', sa.Text(), nullable=True),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger(), nullable=False),
    sa.Column('applicant_id', sa.BigInteger(), nullable=True),
    sa.Column('region_id', sa.BigInteger(), nullable=False),
    sa.Column('chain_id', sa.BigInteger(), nullable=True),
    sa.Column('category_id', sa.BigInteger(), nullable=False),
    sa.Column('urgency', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=False),
    sa.Column('contact_name', sa.Text(), nullable=False),
    sa.Column('contact_phone', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('status_before_info', sa.Text(), nullable=True),
    sa.Column('paused_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('round', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('event_count', sa.BigInteger(), nullable=False),
    sa.Column('department_id', sa.BigInteger(), nullable=True),
    sa.Column('assignee_id', sa.BigInteger(), nullable=True),
    sa.Column('route_reasons', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('proposed_outcome', sa.Text(), nullable=True),
    sa.Column('proposed_reply', sa.Text(), nullable=True),
    sa.Column('author_id', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('confirmation', sa.Text(), nullable=True),
    sa.Column('call_back_solved', sa.Boolean(), nullable=True),
    sa.Column('rating', sa.BigInteger(), nullable=True),
    sa.Column('merged_into_id', sa.BigInteger(), nullable=True),
    sa.Column('reopen_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('urged_in', sa.Text(), nullable=True),
    sa.Column('return_pending', sa.Boolean(), nullable=False),
    sa.Column('order_pending', sa.Boolean(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('assigned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_event_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_clock', sa.Text(), nullable=True),
    sa.Column('next_due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_warn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL) AND (status = 'closed') = (outcome IS NOT NULL)", name=op.f('ck_ticket_closed')),
    sa.CheckConstraint("(status = 'needs_info') = (paused_at IS NOT NULL) AND (status = 'needs_info') = (status_before_info IS NOT NULL)", name=op.f('ck_ticket_paused')),
    sa.CheckConstraint("outcome <> 'merged' OR merged_into_id IS NOT NULL", name=op.f('ck_ticket_merged')),
    sa.CheckConstraint("status NOT IN ('assigned', 'in_progress', 'in_review', 'awaiting_confirmation', 'on_hold') OR (assignee_id IS NOT NULL AND department_id IS NOT NULL)", name=op.f('ck_ticket_assignee')),
    sa.CheckConstraint("status NOT IN ('in_review', 'awaiting_confirmation') OR (proposed_outcome IS NOT NULL AND author_id IS NOT NULL)", name=op.f('ck_ticket_proposed')),
    sa.CheckConstraint('rating BETWEEN 1 AND 5', name=op.f('ck_ticket_rating')),
    sa.CheckConstraint('round >= 1 AND version >= 1', name=op.f('ck_ticket_counters')),
    sa.ForeignKeyConstraint(['applicant_id'], ['user.id'], name=op.f('fk_ticket_applicant_id_user')),
    sa.ForeignKeyConstraint(['assignee_id'], ['user.id'], name=op.f('fk_ticket_assignee_id_user')),
    sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_ticket_author_id_user')),
    sa.ForeignKeyConstraint(['category_id'], ['category.id'], name=op.f('fk_ticket_category_id_category')),
    sa.ForeignKeyConstraint(['chain_id'], ['chain.id'], name=op.f('fk_ticket_chain_id_chain')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_ticket_department_id_department')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprise.id'], name=op.f('fk_ticket_enterprise_id_enterprise')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['ticket.id'], name=op.f('fk_ticket_merged_into_id_ticket')),
    sa.ForeignKeyConstraint(['region_id'], ['region.id'], name=op.f('fk_ticket_region_id_region')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('number', name=op.f('uq_ticket_number')),
    sa.UniqueConstraint('submit_key', name=op.f('uq_ticket_submit_key'))
    )
    op.create_index('ix_ticket_accepted', 'ticket', ['accepted_at'], unique=False)
    op.create_index('ix_ticket_closed', 'ticket', ['closed_at'], unique=False)
    op.create_index('ix_ticket_department', 'ticket', ['department_id', 'next_due_at', 'id'], unique=False, postgresql_where="status <> 'closed'")
    op.create_index('ix_ticket_due', 'ticket', ['next_due_at', 'id'], unique=False, postgresql_where="status <> 'closed'")
    op.create_index('ix_ticket_enterprise', 'ticket', ['enterprise_id', 'submitted_at', 'id'], unique=False)
    op.create_index('ix_ticket_assignee', 'ticket', ['assignee_id', 'submitted_at', 'id'], unique=False)
    op.create_index('ix_ticket_idle', 'ticket', ['assignee_id', 'assigned_at'], unique=False)
    op.create_index('ix_ticket_queue', 'ticket', ['assignee_id', 'next_due_at', 'id'], unique=False, postgresql_where="status <> 'closed'")
    op.create_index('ix_ticket_status', 'ticket', ['status', 'submitted_at', 'id'], unique=False, postgresql_where="status <> 'closed'")
    op.create_index('ix_ticket_submitted', 'ticket', ['submitted_at', 'id'], unique=False)
    op.create_table('attachment',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('draft_id', sa.BigInteger(), nullable=True),
    sa.Column('ticket_id', sa.BigInteger(), nullable=True),
    sa.Column('event_seq', sa.BigInteger(), nullable=True),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('stored_name', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('uploaded_by_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('(draft_id IS NULL) <> (ticket_id IS NULL)', name=op.f('ck_attachment_owner')),
    sa.CheckConstraint('size > 0', name=op.f('ck_attachment_size')),
    sa.ForeignKeyConstraint(['draft_id'], ['draft.id'], name=op.f('fk_attachment_draft_id_draft')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_attachment_ticket_id_ticket')),
    sa.ForeignKeyConstraint(['uploaded_by_id'], ['user.id'], name=op.f('fk_attachment_uploaded_by_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('stored_name', name=op.f('uq_attachment_stored_name'))
    )
    op.create_index(op.f('ix_attachment_draft_id'), 'attachment', ['draft_id'], unique=False)
    op.create_index(op.f('ix_attachment_ticket_id'), 'attachment', ['ticket_id'], unique=False)
    op.create_table('clock',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('round', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('attempt', sa.BigInteger(), nullable=False),
    sa.Column('policy_id', sa.BigInteger(), nullable=False),
    sa.Column('calendar_id', sa.BigInteger(), nullable=False),
    sa.Column('target', sa.Text(), nullable=False),
    sa.Column('pausable', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('warn_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('original_due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('provisional', sa.Boolean(), nullable=False),
    sa.Column('stopped_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state IN ('stopped', 'cancelled')) = (stopped_at IS NOT NULL)", name=op.f('ck_clock_stopped')),
    sa.CheckConstraint("state IN ('running', 'paused', 'stopped', 'cancelled')", name=op.f('ck_clock_state')),
    sa.ForeignKeyConstraint(['calendar_id'], ['calendar.id'], name=op.f('fk_clock_calendar_id_calendar')),
    sa.ForeignKeyConstraint(['policy_id'], ['policy.id'], name=op.f('fk_clock_policy_id_policy')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_clock_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_clock')),
    sa.UniqueConstraint('ticket_id', 'round', 'kind', 'attempt', name=op.f('uq_clock_ticket_id_round_kind_attempt'))
    )
    op.create_index('ix_clock_kind_due', 'clock', ['kind', 'due_at'], unique=False)
    op.create_index('ix_clock_kind_original_due', 'clock', ['kind', 'original_due_at'], unique=False)
    op.create_index('ix_clock_open', 'clock', ['ticket_id'], unique=False, postgresql_where="state IN ('running', 'paused')")
    op.create_table('notice',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('user_id', sa.BigInteger(), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('params', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_notice_ticket_id_ticket')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_notice_user_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('key', name=op.f('uq_notice_key'))
    )
    op.create_index('ix_notice_inbox', 'notice', ['user_id', 'id'], unique=False)
    op.create_index('ix_notice_unread', 'notice', ['user_id'], unique=False, postgresql_where='read_at IS NULL')
    op.create_table('pause',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('ended_at IS NULL OR ended_at >= started_at', name=op.f('ck_pause_span')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_pause_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pause'))
    )
    op.create_index('ix_pause_ticket', 'pause', ['ticket_id'], unique=False)
    op.create_index('uq_pause_open', 'pause', ['ticket_id'], unique=True, postgresql_where='ended_at IS NULL')
    op.create_table('petition',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('reason_code', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('department_id', sa.BigInteger(), nullable=True),
    sa.Column('asked_by_id', sa.BigInteger(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by_id', sa.BigInteger(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name=op.f('ck_petition_decided')),
    sa.CheckConstraint("kind IN ('return', 'extension', 'hold', 'exclusion')", name=op.f('ck_petition_kind')),
    sa.CheckConstraint("state IN ('asked', 'granted', 'refused', 'expired')", name=op.f('ck_petition_state')),
    sa.CheckConstraint('decided_by_id <> asked_by_id', name=op.f('ck_petition_second_person')),
    sa.ForeignKeyConstraint(['asked_by_id'], ['user.id'], name=op.f('fk_petition_asked_by_id_user')),
    sa.ForeignKeyConstraint(['decided_by_id'], ['user.id'], name=op.f('fk_petition_decided_by_id_user')),
    sa.ForeignKeyConstraint(['department_id'], ['department.id'], name=op.f('fk_petition_department_id_department')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_petition_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_petition'))
    )
    op.create_index(op.f('ix_petition_ticket_id'), 'petition', ['ticket_id'], unique=False)
    op.create_index('uq_petition_asked', 'petition', ['ticket_id', 'kind'], unique=True, postgresql_where="state = 'asked'")
    op.create_index('uq_petition_return_department', 'petition', ['ticket_id', 'department_id'], unique=True, postgresql_where="kind = 'return'")
    op.create_table('supervision_order',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('issued_by_id', sa.BigInteger(), nullable=True),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('cancelled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(answered_at IS NULL) = (answer IS NULL)', name=op.f('ck_supervision_order_answered')),
    sa.ForeignKeyConstraint(['issued_by_id'], ['user.id'], name=op.f('fk_supervision_order_issued_by_id_user')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_supervision_order_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_supervision_order'))
    )
    op.create_index(op.f('ix_supervision_order_ticket_id'), 'supervision_order', ['ticket_id'], unique=False)
    op.create_index('uq_supervision_order_open', 'supervision_order', ['ticket_id'], unique=True, postgresql_where='answered_at IS NULL AND cancelled_at IS NULL')
    op.create_table('ticket_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('ticket_id', sa.BigInteger(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.BigInteger(), nullable=True),
    sa.Column('actor_role', sa.Text(), nullable=False),
    sa.Column('actor_name', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_status', sa.Text(), nullable=True),
    sa.Column('to_status', sa.Text(), nullable=False),
    sa.Column('round', sa.BigInteger(), nullable=False),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('payload', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['user.id'], name=op.f('fk_ticket_event_actor_id_user')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_event_ticket_id_ticket')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_event')),
    sa.UniqueConstraint('ticket_id', 'key', name=op.f('uq_ticket_event_ticket_id_key')),
    sa.UniqueConstraint('ticket_id', 'seq', name=op.f('uq_ticket_event_ticket_id_seq'))
    )
    op.create_index('ix_ticket_event_at', 'ticket_event', ['at', 'id'], unique=False)
    op.create_table('timer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('clock_id', sa.BigInteger(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('generation', sa.BigInteger(), nullable=False),
    sa.Column('fire_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('fired_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'fired') = (fired_at IS NOT NULL)", name=op.f('ck_timer_fired')),
    sa.CheckConstraint("state IN ('armed', 'fired', 'cancelled', 'skipped')", name=op.f('ck_timer_state')),
    sa.ForeignKeyConstraint(['clock_id'], ['clock.id'], name=op.f('fk_timer_clock_id_clock')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_timer')),
    sa.UniqueConstraint('clock_id', 'level', 'generation', name=op.f('uq_timer_clock_id_level_generation'))
    )
    op.create_index('ix_timer_armed', 'timer', ['fire_at', 'id'], unique=False, postgresql_where="state = 'armed'")
    op.create_index('ix_timer_clock_armed', 'timer', ['clock_id'], unique=False, postgresql_where="state = 'armed'")
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_index('ix_timer_clock_armed', table_name='timer', postgresql_where="state = 'armed'")
    op.drop_index('ix_timer_armed', table_name='timer', postgresql_where="state = 'armed'")
    op.drop_table('timer')
    op.drop_index('ix_ticket_event_at', table_name='ticket_event')
    op.drop_table('ticket_event')
    op.drop_index('uq_supervision_order_open', table_name='supervision_order', postgresql_where='answered_at IS NULL AND cancelled_at IS NULL')
    op.drop_index(op.f('ix_supervision_order_ticket_id'), table_name='supervision_order')
    op.drop_table('supervision_order')
    op.drop_index('uq_petition_return_department', table_name='petition', postgresql_where="kind = 'return'")
    op.drop_index('uq_petition_asked', table_name='petition', postgresql_where="state = 'asked'")
    op.drop_index(op.f('ix_petition_ticket_id'), table_name='petition')
    op.drop_table('petition')
    op.drop_index('uq_pause_open', table_name='pause', postgresql_where='ended_at IS NULL')
    op.drop_index('ix_pause_ticket', table_name='pause')
    op.drop_table('pause')
    op.drop_index('ix_notice_unread', table_name='notice', postgresql_where='read_at IS NULL')
    op.drop_index('ix_notice_inbox', table_name='notice')
    op.drop_table('notice')
    op.drop_index('ix_clock_open', table_name='clock', postgresql_where="state IN ('running', 'paused')")
    op.drop_index('ix_clock_kind_original_due', table_name='clock')
    op.drop_index('ix_clock_kind_due', table_name='clock')
    op.drop_table('clock')
    op.drop_index(op.f('ix_attachment_ticket_id'), table_name='attachment')
    op.drop_index(op.f('ix_attachment_draft_id'), table_name='attachment')
    op.drop_table('attachment')
    op.drop_index('ix_ticket_submitted', table_name='ticket')
    op.drop_index('ix_ticket_status', table_name='ticket', postgresql_where="status <> 'closed'")
    op.drop_index('ix_ticket_queue', table_name='ticket', postgresql_where="status <> 'closed'")
    op.drop_index('ix_ticket_idle', table_name='ticket')
    op.drop_index('ix_ticket_assignee', table_name='ticket')
    op.drop_index('ix_ticket_enterprise', table_name='ticket')
    op.drop_index('ix_ticket_due', table_name='ticket', postgresql_where="status <> 'closed'")
    op.drop_index('ix_ticket_department', table_name='ticket', postgresql_where="status <> 'closed'")
    op.drop_index('ix_ticket_closed', table_name='ticket')
    op.drop_index('ix_ticket_accepted', table_name='ticket')
    op.drop_table('ticket')
    op.drop_index('uq_pairing_open', table_name='pairing', postgresql_where='ends_on IS NULL')
    op.drop_index(op.f('ix_pairing_owner_id'), table_name='pairing')
    op.drop_index(op.f('ix_pairing_enterprise_id'), table_name='pairing')
    op.drop_table('pairing')
    op.drop_index(op.f('ix_leave_cadre_id'), table_name='leave')
    op.drop_table('leave')
    op.drop_table('draft')
    op.drop_index(op.f('ix_user_enterprise_id'), table_name='user')
    op.drop_index(op.f('ix_user_department_id'), table_name='user')
    op.drop_table('user')
    op.drop_table('enterprise')
    op.drop_index('uq_dispatch_rule_active', table_name='dispatch_rule', postgresql_nulls_not_distinct=True, postgresql_where='active')
    op.drop_table('dispatch_rule')
    op.drop_table('calendar_day')
    op.drop_table('ticket_number')
    op.drop_table('region')
    op.drop_index('uq_policy_current', table_name='policy', postgresql_where='current')
    op.drop_table('policy')
    op.drop_index('ix_message_pending', table_name='message', postgresql_where="state = 'pending'")
    op.drop_index('ix_message_dead', table_name='message', postgresql_where="state = 'dead'")
    op.drop_table('message')
    op.drop_table('department')
    op.drop_table('chain')
    op.drop_table('category')
    op.drop_index('uq_calendar_current', table_name='calendar', postgresql_where='current')
    op.drop_table('calendar')
    op.execute('DROP FUNCTION refuse_change()')
    op.execute(sa.schema.DropSequence(sa.Sequence('ticket_id_seq')))
