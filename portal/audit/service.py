"""Writes who looked at a ticket; rows are added only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from portal.audit.models import TicketAccess
from portal.auth.roles import Actor
from portal.directory.models import Department
from portal.extensions import db

TOGETHER_SECONDS = 300  # views of one person within these are one row


@dataclass(frozen=True)
class Look:
    """What was done (one of models.LOOKS), from which network address, which file, and why."""

    what: str
    address: str = ""
    detail: str | None = None
    reason: str | None = None


def looked(actor: Actor, ticket_ids: Iterable[int], look: Look, now: datetime) -> None:
    """Notes that `actor` looked at the tickets at `now` (UTC): one statement, any number.

    A view within the same five minutes by the same person from the same address adds none.
    """
    ids = list(ticket_ids)
    if not ids:
        return
    named = select(Department.name).where(Department.id == actor.department_id)
    together = int(now.timestamp()) // TOGETHER_SECONDS if look.what == "view" else None
    row: dict[str, Any] = {
        "user_id": actor.id,
        "user_name": actor.name,
        "role": str(actor.role),
        "what": look.what,
        "detail": look.detail,
        "reason": look.reason,
        "address": look.address,
        "at": now,
        "five_minutes": together,
    }
    types = TicketAccess.__table__.columns
    given = [literal(value, types[name].type) for name, value in row.items()]
    unit = func.coalesce(named.scalar_subquery(), "")
    each = func.unnest(cast(ids, ARRAY(BigInteger)))
    rows = insert(TicketAccess).from_select([*row, "unit", "ticket_id"], select(*given, unit, each))
    db.session.execute(rows.on_conflict_do_nothing())
