"""One ticket played through the verbs, with the questions that tests ask about it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from portal.auth.models import User
from portal.auth.roles import Actor
from portal.db import transaction
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock, Timer
from portal.tickets.lifecycle import Outcome, Urgency
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.service import confirmation, handle, review, submit
from portal.tickets.service.move import Ask
from portal.tickets.service.submit import Wording
from tests.factories import MONDAY, Town

LOCAL = ZoneInfo("Asia/Shanghai")
NO_REVIEW = "用工社保"  # a category whose resolutions need no reviewer


def local(text: str) -> datetime:
    """'2026-03-02 09:00' in Shanghai, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL).astimezone(UTC)


def shown(instant: datetime | None) -> str | None:
    """The instant in Shanghai, to the minute."""
    return None if instant is None else f"{instant.astimezone(LOCAL):%Y-%m-%d %H:%M}"


def wording(town: Town, category: str = "融资", urgency: Urgency = Urgency.NORMAL) -> Wording:
    """What a firm in trouble says."""
    return Wording(
        title="流动资金不足",
        category_id=town.categories[category],
        urgency=urgency,
        description="贷款到期后银行不再续贷，急需过桥资金。",
        contact_name="王经理",
        contact_phone="13800001111",
    )


@dataclass
class Play:
    """A ticket and the instant the play has come to; each verb is one transaction."""

    town: Town
    ticket_id: int
    now: datetime

    def later(self, minutes: float = 0, *, to: str | None = None) -> "Play":
        """Lets time pass, or goes to a local instant."""
        self.now = local(to) if to else self.now + timedelta(minutes=minutes)
        return self

    def ask(self, who: Actor, **kwargs: Any) -> Ask:
        """What `who` wishes now."""
        return Ask(who, self.ticket_id, self.now, **kwargs)

    def do(self, verb: Callable[..., Any], who: Actor, *args: Any, **kwargs: Any) -> "Play":
        """One verb by one person, now."""
        with transaction():
            verb(self.ask(who), *args, **kwargs)
        return self

    def relay(self) -> "Play":
        """Handles all messages that wait, now."""
        relay.drain(lambda: self.now)
        return self

    def sign(self) -> "Play":
        return self.do(handle.sign, self.who)

    def resolve(self, outcome: Outcome = Outcome.SOLVED) -> "Play":
        return self.do(handle.resolve, self.who, outcome, "已协调银行续贷。", "行长已签批")

    def approve(self) -> "Play":
        return self.do(review.approve, self.town.reviewer)

    def to_confirmation(self) -> "Play":
        """From assigned to awaiting_confirmation, at once."""
        return self.sign().resolve().approve()

    def confirm(self) -> "Play":
        return self.do(confirmation.confirm, self.town.firm, 5, "谢谢")

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is stored."""
        db.session.rollback()
        return db.session.get_one(Ticket, self.ticket_id, populate_existing=True)

    @property
    def status(self) -> str:
        return self.ticket.status

    @property
    def who(self) -> Actor:
        """The cadre that the ticket is assigned to."""
        return db.session.get_one(User, self.ticket.assignee_id).actor

    def clock(self, kind: str, round: int = 1) -> Clock:
        """The newest clock of a kind and round."""
        query = select(Clock).where(
            Clock.ticket_id == self.ticket_id, Clock.kind == kind, Clock.round == round
        )
        return db.session.scalars(query.order_by(Clock.attempt.desc())).first() or Clock()

    def states(self, round: int = 1) -> dict[str, str]:
        """The state of each clock of a round; of several attempts the last."""
        query = select(Clock).where(Clock.ticket_id == self.ticket_id, Clock.round == round)
        return {c.kind: c.state for c in db.session.scalars(query.order_by(Clock.attempt))}

    def events(self) -> list[str]:
        """The actions so far."""
        query = select(TicketEvent.action).where(TicketEvent.ticket_id == self.ticket_id)
        return list(db.session.scalars(query.order_by(TicketEvent.seq)))

    def event(self) -> TicketEvent:
        """The last event."""
        query = select(TicketEvent).where(TicketEvent.ticket_id == self.ticket_id)
        return db.session.scalars(query.order_by(TicketEvent.seq.desc())).first() or TicketEvent()

    def timers(self, state: str = "armed") -> int:
        """How many timers of the ticket are in a state."""
        query = select(func.count(Timer.id)).join(Timer.clock)
        return (
            db.session.scalar(query.where(Clock.ticket_id == self.ticket_id, Timer.state == state))
            or 0
        )

    def told(self, kind: str) -> list[str]:
        """Who is told of a kind by the next opening, digests too; a name twice is told twice."""
        opening = current_calendar().next_open(self.now)
        relay.drain(lambda: opening)
        number = self.ticket.number
        query = select(User.username, Notice).join(Notice, Notice.user_id == User.id)
        return sorted(
            name
            for name, notice in db.session.execute(query)
            for item in notice.params.get("items", [{"kind": notice.kind, "number": ""}])
            if item["kind"] == kind
            and (item["number"] == number or notice.ticket_id == self.ticket_id)
        )


def file(
    town: Town,
    category: str = "融资",
    now: datetime = MONDAY,
    urgency: Urgency = Urgency.NORMAL,
    who: Actor | None = None,
) -> Play:
    """A firm files a ticket; nothing has routed it yet."""
    with transaction():
        ticket = submit.submit(who or town.firm, wording(town, category, urgency), now)
        ticket_id = ticket.id
    return Play(town, ticket_id, now)


def assigned(town: Town, now: datetime = MONDAY, urgency: Urgency = Urgency.NORMAL) -> Play:
    """A ticket that the rule has brought to a cadre of 金融局."""
    return file(town, now=now, urgency=urgency).relay()


def signed(town: Town, now: datetime = MONDAY) -> Play:
    """A ticket that its cadre has signed at once."""
    return assigned(town, now).sign()


def sealed(town: Town, about: int | None, category: str = "融资", now: datetime = MONDAY) -> Play:
    """A sealed ticket about a unit, routed as far as it may be."""
    words = replace(
        wording(town, category),
        title="执法人员多次上门索要赞助",
        description="驻点执法队员以检查为名多次索要赞助，不给就停产整顿。",
        contact_name="匿名联系人",
        contact_phone="13611112222",
        sealed=True,
        sealed_about_id=about,
    )
    with transaction():
        ticket_id = submit.submit(town.firm, words, now).id
    return Play(town, ticket_id, now).relay()


def in_triage(town: Town, now: datetime = MONDAY, category: str = NO_REVIEW) -> Play:
    """A ticket that no rule decides."""
    return file(town, category, now).relay()
