"""Two solved cases on the open page, one that waits for a second look, and what was taken away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.exports import service as exports
from portal.extensions import db
from portal.publish import queries, service
from portal.publish.masking import proposed, told
from portal.tickets.lifecycle import Confirmation, Outcome
from portal.tickets.models import Ticket

CASES, PUBLISHED = 3, 2
LOOKED = timedelta(hours=2)


def enter(rng: Random, now: datetime) -> None:
    """Of last tickets of the played year, redacted by a supervisor and published by the leader."""
    writer, reader = _person(Role.SUPERVISOR), _person(Role.LEADER)
    for place, ticket in enumerate(_chosen(rng)):
        secrets = queries.secrets_of(ticket)
        words = (ticket.title, ticket.description, ticket.proposed_reply or "已经解决。")
        texts: dict[str, str] = {
            name: proposed(one, secrets) for name, one in zip(service.TEXTS, words, strict=True)
        }
        case = service.prepare(writer.actor, ticket, texts, now - LOOKED)
        if place < PUBLISHED:
            service.publish(reader.actor, case.id, case.version, now - LOOKED / 2)
    words = {"状态": "未办结"}
    exports.log(writer.actor, "search", "xlsx", 46, words, False, now - LOOKED)


def _person(role: Role) -> User:
    query = select(User).where(User.role == role, User.active).order_by(User.id)
    return db.session.scalars(query.limit(1)).one()


def _chosen(rng: Random) -> Sequence[Ticket]:
    """Solved tickets of different categories whose masked words tell nobody."""
    query = select(Ticket).where(
        Ticket.outcome == Outcome.SOLVED, Ticket.confirmation == Confirmation.CONFIRMED
    )
    recent = list(db.session.scalars(query.order_by(Ticket.id.desc()).limit(60)))
    rng.shuffle(recent)
    found: dict[int, Ticket] = {}
    for ticket in recent:
        if len(found) < CASES and ticket.category_id not in found:
            secrets = queries.secrets_of(ticket)
            if not told(proposed(f"{ticket.title}\n{ticket.description}", secrets), secrets):
                found[ticket.category_id] = ticket
    return list(found.values())
