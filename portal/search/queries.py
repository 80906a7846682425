"""Finds tickets by their text: what the reader may see, newest or most relevant first, by key.

A term that few tickets hold is read from the index of pairs, and put in order here. One that many
hold is met soon by walking through the tickets in order, so nothing large is ever sorted
(docs/search.md has the plans).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import joinedload

from portal.auth.roles import Actor, Role
from portal.extensions import db
from portal.paging import PAGE_SIZE, Cursor, Page
from portal.search.bitmaps import by_bitmaps
from portal.search.models import TicketText
from portal.search.terms import BODY, HEAD, LATER, SHORTEST, tsquery
from portal.tickets import queries
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.queries import Filter, visible

MANY = 1000  # a count says no more than that it is more
# Relevance: all terms in the head (title, number, firm); in head and body; with what was said.
TIERS = (1, 2, 3)
PLACES = {1: (HEAD,), 2: (HEAD, BODY), 3: (HEAD, BODY, LATER)}


@dataclass(frozen=True)
class Search:
    """What is looked for: all `terms` (normalised, of two characters at least), narrowed."""

    terms: tuple[str, ...]
    chosen: Filter
    relevant: bool = False


@dataclass(frozen=True)
class Bounds:
    """Up to `many` hits are few and put in order here; `walk` tickets are looked at in order."""

    many: int = MANY
    walk: int = 4000


@dataclass(frozen=True)
class At:
    """A place beside a hit, and on which side; `tier` is 0 where the newest come first."""

    tier: int
    at: datetime
    id: int
    backwards: bool = False


@dataclass(frozen=True)
class Found:
    """One page of hits, and how many there are in all; MANY + 1 stands for more than MANY."""

    page: Page[Ticket]
    total: int


class _Key(NamedTuple):
    """Where a hit stands in the order: by tier, then the newest first."""

    tier: int
    at: datetime
    id: int


def find(
    actor: Actor,
    search: Search,
    now: datetime,
    at: At | None,
    address: Callable[..., str],
    bounds: Bounds = Bounds(),
) -> Found:
    """One page of what the actor may see of it.

    `address(after=…, tier=…)` or `address(before=…, tier=…)` makes a neighbour's address.
    """
    if not search.terms:
        cursor = Cursor(at.at, at.id, at.backwards) if at else None
        page = queries.newest(actor, search.chosen, now, cursor, address)
        return Found(page, _count(actor, search.chosen, now))
    return _Finder(actor, search, now, bounds).page(at, address)


def _count(actor: Actor, chosen: Filter, now: datetime) -> int:
    some = select(Ticket.id).where(visible(actor), *chosen.where(now)).limit(MANY + 1)
    return db.session.scalar(select(func.count()).select_from(some.subquery())) or 0


def words_of(ticket_ids: Sequence[int], *, public_only: bool) -> dict[int, list[str]]:
    """What people said in the tickets' events, oldest first, for excerpts."""
    text = TicketEvent.payload["text"].astext
    query = select(TicketEvent.ticket_id, text).where(
        TicketEvent.ticket_id.in_(ticket_ids), text != "", TicketEvent.actor_role != Role.SYSTEM
    )
    if public_only:
        query = query.where(TicketEvent.public)
    found: dict[int, list[str]] = {}
    for ticket_id, said in db.session.execute(query.order_by(TicketEvent.id)):
        found.setdefault(ticket_id, []).append(said)
    return found


