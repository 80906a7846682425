"""Bulk tickets with one running clock and one armed timer each, by SQL, for the sweep's benches."""

from datetime import datetime

from sqlalchemy import Engine, text

from portal.tickets.models import Ticket
from tests.factories import Town

_COLUMNS = (
    "number, query_code, channel, enterprise_id, applicant_id, region_id, category_id, urgency,"
    " title, description, contact_name, contact_phone, status, round, version, event_count,"
    " department_id, assignee_id, route_reasons, return_pending, order_pending, submitted_at,"
    " accepted_at, assigned_at, last_event_at, next_clock, next_due_at, next_warn_at"
)
_TICKETS = f"""
INSERT INTO ticket (id, {_COLUMNS})
SELECT n, :prefix || n, 'ABCDEFGH', 'web', :enterprise, :applicant, :region, :category, 'normal',
  '流动资金不足', '银行不再续贷', '', '', 'in_progress', 1, 1, 1, :department,
  :assignee, '[]', false, false, :begun, :begun, :begun, :begun, 'contact', :due, :due
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""
_CLOCKS = """
INSERT INTO clock (ticket_id, round, kind, attempt, policy_id, calendar_id, target, pausable,
  state, started_at, warn_at, due_at, original_due_at, provisional)
SELECT n, 1, 'contact', 1, (SELECT id FROM policy WHERE current),
  (SELECT id FROM calendar WHERE current), '120wm', true, 'running', :begun, :due, :due, :due, false
FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n
"""
_TIMERS = """
INSERT INTO timer (clock_id, level, generation, fire_at, state)
SELECT id, 'due', 1, :due + interval '1 second', 'armed' FROM clock
WHERE ticket_id BETWEEN :first AND :last
"""


def seed(
    owner: Engine, town: Town, first: int, number: int, begun: datetime, due: datetime
) -> None:
    """`number` signed tickets with ids from `first`; their contact clocks were due at `due`.

    `begun` and `due` in UTC. ANALYZE follows, as autovacuum would do on a server that lives.
    """
    values = {
        "prefix": "SQ20260302-",
        "enterprise": town.enterprise_id,
        "applicant": town.firm.id,
        "region": town.region_id,
        "category": town.categories["融资"],
        "department": town.departments["finance"],
        "assignee": town.cadre.id,
        "first": first,
        "last": first + number - 1,
        "begun": begun,
        "due": due,
    }
    with owner.begin() as connection:
        for statement in (_TICKETS, _CLOCKS, _TIMERS):
            connection.execute(text(statement), values)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ANALYZE {Ticket.__tablename__}, clock, timer"))
