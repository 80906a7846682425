"""The index of what was played, and searches that the visitor's accounts have saved."""

from datetime import datetime

from sqlalchemy import select, update

from portal.auth.models import User
from portal.extensions import db
from portal.outbox.models import Message
from portal.outbox.service import FIRM_TEXT
from portal.search import saved, service
from portal.tickets.models import Ticket

# Of an account: the name of a search, and what it asks.
VIEWS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("paidan", "紧急未办结", {"status": "open", "urgency": "urgent"}),
    ("paidan", "说到贷款的", {"q": "贷款", "sort": "relevant"}),
    ("duban", "在办已超期", {"status": "open", "light": "red"}),
    ("duban", "办过两轮的", {"rounds": "2"}),
    ("ganbu", "挂账的", {"status": "on_hold"}),
)


def index(now: datetime) -> None:
    """Writes the index of all that was played; firms' new names are in it, at `now` (UTC)."""
    db.session.flush()
    ids = list(db.session.scalars(select(Ticket.id).order_by(Ticket.id)))
    for start in range(0, len(ids), service.CHUNK):
        service.index(ids[start : start + service.CHUNK])
    named = update(Message).where(Message.kind == FIRM_TEXT, Message.state == "pending")
    db.session.execute(named.values(state="done", done_at=now))


def save(now: datetime) -> None:
    """Saves them as of `now` (UTC)."""
    wanted = {username for username, _name, _asked in VIEWS}
    users = {
        user.username: user
        for user in db.session.scalars(select(User).where(User.username.in_(wanted)))
    }
    for username, name, asked in VIEWS:
        saved.save(users[username].actor, name, asked, now)
