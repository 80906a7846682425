"""The one writer of the index of tickets' texts, in the transaction that changes the text."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from portal.auth.roles import Role
from portal.directory.models import Enterprise
from portal.extensions import db
from portal.search.models import TicketText
from portal.search.terms import ROOM, lexemes, normalise
from portal.tickets.models import Ticket, TicketEvent

CHUNK = 200  # tickets indexed in one statement
COLUMNS = ("head", "body", "replies", "inner")
# Set in a session's `info` by a door that plays thousands of events in one transaction: it calls
# index() at its end, instead of one writing for each event.
AT_THE_END = "indexed at the end"
Texts = dict[str, str]


def enter(ticket: Ticket, firm: Enterprise) -> None:
    """Adds a new ticket of `firm` to the index."""
    if AT_THE_END in db.session().info:
        return
    texts = _texts(ticket, firm)
    db.session.add(TicketText(ticket=ticket, **texts, grams=_grams(texts)))


def note(ticket_id: int, event: TicketEvent) -> None:
    """Adds what a person said in a new event of the ticket.

    A ticket that is not in the index yet is left to the run that fills it.
    """
    said = _said(event.actor_role, event.public, event.payload)
    if not said or AT_THE_END in db.session().info:
        return
    with db.session.no_autoflush:  # the verb has not yet written all that belongs together
        row = db.session.get(TicketText, ticket_id)
    if row is None:
        return
    texts = {name: getattr(row, name) for name in COLUMNS}
    _add(texts, said)
    row.replies, row.inner = texts["replies"], texts["inner"]
    row.grams = _grams(texts)


def index(ticket_ids: Sequence[int]) -> None:
    """Writes the tickets' rows anew from the tickets, their firms and all their events.

    The caller holds the tickets' row locks, or has just inserted them.
    """
    texts = _from_rows(ticket_ids)
    if not texts:
        return
    rows = [{"ticket_id": key, **row, "grams": _grams(row)} for key, row in texts.items()]
    statement = insert(TicketText).values(rows)
    changed = {name: statement.excluded[name] for name in (*COLUMNS, "grams")}
    db.session.execute(statement.on_conflict_do_update(index_elements=["ticket_id"], set_=changed))


def index_firm(enterprise_id: int, after: int) -> int | None:
    """Writes the rows of a renamed firm's next tickets; the last one done, None at the end.

    `after`: the id of the ticket up to which they were done before.
    """
    query = select(Ticket.id).where(Ticket.enterprise_id == enterprise_id, Ticket.id > after)
    ids = list(db.session.scalars(query.order_by(Ticket.id).limit(CHUNK).with_for_update()))
    index(ids)
    return ids[-1] if ids else None


def _from_rows(ticket_ids: Sequence[int]) -> dict[int, Texts]:
    query = (
        select(Ticket, Enterprise)
        .join(Enterprise, Ticket.enterprise_id == Enterprise.id)
        .where(Ticket.id.in_(ticket_ids))
    )
    texts = {ticket.id: _texts(ticket, firm) for ticket, firm in db.session.execute(query)}
    query = select(
        TicketEvent.ticket_id, TicketEvent.actor_role, TicketEvent.public, TicketEvent.payload
    ).where(TicketEvent.ticket_id.in_(ticket_ids))
    events = query.order_by(TicketEvent.ticket_id, TicketEvent.seq)
    for ticket_id, role, public, payload in db.session.execute(events):
        _add(texts[ticket_id], _said(role, public, payload))
    return texts


def _texts(ticket: Ticket, firm: Enterprise) -> Texts:
    """A sealed ticket is not found by its firm: that would tell whose it is (domain.md §7)."""
    named = [] if ticket.sealed else [firm.name, firm.short_name or "", firm.uscc]
    lines = [ticket.title, ticket.number, *named]
    head = "\n".join(normalise(line) for line in lines if line)
    return {"head": head, "body": normalise(ticket.description)[:ROOM], "replies": "", "inner": ""}


def _said(role: str, public: bool, payload: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person wrote in an event, each text with the column it belongs to."""
    if role == Role.SYSTEM:
        return []
    said = [
        ("replies" if public else "inner", payload.get("text")),
        ("inner", payload.get("internal")),
    ]
    return [(column, normalise(text)) for column, text in said if text]


def _add(texts: Texts, said: list[tuple[str, str]]) -> None:
    """Puts each text on a line of its own at the end of its column, as far as there is room."""
    for column, text in said:
        room = ROOM - sum(len(one) for one in texts.values())
        texts[column] = f"{texts[column]}\n{text[: max(room, 0)]}".strip()


def _grams(texts: Texts) -> Any:
    head, *later = (texts[name].splitlines() for name in ("head", "replies", "inner"))
    found = lexemes(head, texts["body"], [*later[0], *later[1]])
    return func.array_to_tsvector(literal(found, ARRAY(Text)))