class _Finder:
    """One search of one reader."""

    def __init__(self, actor: Actor, search: Search, now: datetime, bounds: Bounds) -> None:
        self.bounds = bounds
        self.terms, self.relevant = search.terms, search.relevant
        self.scope = [visible(actor), *search.chosen.where(now)]
        self.staff = actor.role is not Role.APPLICANT
        # The index knows a pair exactly; only the firm's index entries hold more than it may read.
        self.exact = self.staff and all(len(term) == SHORTEST for term in self.terms)
        self.of_a_unit = actor.role is Role.REVIEWER

    def page(self, at: At | None, address: Callable[..., str]) -> Found:
        """The page after or before `at`."""
        few = self._few(0)
        backwards = at is not None and at.backwards
        if len(few) <= self.bounds.many:
            keys = self._sliced(few, at, backwards)
        elif self.relevant:
            keys = self._by_tiers(at, backwards)
        else:
            keys = self._in_order(0, at, backwards, PAGE_SIZE + 1)
        more, keys = len(keys) > PAGE_SIZE, keys[:PAGE_SIZE]
        if backwards:
            keys.reverse()
        page = Page[Ticket]([])
        if keys:
            forward, backward = (True, more) if backwards else (more, at is not None)
            page = Page(
                _tickets([key.id for key in keys]),
                next_url=address(after=_text(keys[-1]), **_tier(keys[-1])) if forward else None,
                prev_url=address(before=_text(keys[0]), **_tier(keys[0])) if backward else None,
            )
        return Found(page, len(few))

    def _by_tiers(self, at: At | None, backwards: bool) -> list[_Key]:
        """The next keys where there are many: tier after tier, until there are enough."""
        keys: list[_Key] = []
        for tier in reversed(TIERS) if backwards else TIERS:
            if at is not None and (tier > at.tier if backwards else tier < at.tier):
                continue
            here = at if at is not None and tier == at.tier else None
            need = PAGE_SIZE + 1 - len(keys)
            few = self._few(tier)
            if len(few) <= self.bounds.many:
                keys += self._sliced(few, here, backwards)[:need]
            else:
                keys += self._in_order(tier, here, backwards, need)
            if len(keys) > PAGE_SIZE:
                break
        return keys

    def _few(self, tier: int) -> list[_Key]:
        """All hits of a tier (0: of any) in no order where they are few, else one more."""
        query = self._looked_up(tier).limit(self.bounds.many + 1)
        with by_bitmaps():
            return self._keys(query)

    def _in_order(self, tier: int, at: At | None, backwards: bool, need: int) -> list[_Key]:
        """The next `need` hits of a tier: found by walking, or sorted where that leads nowhere."""
        keys = self._keys(self._walked(tier, at, backwards).limit(need))
        if len(keys) < need:
            query = self._looked_up(tier).where(*_beyond(at, backwards))
            with by_bitmaps():
                keys = self._keys(query.order_by(*_order(Ticket, backwards)).limit(need))
        return keys

    def _looked_up(self, tier: int) -> Any:
        """Hits by the index of pairs, or of a unit by their texts."""
        paired = [] if self._by_texts else [self._paired(tier)]
        checks = self._checks(tier, self.exact and not self._by_texts)
        return (
            select(self._tier_of(tier), Ticket.submitted_at, Ticket.id)
            .select_from(TicketText)
            .join(Ticket, Ticket.id == TicketText.ticket_id)
            .where(*paired, *checks, *self.scope)
        )

    def _paired(self, tier: int) -> ColumnElement[bool]:
        asked = cast(literal(tsquery(self.terms, PLACES[tier or 3]), Text), TSQUERY)
        return TicketText.grams.op("@@")(asked)

    @cached_property
    def _by_texts(self) -> bool:
        """Whether a unit's tickets are read: more than `many` of all tickets hold the pairs."""
        if not self.of_a_unit:  # the pairs lie apart, compressed: the texts cost less
            return False
        some = select(TicketText.ticket_id).where(self._paired(0)).limit(self.bounds.many + 1)
        with by_bitmaps():
            found = db.session.scalar(select(func.count()).select_from(some.subquery())) or 0
        return found > self.bounds.many

    def _walked(self, tier: int, at: At | None, backwards: bool) -> Any:
        """Hits among the next tickets in order."""
        near = (
            select(Ticket.id, Ticket.submitted_at)
            .where(*self.scope, *_beyond(at, backwards))
            .order_by(*_order(Ticket, backwards))
            .limit(self.bounds.walk)
            .subquery()
        )
        return (
            select(literal(tier), near.c.submitted_at, near.c.id)
            .select_from(near)
            .join(TicketText, TicketText.ticket_id == near.c.id)
            .where(*self._checks(tier, False))
            .order_by(*_order(near.c, backwards))
        )

    def _checks(self, tier: int, exact: bool) -> list[ColumnElement[bool]]:
        """The conditions on the texts; `exact`: the index has answered the first of them."""
        checks = [] if exact else [self._held(tier or 3)]
        if tier > 1:
            checks.append(not_(self._held(tier - 1)))
        return checks

    def _held(self, tier: int) -> ColumnElement[bool]:
        """Whether the texts up to a tier hold every term."""
        columns = [TicketText.head, TicketText.body, TicketText.replies, TicketText.inner]
        columns = columns[: tier if tier < max(TIERS) else 3 + self.staff]
        return and_(*(or_(*(func.strpos(one, term) > 0 for one in columns)) for term in self.terms))

    def _tier_of(self, tier: int) -> ColumnElement[int]:
        if tier or not self.relevant:
            return literal(tier)
        return case((self._held(1), 1), (self._held(2), 2), else_=3)

    def _keys(self, query: Any) -> list[_Key]:
        return [_Key(*row) for row in db.session.execute(query)]

    def _sliced(self, keys: list[_Key], at: At | None, backwards: bool) -> list[_Key]:
        """The keys beyond `at` in the order of the direction."""
        ranked = sorted(keys, key=_rank, reverse=backwards)
        if at is not None:
            place = _rank(_Key(at.tier, at.at, at.id))
            ranked = [k for k in ranked if (_rank(k) < place if backwards else _rank(k) > place)]
        return ranked[: PAGE_SIZE + 1]


def _rank(key: _Key) -> tuple[int, float, int]:
    return key.tier, -key.at.timestamp(), -key.id


def _order(columns: Any, backwards: bool) -> list[ColumnElement[Any]]:
    both = (columns.submitted_at, columns.id)
    return [column.asc() if backwards else column.desc() for column in both]


def _beyond(at: At | None, backwards: bool) -> list[ColumnElement[bool]]:
    if at is None:
        return []
    here = func.row(literal(at.at), literal(at.id))
    place = func.row(Ticket.submitted_at, Ticket.id)
    return [place > here if backwards else place < here]


def _tickets(ids: Sequence[int]) -> list[Ticket]:
    """The tickets in the order of `ids`, with what a list shows of them."""
    query = (
        select(Ticket)
        .where(Ticket.id.in_(ids))
        .options(joinedload(Ticket.enterprise), joinedload(Ticket.category))
    )
    by_id = {ticket.id: ticket for ticket in db.session.scalars(query)}
    return [by_id[ticket_id] for ticket_id in ids if ticket_id in by_id]


def _text(key: _Key) -> str:
    return Cursor(key.at, key.id).text


def _tier(key: _Key) -> dict[str, int]:
    return {"tier": key.tier} if key.tier else {}
